"""Who else is here."""

import pytest

from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from tests.sandbox import sandbox  # noqa: F401
from tests.world import person


@pytest.fixture
def mona(db) -> User:
    """A moderator of the staff."""
    return grant_staff_roles(user_id=person("Mona").pk, roles={"moderator"}, by=SYSTEM)
