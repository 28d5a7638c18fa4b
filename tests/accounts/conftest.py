"""Each test knocks for the first time: what Valkey counts in one is not seen in the next."""

from uuid import uuid4

import pytest
from django.core.cache import caches


@pytest.fixture(autouse=True)
def fresh_counters(monkeypatch):
    monkeypatch.setattr(caches["default"], "key_prefix", uuid4().hex)
