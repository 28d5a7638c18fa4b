"""Silence is consent: what nobody reviews is approved by itself."""

import pytest

from accounts.notifications.models import Notification
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.escrow.services import take_in
from payments.fundings.models import Payment
from payments.gateway.chargebacks import ChargebackState
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from projects.contracts.models import Contract, Event
from projects.disputes.services import open_dispute
from projects.milestones.models import Milestone
from projects.milestones.services import (
    fund_milestone,
    release_milestone,
    release_unreviewed,
    return_work,
)
from projects.tasks import close_finished_contracts, release_unreviewed_milestones
from tests.payments.chargeback_world import Bank
from tests.races import at_once
from tests.world import opened_dispute, submitted_milestone

pytestmark = pytest.mark.django_db


def test_the_sweep_pays_when_the_review_period_is_over_and_not_before(ada, ben, later):
    milestone = submitted_milestone(ada, ben, review_days=7)
    later(days=6, hours=23)
    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState):
        release_unreviewed(milestone_ids=[milestone.pk])

    later(hours=2)
    assert release_unreviewed_milestones() == {"done": 1, "failed": 0}
    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}

    milestone.refresh_from_db()
    assert milestone.status == "released"
    assert balance_of(chart.available(milestone.contract.freelancer, "USD")) == 97_000
    event = Event.objects.get(kind="milestone_released")
    assert (event.role, event.by, event.detail) == (SYSTEM, None, {"silent": True})
    assert {n.recipient for n in Notification.objects.filter(kind="milestone_released")} == {
        ada,
        ben,
    }

    assert close_finished_contracts() == {"done": 1, "failed": 0}
    assert Contract.objects.get().status == "completed"


def test_an_answer_in_time_stops_it(ada, ben, later):
    returned, disputed = submitted_milestone(ada, ben), opened_dispute(ada, ben).milestone
    return_work(milestone_id=returned.pk, by=ada, answer="More.")
    later(days=60)

    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}

    assert set(Milestone.objects.values_list("status", flat=True)) == {"returned", "disputed"}
    for milestone in (returned, disputed):
        with pytest.raises(WrongState):
            release_unreviewed(milestone_ids=[milestone.pk])


def test_an_answer_that_is_too_late_stops_nothing_however_late_the_sweep_is(ada, ben, later):
    milestone = submitted_milestone(ada, ben, review_days=7)
    later(days=7)

    with pytest.raises(WrongState, match="approved by itself"):
        return_work(milestone_id=milestone.pk, by=ada, answer="More.")
    with pytest.raises(WrongState, match="approved by itself"):
        open_dispute(
            milestone_id=milestone.pk, by=ada, reason="not_as_agreed", statement="No.", asked_for=0
        )

    assert release_unreviewed_milestones() == {"done": 1, "failed": 0}


def test_silence_releases_nothing_while_a_bank_wants_it_back(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    bank = Bank(Payment.objects.get())
    bank.says(ChargebackState.OPEN)  # and has not taken it yet
    later(days=8)

    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState, match="bank"):
        release_unreviewed(milestone_ids=[milestone.pk])

    bank.says(ChargebackState.WON)
    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}, "the client hears first"
    later(hours=12)
    assert release_unreviewed_milestones() == {"done": 1, "failed": 0}


def test_silence_releases_what_was_funded_anew_after_a_lost_one(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    bank = Bank(Payment.objects.get())
    bank.takes()
    bank.keeps()
    later(days=8)
    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}

    again = fund_milestone(milestone_id=milestone.pk, by=ada)
    take_in(payment_id=again.pk, intent_id="pi_again", charge_id="ch_again")

    assert release_unreviewed_milestones() == {"done": 0, "failed": 0}, "the client hears first"
    later(hours=12)
    assert release_unreviewed_milestones() == {"done": 1, "failed": 0}


def test_one_that_fails_stops_nobody_else(ada, ben, later):
    first, second = submitted_milestone(ada, ben), submitted_milestone(ada, ben)
    later(days=8)
    # As no deed would leave it: the review waits, the money is gone.
    first.escrow.status = "refunded"
    first.escrow.save(update_fields=["status"])

    assert release_unreviewed_milestones() == {"done": 1, "failed": 1}

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("submitted", "released")


@pytest.mark.django_db(transaction=True)
def test_the_client_and_the_clock_at_once_pay_once(ada, ben, bells, later):
    milestone = submitted_milestone(ada, ben)
    later(days=8)

    outcomes = at_once(
        *[lambda: release_milestone(milestone_id=milestone.pk, by=ada)] * 4,
        *[lambda: release_unreviewed(milestone_ids=[milestone.pk])] * 4,
    )

    # The sweep waits for nobody: what the client is at work on, it passes over.
    assert outcomes[:4].count("done") <= 1 and outcomes[4:] == ["done"] * 4
    assert Event.objects.filter(kind="milestone_released").count() == 1
    assert Transfer.objects.filter(kind="release").count() == 1
    assert balance_of(chart.available(milestone.contract.freelancer, "USD")) == 97_000
