"""/metrics says what only a person of the staff can settle, and what of it has waited too long."""

import re
from datetime import timedelta

import pytest

from accounts.holds.models import Hold
from accounts.holds.services import appeal_hold
from accounts.notifications.models import Notification
from marketplace import overdue
from marketplace.common.clock import now
from payments.chargebacks.models import Chargeback
from payments.chargebacks.services import record_chargeback
from payments.gateway.chargebacks import ChargebackState
from payments.incoming.models import WebhookEvent
from payments.payouts.models import Earning, Payout
from payments.payouts.services import schedule_payout
from payments.refunds.models import Refund
from projects.milestones.services import cancel_milestone
from projects.tasks import own_up_to_rulings
from tests.against_the_rules import force
from tests.payments.chargeback_world import Bank, payment_of
from tests.payments.payout_world import ready_without_provider
from tests.projects.holds_world import suspended
from tests.world import funded_milestone, reviewed_dispute, ruled

pytestmark = pytest.mark.django_db
SAID = re.compile(r'^milepost_waits_for_staff\{what="(\w+)"\} ([\d.]+)$', re.MULTILINE)


@pytest.fixture
def waits(client):
    """What waits, as a scraper reads it: nothing but what is there."""

    def read() -> dict[str, float]:
        text = client.get("/metrics").content.decode()
        return {what: float(count) for what, count in SAID.findall(text) if float(count)}

    return read


def test_nothing_waits_in_a_house_where_all_is_well(client, ada, ben):
    funded_milestone(ada, ben)
    said = SAID.findall(client.get("/metrics").content.decode())
    assert len(said) == 14
    assert {float(count) for _, count in said} == {0}


def test_a_chargeback_from_the_demand_to_the_missed_date(ada, ben, dora, waits, later):
    bank = Bank(payment_of(funded_milestone(ada, ben).escrow))
    bank.takes()
    assert waits() == {"chargebacks": 1}
    later(days=4, hours=1)
    assert waits() == {"chargebacks": 1, "chargebacks_due_soon": 1}
    later(days=3)
    assert waits() == {"chargebacks": 1, "chargebacks_overdue": 1}
    record_chargeback(remote=bank.word(ChargebackState.REVIEW, is_answered=True))
    assert waits() == {}
    assert Chargeback.objects.exists()


def test_a_ruling_until_it_is_made(ada, ben, dora, waits, later):
    dispute = reviewed_dispute(ada, ben)
    assert waits() == {"rulings": 1}
    later(days=11)
    own_up_to_rulings()
    assert waits() == {"rulings": 1, "rulings_missed": 1}
    dispute.refresh_from_db()
    ruled(dispute, dora, 40_000)
    assert waits() == {}


def test_a_hold_and_the_appeal_against_it(ben, mona, waits, later):
    hold = suspended(ben, mona)
    assert waits() == {"holds": 1}
    appeal_hold(hold_id=hold.pk, by=ben, statement="I have done nothing of that.")
    assert waits() == {"holds": 1, "hold_appeals": 1}
    Hold.objects.update(created_at=now() - overdue.LONG_HOLD)
    assert waits()["long_holds"] == 1


def test_earnings_past_the_providers_limit_wait_until_they_are_sent(ada, ben, waits):
    party = ready_without_provider(ada, ben)
    assert waits() == {}
    Earning.objects.update(limit_at=now() - timedelta(seconds=1))
    assert waits() == {"earnings_past_limit": 1}
    payout = schedule_payout(party_id=party, currency="USD", by=ben)
    assert waits() == {"earnings_past_limit": 1}
    force(Payout.objects.filter(pk=payout.pk), status="in_transit")
    assert waits() == {}


def test_refunds_events_and_mails_that_failed(ada, ben, waits):
    cancel_milestone(milestone_id=funded_milestone(ada, ben).pk, by=ben)
    force(Refund, status="failed")
    WebhookEvent.objects.create(remote_id="evt_1", kind="x", payload={}, next_try_at=None)
    first = Notification.objects.earliest("pk")
    Notification.objects.filter(pk=first.pk).update(
        mail_due_at=None, mail_failure="550 No such mailbox.", mail_failed_at=now()
    )
    assert waits() == {"refunds": 1, "events": 1, "mails": 1}


def test_nobody_counts_beyond_the_cap(ada, ben, waits, monkeypatch):
    monkeypatch.setattr(overdue, "MOST_COUNTED", 1)
    for _ in range(2):
        Bank(payment_of(funded_milestone(ada, ben).escrow)).takes()
    assert waits() == {"chargebacks": 1}
