"""Rulings that take longer than the house expects."""
