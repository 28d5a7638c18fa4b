"""Above a limit a decision stands only once a second mediator has confirmed it, decision 38."""
