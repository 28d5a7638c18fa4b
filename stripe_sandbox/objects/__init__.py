"""Stripe's objects, one module for each area."""
