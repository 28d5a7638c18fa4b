"""Every state of a hold, every person, every step: tried by its deed."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from accounts.holds.models import LIFECYCLE, STANDING, Hold
from accounts.holds.services import appeal_hold, uphold_hold
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.lifecycle import MODERATOR, OWNER, SYSTEM
from projects.holds.services import let_go
from tests.projects.holds_world import suspended
from tests.walking import Deed, Walk
from tests.world import person

pytestmark = pytest.mark.django_db


def placed(who: Any) -> Hold:
    return suspended(who.ben, who.mona)


def over(who: Any) -> Hold:
    hold = placed(who)
    who.later(days=14.1)
    return hold


DEEDS = {
    "appeal": Deed(
        placed, lambda pk, by: appeal_hold(hold_id=pk, statement="It was not me.", by=by)
    ),
    "uphold": Deed(placed, lambda pk, by: uphold_hold(hold_id=pk, ruling="It was.", by=by)),
    # By the house: test_every_clock_strikes.py.
    "lift": Deed(placed, lambda pk, by: let_go(hold_id=pk, ruling="It was not.", by=by)),
    "end": Deed(over, lambda pk: let_go(hold_id=pk, by=SYSTEM), by_house=True),
}


def as_it_would_be(status: str) -> dict[str, Any]:
    return {"closed_at": None if status in STANDING else now()}


def people(who: Any) -> dict[str, Any]:
    """Who of finance looks after payouts is nobody here."""
    return {OWNER: who.ben, MODERATOR: who.milo, "of finance": who.dora, "": who.cleo}


@pytest.fixture
def who(ben, cleo, dora, mona, later) -> SimpleNamespace:
    milo = grant_staff_roles(user_id=person("Milo").pk, roles={"moderator"}, by=SYSTEM)
    return SimpleNamespace(ben=ben, cleo=cleo, dora=dora, mona=mona, milo=milo, later=later)


def test_every_step_has_its_deed():
    assert set(DEEDS) == set(LIFECYCLE.steps)


@pytest.mark.parametrize("step", DEEDS)
def test_holds_obey_their_table(step, who):
    Walk(LIFECYCLE, DEEDS, people, as_it_would_be).of(step, who)


def test_the_house_lifts_only_what_nobody_has_answered_in_time(who):
    hold = placed(who)
    appeal_hold(hold_id=hold.pk, statement="It was not me.", by=who.ben)
    Hold.objects.update(closes_at=now() + timedelta(days=1))
    who.later(days=1.1)
    assert let_go(hold_id=hold.pk, by=SYSTEM).status == Hold.Status.LIFTED
