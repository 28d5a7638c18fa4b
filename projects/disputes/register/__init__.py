"""What was decided, for everybody, so that nobody is found in it (decision 39)."""
