"""The money floor's tests have a local Stripe at hand, and do their deeds by the role that serves
people in production: it owns no table, and writes the books by the one function alone.
"""

import pytest

from payments.gateway import connecting
from tests.database_roles import database_role, the_two_roles
from tests.sandbox import sandbox

__all__ = ["database_role", "quick_gateway", "sandbox", "the_two_roles"]


@pytest.fixture
def quick_gateway(monkeypatch) -> None:
    """One try and half a second of patience: what is tested is what we do after it."""
    for where in ("", "_AT_THE_DOOR"):
        monkeypatch.setattr(connecting, f"RETRIES{where}", 0)
        monkeypatch.setattr(connecting, f"TIMEOUT{where}", 0.5)
