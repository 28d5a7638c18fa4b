"""Texts that mediators keep for the decisions they write."""
