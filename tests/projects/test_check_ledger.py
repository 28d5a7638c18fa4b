"""``check_ledger`` finds where work, money and disputes disagree."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from marketplace.common.clock import now
from payments.escrow.models import Escrow
from projects.disputes.checks import CHECKS as DISPUTES
from projects.disputes.models import Dispute
from projects.milestones.checks import CHECKS as MILESTONES
from projects.milestones.models import Milestone
from projects.milestones.services import cancel_milestone, release_milestone
from tests.against_the_rules import force
from tests.world import (
    funded_milestone,
    opened_dispute,
    planned_milestone,
    reviewed_dispute,
    ruled,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db


def findings() -> list[str]:
    return [finding for check in (*MILESTONES, *DISPUTES) for finding in check()]


@pytest.fixture
def lives(ada, ben, dora) -> dict[str, Milestone]:
    """One milestone in each state."""
    release = submitted_milestone(ada, ben)
    release_milestone(milestone_id=release.pk, by=ada)
    cancelled = funded_milestone(ada, ben)
    cancel_milestone(milestone_id=cancelled.pk, by=ben)
    dropped = planned_milestone(ada, ben)
    cancel_milestone(milestone_id=dropped.pk, by=ada, step="drop")
    found = {
        "planned": planned_milestone(ada, ben),
        "held": funded_milestone(ada, ben),
        "submitted": submitted_milestone(ada, ben),
        "disputed": opened_dispute(ada, ben).milestone,
        "released": release,
        "cancelled": cancelled,
        "dropped": dropped,
    }
    for name, part in (("refunded", 0), ("split", 30_000), ("ruled", 100_000)):
        dispute = reviewed_dispute(ada, ben)
        ruled(dispute, dora, part, "So it is.")
        found[name] = dispute.milestone
    return found


def test_it_finds_nothing_where_all_is_well(lives):
    assert findings() == []
    call_command("check_ledger", stdout=StringIO())


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("disputed", "released"),
        ("submitted", "awaiting"),
        ("planned", "released"),
        ("released", "held"),
        ("cancelled", "held"),
        ("split", "released"),
        ("refunded", "split"),
    ],
)
def test_it_finds_money_that_went_elsewhere(lives, name, status):
    force(Escrow.objects.filter(pk=lives[name].escrow_id), status=status)

    assert any(lives[name].public_id in finding for finding in findings())
    with pytest.raises(CommandError):
        call_command("check_ledger", stdout=StringIO())


def test_it_finds_another_price(lives):
    Milestone.objects.filter(pk=lives["held"].pk).update(amount=1)
    assert len(findings()) == 1


def test_it_finds_an_end_that_is_none(lives):
    Milestone.objects.filter(pk=lives["held"].pk).update(closed_at=now())
    assert len(findings()) == 1


def test_it_finds_work_stuck_in_dispute(lives):
    Dispute.objects.filter(milestone=lives["disputed"]).update(status="closed")
    assert "without an open dispute" in findings()[0]


def test_it_finds_a_decision_that_was_not_paid(lives):
    Dispute.objects.filter(milestone=lives["split"]).update(to_freelancer=30_001)
    assert "decided otherwise" in findings()[0]


def test_it_finds_a_sweep_that_stands_still(ada, ben, time_machine):
    dispute = opened_dispute(ada, ben)
    release_milestone(milestone_id=dispute.milestone_id, by=ada)
    assert findings() == []

    time_machine.move_to(now() + timedelta(days=91))
    assert "outlived" in findings()[0]
