"""Who else is here."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common import clock
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.models import ClockOffset
from tests.sandbox import sandbox  # noqa: F401
from tests.world import person


@pytest.fixture
def mona(db) -> User:
    """A moderator of the staff."""
    return grant_staff_roles(user_id=person("Mona").pk, roles={"moderator"}, by=SYSTEM)


@pytest.fixture
def later(db, monkeypatch) -> Callable[..., None]:
    """``later(days=3)`` moves the sandbox clock for services, pages and the API alike."""
    monkeypatch.setattr(clock, "_offset", timedelta(0))

    def move(**by: float) -> None:
        ahead = clock.offset() + timedelta(**by)
        ClockOffset.objects.update_or_create(pk=1, defaults={"seconds": int(ahead.total_seconds())})
        clock.refresh()

    return move
