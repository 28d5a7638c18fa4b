"""Answers to appeals that take longer than the house expects."""
