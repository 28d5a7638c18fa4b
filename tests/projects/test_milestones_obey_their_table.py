"""Every state of a milestone, every person, every step: tried by its deed."""

from datetime import timedelta
from typing import Any

import pytest

from marketplace.common.clock import now
from marketplace.common.lifecycle import FREELANCER
from payments.escrow.models import Escrow
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.services import accept_change
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.disputes.services import open_dispute
from projects.milestones.endings.services import resolve_milestone
from projects.milestones.limits.services import refund_at_limit
from projects.milestones.models import AT_WORK, LIFECYCLE, Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import (
    GROUNDS,
    cancel_milestone,
    fund_milestone,
    release_milestone,
    release_unreviewed,
    return_work,
    start_work,
    submit_work,
)
from tests.projects.change_world import price_to
from tests.walking import Deed, Walk, begun, people
from tests.world import (
    active_contract,
    fund,
    funded_milestone,
    planned_milestone,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db

LIVE = {*AT_WORK, Milestone.Status.DISPUTED}


planned = begun(planned_milestone)


funded = begun(funded_milestone)


delivered = begun(submitted_milestone)


def behind_the_limit(who: Any) -> Milestone:
    """A part of its price is held, which silence cannot approve."""
    milestone = fund(planned(who), 50_000)
    Escrow.objects.filter(pk=milestone.escrow_id).update(limit_at=now() - timedelta(hours=1))
    return milestone


def about_to_end(who: Any) -> Milestone:
    milestone = funded(who)
    propose_ending(milestone_id=milestone.pk, by=who.ada, to_freelancer=40_000)
    return milestone


def about_to_cost_less(who: Any) -> Milestone:
    milestone = funded(who)
    price_to(70_000, milestone, who.ada)
    return milestone


def about_to_roll(who: Any) -> tuple[Milestone, Milestone]:
    contract = active_contract(who.ada, who.ben, [100_000, 50_000])
    source, into = (fund(one) for one in contract.milestones.order_by("position"))
    propose_ending(milestone_id=source.pk, by=who.ada, to_freelancer=40_000, into_id=into.pk)
    return source, into


def accept_the_proposal(_pk: int, by: Any) -> None:
    accept_proposal(proposal_id=Proposal.objects.get().pk, by=by)


def _cancelling(ground: str) -> Any:
    return lambda pk, by: cancel_milestone(milestone_id=pk, by=by, step=ground)


DEEDS = {
    "fund": Deed(planned, lambda pk, by: fund_milestone(milestone_id=pk, by=by)),
    "start": Deed(funded, lambda pk, by: start_work(milestone_id=pk, by=by)),
    "submit": Deed(funded, lambda pk, by: submit_work(milestone_id=pk, by=by, note="Here.")),
    "return": Deed(
        delivered, lambda pk, by: return_work(milestone_id=pk, by=by, answer="Not yet.")
    ),
    "release": Deed(delivered, lambda pk, by: release_milestone(milestone_id=pk, by=by)),
    "release_part": Deed(
        funded, lambda pk, by: release_part(milestone_id=pk, by=by, amount=10_000)
    ),
    "release_silent": Deed(
        lambda who: delivered(who, days=8),
        lambda pk: release_unreviewed(milestone_ids=[pk]),
        by_house=True,
    ),
    "cancel_unfunded": Deed(lambda who: planned(who, days=15), _cancelling("cancel_unfunded")),
    "cancel": Deed(funded, _cancelling("cancel")),
    "drop": Deed(planned, _cancelling("drop")),
    "cancel_late": Deed(lambda who: funded(who, days=25), _cancelling("cancel_late")),
    "cancel_idle": Deed(lambda who: funded(who, days=15), _cancelling("cancel_idle")),
    "refund_limit": Deed(
        behind_the_limit, lambda pk: refund_at_limit(milestone_id=pk), by_house=True
    ),
    "propose_ending": Deed(
        funded, lambda pk, by: propose_ending(milestone_id=pk, by=by, to_freelancer=40_000)
    ),
    "cancel_agreed": Deed(about_to_end, accept_the_proposal, both=FREELANCER, to="split"),
    "adjust": Deed(
        about_to_cost_less,
        lambda _, by: accept_change(order_id=ChangeOrder.objects.get().pk, by=by),
        both=FREELANCER,
    ),
    "roll": Deed(lambda who: about_to_roll(who)[0], accept_the_proposal, both=FREELANCER),
    "roll_in": Deed(lambda who: about_to_roll(who)[1], accept_the_proposal, both=FREELANCER),
    "dispute": Deed(
        delivered,
        lambda pk, by: open_dispute(
            milestone_id=pk, by=by, reason="other", statement="It is not there.", asked_for=0
        ),
    ),
    "resolve": Deed(
        delivered,
        lambda pk, by: resolve_milestone(milestone_id=pk, by=by, to_freelancer=1_000, reason="r"),
        to="split",
    ),
}


def as_it_would_be(status: str) -> dict[str, Any]:
    """What has ended is closed, and only what was submitted is under review."""
    fields: dict[str, Any] = {
        "closed_at": None if status in LIVE else now(),
        "review_ends_at": None,
    }
    if status == Milestone.Status.SUBMITTED:
        fields["review_ends_at"] = now() + timedelta(days=2)
    return fields


def under_a_review_that_is_over(status: str) -> dict[str, Any]:
    fields = as_it_would_be(status)
    if fields["review_ends_at"]:
        fields["review_ends_at"] = now() - timedelta(hours=1)
    return fields


def test_every_step_has_its_deed():
    assert set(DEEDS) == set(LIFECYCLE.steps)
    assert {name for name in DEEDS if name in GROUNDS} == set(GROUNDS)


@pytest.mark.parametrize("step", DEEDS)
def test_milestones_obey_their_table(step, who):
    would = under_a_review_that_is_over if step == "release_silent" else as_it_would_be
    Walk(LIFECYCLE, DEEDS, people, would).of(step, who)
