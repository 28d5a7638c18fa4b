"""Telling people: in the house at once, by mail soon after, never twice and never too early."""

import json
import smtplib
from datetime import timedelta

import pytest
import redis
from django.conf import settings as conf
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from accounts.notifications.mailing.rules import PATIENCE
from accounts.notifications.mailing.selectors import due_notification_ids, given_up_mails
from accounts.notifications.models import Notification
from accounts.notifications.selectors import unread_of
from accounts.notifications.services import notify
from accounts.parties.models import Membership
from accounts.parties.selectors import own_party_of
from marketplace.common import clock
from marketplace.common.words import Words
from projects.tasks import deliver_due_notifications, deliver_notification


class DeadServer(EmailBackend):
    """A mail server that hangs up."""

    def send_messages(self, email_messages):
        raise smtplib.SMTPServerDisconnected("gone")


@pytest.fixture
def dead_mail_server(settings):
    settings.EMAIL_BACKEND = f"{__name__}.DeadServer"


@pytest.fixture
def moved(monkeypatch):
    """Move the marketplace's clock for this test."""

    def move(**by):
        monkeypatch.setattr(clock, "_offset", clock.offset() + timedelta(**by))

    return move


def tell(person, *, text="Ben made a bid on “Logo”.", **given) -> Notification:
    more = {"kind": "bid_placed", "path": "/postings/x/"} | given
    notify(to=person, text=Words.of_others(text), **more)
    return Notification.objects.latest("pk")


def test_everybody_of_a_party_is_told_but_not_who_did_it(ada, ben, cleo):
    party = own_party_of(ada)
    Membership.objects.create(party=party, user=ben)
    Membership.objects.create(party=party, user=cleo)

    tell(party, by=ben)

    told = set(Notification.objects.values_list("recipient__name", flat=True))
    assert told == {"Ada", "Cleo"}


def test_the_bell_rings_after_commit(ada, bells, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        notice = tell(ada)
        assert bells == []

    assert bells == [("accounts.deliver_notification", (notice.pk,))]


def test_the_same_key_is_told_once(ada, ben, bells, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        tell(ada, key="ms_1:due:1d")
        tell(ada, key="ms_1:due:1d", text="again")
        tell(ben, key="ms_1:due:1d")

    assert ada.notifications.count() == ben.notifications.count() == 1
    assert len(bells) == 2


def test_without_a_key_everything_is_news(ada):
    tell(ada)
    tell(ada)

    assert ada.notifications.count() == 2


def test_a_long_text_is_cut_and_a_line_break_is_none(ada):
    notice = tell(ada, text="Subject\r\nBcc: x@example.com " + "y" * 500)

    assert "\n" not in notice.text
    assert len(notice.text) == 300


def test_a_mail_says_what_and_where(ada, mailoutbox):
    notice = tell(ada, text="Ada & Ben <b>agreed</b>", path="/contracts/ct_1/")

    deliver_notification(notification_id=notice.pk)

    letter = mailoutbox[0]
    assert letter.to == ["ada@example.com"]
    assert letter.subject == "Ada & Ben <b>agreed</b>"
    assert "Ada & Ben <b>agreed</b>" in letter.body
    assert f"{conf.SITE_URL}/contracts/ct_1/" in letter.body
    notice.refresh_from_db()
    assert notice.mailed_at is not None
    assert notice.mail_due_at is None


def test_a_mail_leaves_once(ada, mailoutbox):
    notice = tell(ada)

    deliver_notification(notification_id=notice.pk)
    deliver_notification(notification_id=notice.pk)
    assert deliver_due_notifications() == {"done": 0, "failed": 0}

    assert len(mailoutbox) == 1


def test_a_lost_bell_is_found_by_the_sweep(ada, mailoutbox):
    tell(ada)

    assert deliver_due_notifications() == {"done": 1, "failed": 0}

    assert len(mailoutbox) == 1


def test_a_failing_mail_server_is_tried_again_later(ada, dead_mail_server, moved, settings):
    notice = tell(ada)

    deliver_notification(notification_id=notice.pk)

    assert due_notification_ids(limit=10) == []
    notice.refresh_from_db()
    assert notice.mailed_at is None
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    moved(minutes=3)
    deliver_due_notifications()
    assert len(mail.outbox) == 1


def test_a_mail_is_given_up_in_the_end(ada, dead_mail_server, moved):
    notice = tell(ada)

    for _ in range(10):
        deliver_due_notifications()
        moved(days=2)

    notice.refresh_from_db()
    assert notice.mail_attempts == len(PATIENCE)
    assert notice.mail_due_at is None
    assert notice.mailed_at is None
    assert [mail.mail_failure for mail in given_up_mails()] == ["gone"]


def test_a_mail_whose_workers_all_died_is_seen_at_the_desk(ada):
    notice = tell(ada)
    Notification.objects.update(mail_attempts=len(PATIENCE))

    deliver_notification(notification_id=notice.pk)

    assert [mail.mail_failure for mail in given_up_mails()] == ["No attempt was seen to its end."]


def test_who_has_left_gets_no_mail(ada, mailoutbox):
    notice = tell(ada)
    Notification.objects.update(mail_attempts=1, mail_failure="gone", mail_failed_at=clock.now())
    ada.is_active = False
    ada.save()

    deliver_notification(notification_id=notice.pk)

    assert mailoutbox == []
    assert not given_up_mails().exists()  # nobody at the desk can do anything about it
    assert due_notification_ids(limit=10) == []


def test_open_pages_hear_the_number_of_unread_notices(ada):
    listener = redis.Redis.from_url(conf.REDIS_URL).pubsub(ignore_subscribe_messages=True)
    listener.subscribe(f"live:{ada.public_id}")
    listener.get_message(timeout=5)
    notice = tell(ada)

    deliver_notification(notification_id=notice.pk)

    heard = listener.get_message(timeout=5)
    listener.close()
    assert json.loads(heard["data"]) == {"unread": 1}


def test_nobody_counts_beyond_nine(ada):
    for _ in range(12):
        tell(ada)

    assert unread_of(ada) == "9+"
