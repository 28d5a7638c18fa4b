"""Many people trading at once over the HTTP API of a running instance, to prove it."""
