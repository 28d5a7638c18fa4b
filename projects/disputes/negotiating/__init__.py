"""Both sides settle it between themselves, until a mediator is asked for."""
