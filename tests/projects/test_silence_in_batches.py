"""What silence approves is settled many at once: each as if it had been alone."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.notifications.models import Notification
from marketplace.common.lifecycle import Lifecycle
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.gateway.chargebacks import ChargebackState
from payments.ledger.models import Transfer
from payments.payouts.models import Earning
from projects.contracts.models import Event
from projects.disputes.models import Dispute
from projects.disputes.services import open_dispute
from projects.management.commands.check_ledger import CHECKS
from projects.milestones.models import Milestone, Reminder
from projects.milestones.services import release_milestone, release_unreviewed
from projects.tasks import release_unreviewed_milestones
from tests.payments.chargeback_world import Bank
from tests.projects.test_races import got_past_the_first_judgement, without_locks
from tests.races import at_once, meet_after, outcomes_at_once
from tests.world import submitted_milestone

pytestmark = pytest.mark.django_db

A_FEW = 4


def submitted(ada, ben, many: int = A_FEW) -> list[Milestone]:
    """Each of another price, so that none can be taken for another."""
    return [submitted_milestone(ada, ben, 10_000 + 1_000 * n) for n in range(many)]


def release_silently(milestones: list[Milestone]) -> int:
    return release_unreviewed(milestone_ids=[milestone.pk for milestone in milestones])


def statuses(milestones: list[Milestone]) -> list[str]:
    for milestone in milestones:
        milestone.refresh_from_db()
    return [milestone.status for milestone in milestones]


def findings() -> list[str]:
    return [line for check in CHECKS for line in check()]


def test_each_leaves_behind_what_a_single_release_does(ada, ben, later):
    milestones = submitted(ada, ben)
    later(days=8)

    assert release_unreviewed_milestones() == {"done": A_FEW, "failed": 0}

    for milestone in milestones:
        milestone.refresh_from_db()
        assert (milestone.status, milestone.review_ends_at) == ("released", None)
        escrow = Escrow.objects.get(pk=milestone.escrow_id)
        assert (escrow.status, escrow.released) == ("released", milestone.amount)
        assert escrow.closed_at and milestone.closed_at
        fee = milestone.amount * 3 // 100
        assert list(
            Transfer.objects.filter(book=milestone.contract.public_id)
            .exclude(kind="fund")
            .order_by("sequence")
            .values_list("key", "kind", "amount")
        ) == [
            (f"{escrow.public_id}:release", "release", milestone.amount - fee),
            (f"{escrow.public_id}:release", "freelancer_fee", fee),
            (f"{escrow.public_id}:release", "client_fee", fee),
        ]
        earning = Earning.objects.get(earned_by=escrow.public_id)
        assert (earning.gross, earning.fee) == (milestone.amount, fee)
        event = Event.objects.get(contract=milestone.contract, kind="milestone_released")
        assert (event.role, event.about, event.detail) == (
            "system",
            milestone.public_id,
            {"silent": True},
        )
        path = f"/contracts/{milestone.contract.public_id}/"
        told = Notification.objects.filter(kind="milestone_released", path=path)
        assert {notice.recipient for notice in told} == {ada, ben}
        # Its warnings were told first; none is left.
        assert not Reminder.objects.filter(milestone=milestone, told_at=None).exists()
    assert findings() == []


def test_one_that_is_refused_stops_nobody_else(ada, ben, later):
    milestones = submitted(ada, ben)
    later(days=8)
    Escrow.objects.filter(pk=milestones[1].escrow_id).update(status="refunded")

    assert release_unreviewed_milestones() == {"done": A_FEW - 1, "failed": 1}

    assert statuses(milestones) == ["released", "submitted", "released", "released"]


def test_a_refused_batch_has_released_nothing(ada, ben, later):
    milestones = submitted(ada, ben)
    later(days=8)
    bank = Bank(Payment.objects.get(paid_for=milestones[2].escrow.public_id))
    bank.says(ChargebackState.OPEN)

    with pytest.raises(Exception, match="bank"):
        release_silently(milestones)

    assert set(statuses(milestones)) == {"submitted"}
    assert not Transfer.objects.filter(kind="release").exists()


def test_more_of_them_cost_no_more_queries(ada, ben, later):
    milestones = submitted(ada, ben, 6)
    later(days=6, hours=23)
    for reminder in Reminder.objects.filter(milestone__in=milestones):
        reminder.delete()
    later(hours=2)

    def queries(some: list[Milestone]) -> int:
        with CaptureQueriesContext(connection) as found:
            assert release_silently(some) == len(some)
        return len(found)

    assert queries(milestones[:2]) == queries(milestones[2:])


# --- At the same moment --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_release_each_once(ada, ben, bells, later):
    milestones = submitted(ada, ben)
    later(days=8)

    assert at_once(*[lambda: release_silently(milestones)] * 8) == ["done"] * 8

    # Who came second has passed over what the first held: nothing is left for another one either.
    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}
    assert set(statuses(milestones)) == {"released"}
    assert Transfer.objects.filter(kind="release").count() == A_FEW
    assert Event.objects.filter(kind="milestone_released").count() == A_FEW
    assert Notification.objects.filter(kind="milestone_released").count() == 2 * A_FEW
    assert findings() == []


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_sweeps_pass_the_judgement_together_and_the_database_stops_them(
    ada, ben, bells, later, monkeypatch
):
    milestones = submitted(ada, ben)
    later(days=8)
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance")

    outcomes = outcomes_at_once(*[lambda: release_silently(milestones)] * 8)

    assert got_past_the_first_judgement(outcomes), outcomes
    assert Transfer.objects.filter(kind="release").count() == A_FEW


@pytest.mark.django_db(transaction=True)
def test_the_sweep_waits_for_no_client_and_no_dispute(ada, ben, bells, later):
    milestones = submitted(ada, ben)
    later(days=6, hours=23)
    approved, disputed = milestones[0], milestones[1]
    case = open_dispute(
        milestone_id=disputed.pk, by=ben, reason="not_as_agreed", statement="No.", asked_for=0
    )
    later(days=1)

    at_once(
        *[lambda: release_milestone(milestone_id=approved.pk, by=ada)] * 4,
        *[release_unreviewed_milestones] * 4,
    )
    release_unreviewed_milestones()

    assert statuses(milestones) == ["released", "disputed", "released", "released"]
    assert Dispute.objects.get(pk=case.pk).state != "closed"
    assert Transfer.objects.filter(kind="release").count() == A_FEW - 1
    assert findings() == []
