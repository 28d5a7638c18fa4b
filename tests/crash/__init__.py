"""Killed at every point of every deed."""
