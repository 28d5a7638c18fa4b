"""Why a payout failed is mailed once, however often and by whichever way it is heard."""

import pytest
from django.core import mail

from accounts.notifications.mailing.selectors import due_notification_ids
from accounts.notifications.mailing.services import deliver_notification
from accounts.notifications.models import Notification
from marketplace.common.clock import now
from payments.incoming.models import WebhookEvent
from payments.incoming.services import handle_event
from payments.payouts.models import Payout
from payments.tasks import send_due_payouts
from tests.payments.payout_world import now_of
from tests.payments.test_payouts import scheduled
from tests.payments.world import A_WHILE, days_pass
from tests.sandbox import NO_SUCH_ACCOUNT, play_on

pytestmark = pytest.mark.django_db


def mail_what_is_due() -> None:
    for notice_id in due_notification_ids(limit=100):
        deliver_notification(
            notification_id=notice_id, judge=lambda notices: {one.pk: "" for one in notices}
        )


def heard_again(letter: WebhookEvent, name: str) -> WebhookEvent:
    """The provider tells it once more, as an event of its own."""
    return WebhookEvent.objects.create(
        remote_id=name, kind=letter.kind, account=letter.account, payload=letter.payload
    )


def test_a_sweep_that_asks_and_the_letter_twice_mail_it_once(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    play_on(sandbox)
    assert now_of(payout).status == "in_transit"
    days_pass(A_WHILE)  # the bank has said no, and the letter of it is still under way

    Payout.objects.update(next_check_at=now())
    assert send_due_payouts()["done"] == 1
    assert now_of(payout).status == "failed", "the sweep has asked"
    mail_what_is_due()
    play_on(sandbox)
    letter = WebhookEvent.objects.get(kind="payout.failed")
    handle_event(event_id=heard_again(letter, "evt_again").pk)
    mail_what_is_due()

    assert not WebhookEvent.objects.filter(handled_at=None).exists()
    notice = Notification.objects.get(kind="payout_failed")
    told = [one for one in mail.outbox if notice.text in " ".join(one.body.split())]
    assert [one.to for one in told] == [[ben.email]]
    assert "The bank knows no account with these details." in notice.text
