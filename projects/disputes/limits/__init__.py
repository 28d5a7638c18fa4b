"""A dispute meets the time for which the provider holds its money."""
