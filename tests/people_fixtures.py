"""The cast: Ada is a client, Ben a freelancer, Cleo passes by, Dora is of the staff."""

import pytest

from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from tests.world import person


@pytest.fixture
def ada(db) -> User:
    return person("Ada")


@pytest.fixture
def ben(db) -> User:
    return person("Ben")


@pytest.fixture
def cleo(db) -> User:
    return person("Cleo")


@pytest.fixture
def dora(db) -> User:
    return grant_staff_roles(user_id=person("Dora").pk, roles={"mediator", "finance"}, by=SYSTEM)
