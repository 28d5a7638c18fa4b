"""Deeds that are done once, by eight at once: with their lock, and with it taken away.

Without it all of them are judged to be allowed, and what is below answers otherwise: PostgreSQL by
an error, or nothing at all, and it is done again.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from accounts.people.models import User
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import Lifecycle
from payments.escrow.givebacks import services as escrow_givebacks
from payments.escrow.models import Escrow
from payments.refunds.models import Refund
from projects.bids.services import edit_bid, offer_bid, withdraw_bid
from projects.disputes.services import answer_dispute, open_dispute
from projects.givebacks.services import give_back
from projects.milestones.services import return_work, submit_work
from tests.projects.giveback_world import on, released
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after, outcomes_at_once
from tests.world import (
    funded_milestone,
    open_posting,
    opened_dispute,
    submitted_bid,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[], Any]


def withdrawal(ada: User, ben: User) -> Act:
    bid = submitted_bid(open_posting(ada), ben)
    return lambda: withdraw_bid(bid_id=bid.pk, by=ben)


def wording(ada: User, ben: User) -> Act:
    bid = submitted_bid(open_posting(ada), ben)
    return lambda: edit_bid(bid_id=bid.pk, by=ben, letter="I can do better.")


def offer(ada: User, ben: User) -> Act:
    bid = submitted_bid(open_posting(ada), ben)
    return lambda: offer_bid(bid_id=bid.pk, by=ada)


def delivery(ada: User, ben: User) -> Act:
    milestone = funded_milestone(ada, ben)
    return lambda: submit_work(milestone_id=milestone.pk, by=ben, note="x")


def way_back(ada: User, ben: User) -> Act:
    milestone = submitted_milestone(ada, ben)
    return lambda: return_work(milestone_id=milestone.pk, by=ada, answer="x")


def case(ada: User, ben: User) -> Act:
    milestone = funded_milestone(ada, ben)
    return lambda: open_dispute(
        milestone_id=milestone.pk,
        by=ada,
        reason="not_as_agreed",
        statement="It is not what we agreed on.",
        asked_for=50_000,
    )


def answer(ada: User, ben: User) -> Act:
    dispute = opened_dispute(ada, ben)
    return lambda: answer_dispute(dispute_id=dispute.pk, by=ben, statement="It works.")


DEEDS = [withdrawal, wording, offer, delivery, way_back, case, answer]
REFUSED = ["done"] + ["wrong_state"] * 7
WITH_THE_LOCK = dict.fromkeys(DEEDS, REFUSED) | {wording: ["done"] * 8}


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_eight_at_once_are_judged_one_after_the_other(ada, ben, bells, deed):
    act = deed(ada, ben)

    assert sorted(at_once(*[act] * 8)) == WITH_THE_LOCK[deed]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_without_its_lock_all_are_judged_before_anybody_writes(ada, ben, bells, monkeypatch, deed):
    act = deed(ada, ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "judge")

    ends = outcomes_at_once(*[act] * 8)

    # The barrier itself did not break: it is the deed that answers otherwise.
    assert {type(end) for end in ends if isinstance(end, Exception)} <= {IntegrityError, WrongState}
    said = sorted(end.code if isinstance(end, WrongState) else _kind(end) for end in ends)
    assert said != WITH_THE_LOCK[deed]


def test_without_its_lock_more_is_given_back_than_is_written_down(ada, ben, bells, monkeypatch):
    """Only what the freelancer has with us keeps the gifts from being more than was released."""
    milestone = released(ada, ben, 10_000)
    without_locks(monkeypatch)
    meet_after(monkeypatch, escrow_givebacks, "checked_amount_back")

    ends = at_once(*[lambda: give_back(**on(milestone), by=ben, amount=3_000)] * 8)

    assert sorted(ends) == ["done"] * 3 + ["paid_out_already"] * 5
    assert sum(refund.amount for refund in Refund.objects.all()) == 3 * 3_090
    assert Escrow.objects.get(pk=milestone.escrow_id).kept == 7_000
    with pytest.raises(CommandError):
        call_command("check_ledger")


def _kind(end: object) -> str:
    return "broken" if isinstance(end, IntegrityError) else "done"
