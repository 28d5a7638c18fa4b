"""Which mediator looks after a case."""
