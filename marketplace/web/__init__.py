"""Doors of the house itself."""
