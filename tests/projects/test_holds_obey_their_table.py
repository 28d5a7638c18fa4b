"""Every state of a hold, every person, every step: tried by its deed."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from accounts.holds.lateness.services import chase_answer
from accounts.holds.models import LIFECYCLE, STANDING, Hold
from accounts.holds.services import appeal_hold, uphold_hold
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.lifecycle import FINANCE, MODERATOR, OWNER, SYSTEM
from projects.holds.services import let_go
from tests.projects.holds_world import held
from tests.walking import Deed, Walk
from tests.world import person

pytestmark = pytest.mark.django_db


def placed(who: Any) -> Hold:
    return held(who.kind, who.ben, who.mona, who.fay)


def late(who: Any) -> Hold:
    hold = appeal_hold(hold_id=placed(who).pk, statement="It was not me.", by=who.ben)
    Hold.objects.update(ruling_expected_at=now())
    return hold


def over(who: Any) -> Hold:
    hold = placed(who)
    who.later(days=(hold.ends_at - now()) / timedelta(days=1) + 0.1)
    return hold


DEEDS = {
    "appeal": Deed(
        placed, lambda pk, by: appeal_hold(hold_id=pk, statement="It was not me.", by=by)
    ),
    "chase": Deed(late, lambda pk: chase_answer(hold_id=pk), by_house=True),
    "uphold": Deed(placed, lambda pk, by: uphold_hold(hold_id=pk, ruling="It was.", by=by)),
    # By the house: test_every_clock_strikes.py.
    "lift": Deed(placed, lambda pk, by: let_go(hold_id=pk, ruling="It was not.", by=by)),
    "end": Deed(over, lambda pk: let_go(hold_id=pk, by=SYSTEM), by_house=True),
}


def as_it_would_be(status: str) -> dict[str, Any]:
    return {"closed_at": None if status in STANDING else now()}


def people(who: Any) -> dict[str, Any]:
    """Payouts are finance's, a person is a moderator's: the other one is nobody there."""
    moderator, finance = MODERATOR, "of finance"
    if who.kind == "payouts":
        moderator, finance = "of moderation", FINANCE
    return {OWNER: who.ben, moderator: who.milo, finance: who.fred, "": who.cleo}


@pytest.fixture(params=["person", "payouts"])
def who(ben, cleo, mona, later, request) -> SimpleNamespace:
    """Mona and Fay have placed it, by what it is; Milo and Fred answer. A posting goes on by a step
    of its own table: test_posting_and_bid_lifecycles.py.
    """
    staff = {"fay": "finance", "fred": "finance", "milo": "moderator"}
    others = {
        name: grant_staff_roles(user_id=person(name.title()).pk, roles={role}, by=SYSTEM)
        for name, role in staff.items()
    }
    cast = {"ben": ben, "cleo": cleo, "mona": mona, "later": later} | others
    return SimpleNamespace(kind=request.param, **cast)


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
