"""Who else is here, and that all is done by the database role that serves people in production."""

from types import SimpleNamespace

import pytest

from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.models import Dispute
from tests.database_roles import database_role, the_two_roles
from tests.projects.dispute_world import rule
from tests.projects.two_mediators import mediator, proposed
from tests.sandbox import sandbox
from tests.world import person, reviewed_dispute

__all__ = ["database_role", "sandbox", "the_two_roles"]


@pytest.fixture
def mona(db) -> User:
    """A moderator of the staff."""
    return grant_staff_roles(user_id=person("Mona").pk, roles={"moderator"}, by=SYSTEM)


@pytest.fixture
def emil(db) -> User:
    """Another mediator than Dora."""
    return mediator("Emil")


@pytest.fixture
def standing(ada: User, ben: User, dora: User) -> Dispute:
    """A decision of Dora's that both can still appeal against."""
    return rule(reviewed_dispute(ada, ben), dora)


@pytest.fixture
def waiting(ada: User, ben: User, dora: User) -> ProposedRuling:
    """A decision of Dora's that waits for a second mediator."""
    return proposed(ada, ben, dora)


@pytest.fixture
def who(ada, ben, cleo, dora, mona, later) -> SimpleNamespace:
    """All who walk a table (tests/walking.py), and the clock of the house."""
    return SimpleNamespace(ada=ada, ben=ben, cleo=cleo, dora=dora, mona=mona, later=later)
