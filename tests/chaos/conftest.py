"""Whoever judges what waits at the provider needs one."""

from tests.sandbox import sandbox  # noqa: F401
