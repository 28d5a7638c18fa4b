"""The money floor's tests have a local Stripe at hand."""

import pytest

from payments.gateway import stripe as our_gateway
from tests.sandbox import sandbox

__all__ = ["quick_gateway", "sandbox"]


@pytest.fixture
def quick_gateway(monkeypatch) -> None:
    """One try and half a second of patience: what is tested is what we do after it."""
    for where in ("", "_AT_THE_DOOR"):
        monkeypatch.setattr(our_gateway, f"RETRIES{where}", 0)
        monkeypatch.setattr(our_gateway, f"TIMEOUT{where}", 0.5)
