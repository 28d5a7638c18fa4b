"""Every state of a dispute, every person, every step: tried by its deed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.words import Words
from projects.disputes.assigning.services import assign_dispute, give_up_dispute
from projects.disputes.grounds import Ground
from projects.disputes.lateness.services import chase_ruling, own_up
from projects.disputes.models import LIFECYCLE, OPEN, Dispute
from projects.disputes.negotiating.services import ask_mediator, hand_over_dispute
from projects.disputes.rulings.services import (
    accept_ruling,
    appeal_ruling,
    carry_out_ruling,
    decide_by_rule,
    decide_dispute,
)
from projects.disputes.sealed.services import seal_figure
from projects.disputes.services import add_statement, answer_dispute, close_moot_dispute
from projects.disputes.silence.services import judge_silence
from projects.milestones.services import release_milestone
from tests.walking import Deed, Walk, begun, people
from tests.world import negotiated_dispute, opened_dispute, reviewed_dispute, why

pytestmark = pytest.mark.django_db

S = Dispute.Status


opened = begun(opened_dispute)


negotiated = begun(negotiated_dispute)


reviewed = begun(reviewed_dispute)


def decided(who: Any, *, days: float = 0) -> Dispute:
    dispute = reviewed(who)
    decide_dispute(dispute_id=dispute.pk, by=who.dora, to_freelancer=40_000, **why())
    # Nobody has decided on an appeal either, if there is one.
    who.later(days=days)
    Dispute.objects.filter(pk=dispute.pk).update(ruling_due_at=now() - timedelta(minutes=1))
    return dispute


def taken(who: Any) -> Dispute:
    dispute = reviewed(who)
    return assign_dispute(dispute_id=dispute.pk, by=who.dora, mediator=who.dora.public_id)


def half_sealed(who: Any) -> Dispute:
    """The client would give more than the freelancer will ask for."""
    return seal_figure(dispute_id=negotiated(who).pk, by=who.ada, amount=60_000)


def released(who: Any) -> Dispute:
    dispute = opened(who)
    release_milestone(milestone_id=dispute.milestone_id, by=who.ada)
    return dispute


def by_rule(pk: int) -> None:
    said = {"rule": "Row 1.", "facts": "Nothing was said.", "reasons": "Silence."}
    decide_by_rule(
        dispute_id=pk, ground=Ground.OTHER, to_freelancer=40_000, why=Words("By row 1."), **said
    )


DEEDS = {
    "answer": Deed(
        opened,
        lambda pk, by: answer_dispute(dispute_id=pk, by=by, statement="It is there."),
        refused={(S.OPENED, CLIENT): NotAllowed},  # whose it is
    ),
    "state": Deed(
        negotiated,
        lambda pk, by: add_statement(dispute_id=pk, by=by, statement="And so it is."),
        refused={(S.OPENED, FREELANCER): WrongState},  # who answers first
    ),
    "escalate": Deed(
        lambda who: opened(who, days=6),
        lambda pk: judge_silence(dispute_id=pk),
        by_house=True,
        to=S.UNDER_REVIEW,
    ),
    "ask_mediator": Deed(
        negotiated, lambda pk, by: ask_mediator(dispute_id=pk, by=by), to=S.NEGOTIATING
    ),
    "hand_over": Deed(
        lambda who: negotiated(who, days=8),
        lambda pk: hand_over_dispute(dispute_id=pk),
        by_house=True,
    ),
    "seal": Deed(negotiated, lambda pk, by: seal_figure(dispute_id=pk, by=by, amount=40_000)),
    "settle": Deed(
        half_sealed,
        lambda pk, by: seal_figure(dispute_id=pk, by=by, amount=40_000),
        both=FREELANCER,
    ),
    "chase": Deed(
        lambda who: reviewed(who, days=5), lambda pk: chase_ruling(dispute_id=pk), by_house=True
    ),
    "own_up": Deed(
        lambda who: reviewed(who, days=11), lambda pk: own_up(dispute_id=pk), by_house=True
    ),
    "assign": Deed(
        reviewed,
        lambda pk, by: assign_dispute(dispute_id=pk, by=by, mediator=_public_id(by)),
    ),
    "give_up": Deed(taken, lambda pk, by: give_up_dispute(dispute_id=pk, by=by)),
    "decide": Deed(
        reviewed,
        lambda pk, by: decide_dispute(dispute_id=pk, by=by, to_freelancer=40_000, **why()),
    ),
    "decide_by_rule": Deed(lambda who: opened(who, days=6), by_rule, by_house=True),
    "accept": Deed(decided, lambda pk, by: accept_ruling(dispute_id=pk, by=by), to=S.DECIDED),
    "appeal": Deed(
        decided, lambda pk, by: appeal_ruling(dispute_id=pk, by=by, statement="That is not so.")
    ),
    "carry_out": Deed(
        lambda who: decided(who, days=4), lambda pk: carry_out_ruling(dispute_id=pk), by_house=True
    ),
    "close": Deed(released, lambda pk: close_moot_dispute(dispute_id=pk), by_house=True),
}


def _public_id(by: Any) -> str:
    return "" if by == SYSTEM else by.public_id


def decided_until(moment: timedelta) -> Callable[[str], dict[str, Any]]:
    """Where it is decided, until then from now; and what has ended is closed."""

    def as_it_would_be(status: str) -> dict[str, Any]:
        ended_at = None if status in OPEN else now()
        return {"closed_at": ended_at, "appeal_ends_at": now() + moment}

    return as_it_would_be


def all_but_the_one_who_has_sealed(who: Any) -> dict[str, Any]:
    return {role: by for role, by in people(who).items() if role != CLIENT}


def test_every_step_has_its_deed():
    assert set(DEEDS) == set(LIFECYCLE.steps)


@pytest.mark.parametrize("step", DEEDS)
def test_disputes_obey_their_table(step, who):
    would = decided_until(timedelta(days=-1 if step == "carry_out" else 1))
    tries = all_but_the_one_who_has_sealed if step == "settle" else people
    Walk(LIFECYCLE, DEEDS, tries, would).of(step, who)
