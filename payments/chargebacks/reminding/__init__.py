"""Finance is reminded before a bank's time for an answer is over."""
