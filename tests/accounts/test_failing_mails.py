"""A mail that fails or comes back: seen by its reader and at the desk, and tried again by hand."""

import io
import smtplib
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.notifications.mailing import services
from accounts.notifications.mailing.letter import message_id_of
from accounts.notifications.mailing.rules import MOST_RETRIES, PATIENCE
from accounts.notifications.mailing.selectors import (
    failing_mail_of,
    failing_mails,
    given_up_mails,
    narrowed,
)
from accounts.notifications.mailing.services import note_bounce, retry_mail
from accounts.notifications.models import Notification
from accounts.notifications.services import notify
from accounts.people.services import grant_staff_roles
from marketplace.common import clock
from marketplace.common.audit import entries_about
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words
from payments.payouts.models import Earning
from projects.tasks import deliver_due_notifications, deliver_notification
from tests.races import at_once, meet_after
from tests.world import api_of, browser, submitted_milestone

pytestmark = pytest.mark.django_db

WORKING = "django.core.mail.backends.locmem.EmailBackend"


class Refusing(EmailBackend):
    """A mail server that will never take a mail for anybody."""

    def send_messages(self, email_messages):
        to = email_messages[0].to[0]
        raise smtplib.SMTPRecipientsRefused({to: (550, b"5.1.1 no such\r\n mailbox")})


class Greylisting(EmailBackend):
    """One that takes nothing yet."""

    def send_messages(self, email_messages):
        raise smtplib.SMTPRecipientsRefused({email_messages[0].to[0]: (450, b"4.2.0 try later")})


class Gone(EmailBackend):
    """One that does not answer at all."""

    def send_messages(self, email_messages):
        raise smtplib.SMTPServerDisconnected("gone")


@pytest.fixture
def server(settings):
    """Choose how the mail server answers."""

    def answer(how):
        settings.EMAIL_BACKEND = how if isinstance(how, str) else f"{__name__}.{how.__name__}"

    answer(Refusing)
    return answer


@pytest.fixture
def moved(monkeypatch):
    def move(**by):
        monkeypatch.setattr(clock, "_offset", clock.offset() + timedelta(**by))

    return move


def tell(person) -> Notification:
    notify(to=person, kind="bid_placed", text=Words("Ben made a bid."), path="/postings/x/")
    return Notification.objects.latest("pk")


def deliver(notice: Notification) -> Notification:
    deliver_notification(notification_id=notice.pk)
    notice.refresh_from_db()
    return notice


def given_up(person) -> Notification:
    notice = deliver(tell(person))
    assert notice in given_up_mails()
    return notice


# --- How a mail fails ----------------------------------------------------------------------------


def test_an_address_that_is_refused_for_good_is_given_up_at_once(ada, server):
    notice = given_up(ada)

    assert (notice.mail_attempts, notice.mail_due_at) == (1, None)
    assert notice.mail_failure == "550 5.1.1 no such mailbox"
    assert notice.mail_to == "ada@example.com"


def test_an_address_that_is_refused_for_now_is_tried_again(ada, server):
    server(Greylisting)

    notice = deliver(tell(ada))

    assert notice.mail_due_at is not None
    assert notice.mail_failure == "450 4.2.0 try later"
    assert notice in failing_mails()
    assert notice not in given_up_mails()


def test_an_old_attempt_says_nothing_of_a_newer_one(ada, server, monkeypatch, moved):
    """The first attempt hangs for so long that a second is made meanwhile, which goes well."""
    server(WORKING)
    notice = tell(ada)
    hung, _ = services._claim_mail(notice.pk, lambda told: {it.pk: "" for it in told})
    moved(minutes=3)
    deliver_due_notifications()

    services._note_failed(hung, smtplib.SMTPServerDisconnected("gone"))

    notice.refresh_from_db()
    assert notice.mailed_at is not None
    assert notice.mail_failure == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"mail_failure": "550 No."},
        {"mail_failed_at": clock.now()},
        {"mailed_at": clock.now()},  # and still due
        {"mailed_at": clock.now(), "mail_due_at": None, "mail_failure": "No."},
    ],
)
def test_postgresql_refuses_a_mail_that_cannot_be(ada, wrong):
    tell(ada)

    with pytest.raises(IntegrityError), transaction.atomic():
        Notification.objects.update(**wrong)


# --- By hand -------------------------------------------------------------------------------------


def test_the_desk_has_a_mail_tried_again_and_it_leaves(ada, dora, server, bells):
    notice = given_up(ada)
    server(WORKING)

    retry_mail(notification_id=notice.pk, by=dora)

    notice = deliver(notice)
    assert notice.mailed_at is not None
    assert (notice.mail_failure, notice.mail_failed_at) == ("", None)
    assert len(mail.outbox) == 1
    assert not failing_mails().exists()
    entry = entries_about(ada).get()
    assert (entry.deed, entry.subject, entry.role) == ("retry mail", notice.public_id, "mediator")
    assert "Ben made a bid" not in entry.text  # what it says is its reader's alone


def test_it_goes_to_the_address_of_today(ada, dora, server):
    notice = given_up(ada)
    ada.email = "ada@new.example"
    ada.save()
    server(WORKING)

    retry_mail(notification_id=notice.pk, by=dora)

    assert deliver(notice).mail_to == "ada@new.example"
    assert mail.outbox[0].to == ["ada@new.example"]


def test_twice_in_a_row_counts_once(ada, dora, server):
    notice = given_up(ada)
    retry_mail(notification_id=notice.pk, by=dora)

    with pytest.raises(WrongState, match="still tried"):
        retry_mail(notification_id=notice.pk, by=dora)

    notice.refresh_from_db()
    assert notice.mail_retries == 1


def test_it_is_bounded(ada, dora, server):
    notice = given_up(ada)
    for _ in range(MOST_RETRIES):
        retry_mail(notification_id=notice.pk, by=dora)
        assert deliver(notice) in given_up_mails()

    with pytest.raises(WrongState, match="3 times"):
        retry_mail(notification_id=notice.pk, by=dora)


def test_only_what_failed_is_tried_again(ada, ben, dora, server):
    server(WORKING)
    left = deliver(tell(ada))
    waiting = tell(ada)
    unwanted = tell(ada)
    Notification.objects.filter(pk=unwanted.pk).update(mail_due_at=None)
    server(Refusing)
    of_who_left = given_up(ben)
    ben.is_active = False
    ben.save()

    for notice, why in (
        (left, "has left"),
        (waiting, "still tried"),
        (unwanted, "has not failed"),
        (of_who_left, "Ben has left"),
    ):
        with pytest.raises(WrongState, match=why):
            retry_mail(notification_id=notice.pk, by=dora)


def test_support_reads_and_nobody_else_does_anything(ada, cleo, server):
    notice = given_up(ada)
    emil = grant_staff_roles(user_id=cleo.pk, roles={"support"}, by=SYSTEM)

    assert "550 5.1.1" in browser(emil).get("/desk/mails/").text
    assert "Try again" not in browser(emil).get("/desk/mails/").text
    for by in (emil, ada):
        with pytest.raises(NotAllowed):
            retry_mail(notification_id=notice.pk, by=by)


@pytest.mark.django_db(transaction=True)
def test_eight_tries_at_once_are_one(ada, dora, server):
    notice = given_up(ada)

    outcomes = at_once(*[lambda: retry_mail(notification_id=notice.pk, by=dora)] * 8)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    notice.refresh_from_db()
    assert notice.mail_retries == 1
    assert entries_about(ada).count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_tries_at_once_are_many(ada, dora, server, monkeypatch):
    notice = given_up(ada)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **how: rows)
    meet_after(monkeypatch, services, "why_no_retry")

    outcomes = at_once(*[lambda: retry_mail(notification_id=notice.pk, by=dora)] * 8)

    assert outcomes == ["done"] * 8


# --- The deed that it tells of -------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", [Refusing, Greylisting, Gone])
def test_a_deed_stands_whatever_becomes_of_its_mail(ada, ben, dora, server, monkeypatch, how):
    """Each bell is answered right there, as soon as the deed is committed."""
    milestone = submitted_milestone(ada, ben)
    server(how)
    answered: list[str] = []

    def answer(name: str, args: tuple[Any, ...] = (), **_: object) -> None:
        if name == deliver_notification.name:
            deliver_notification(*args)
            answered.append(name)

    monkeypatch.setattr(current_app._get_current_object(), "send_task", answer)

    assert browser(ada).post(f"/milestones/{milestone.public_id}/release/").status_code == 302

    milestone.refresh_from_db()
    assert (milestone.status, Earning.objects.get().amount) == ("released", 97_000)
    notice = ben.notifications.get(kind="milestone_released")
    assert answered and notice.read_at is None and notice.is_counted
    assert "approved and" in browser(ben).get("/notices/").text
    assert (notice.mail_attempts, notice.mailed_at) == (1, None)
    desk = browser(dora).get("/desk/mails/?words=ben@example").text
    assert "ben@example.com" in desk and notice.mail_failure in desk
    call_command("check_ledger", stdout=io.StringIO())


# --- Pages and calls -----------------------------------------------------------------------------


def test_the_desk_finds_a_mail_and_tries_again(ada, ben, dora, server):
    notice, other = given_up(ada), given_up(ben)
    client, retry = browser(dora), f"/desk/mails/{notice.public_id}/retry/"

    page = client.get("/desk/mails/?words=ada@example&state=given_up").text
    assert "ada@example.com" in page
    assert retry in page
    assert other.public_id not in page
    assert "None of these fits" in client.get("/desk/mails/?words=nowhere").text
    assert client.get("/desk/mails/?state=lost").status_code == 400

    assert client.post(retry).status_code == 302
    assert client.post(retry).status_code == 409
    assert "still tried" in client.post(retry).text
    server(WORKING)
    deliver(notice)
    assert client.post(retry).status_code == 404  # it has left


def test_programs_of_the_staff_read_and_try_again(ada, dora, server):
    notice = given_up(ada)
    api = api_of(dora)

    (found,) = api.get("/api/v1/desk/mails/?state=given_up").json()["results"]
    assert found["id"] == notice.public_id
    assert found["address"] == "ada@example.com"
    assert found["failure"] == "550 5.1.1 no such mailbox"
    assert found["next_attempt_at"] is None
    assert "text" not in found
    refused = api.get("/api/v1/desk/mails/?state=lost")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "state")
    assert api_of(ada).get("/api/v1/desk/mails/").status_code == 404

    retry = f"/api/v1/desk/mails/{notice.public_id}/retry/"
    first = api.post(retry, HTTP_IDEMPOTENCY_KEY="k-1")
    assert (first.status_code, first.json()["retries"]) == (200, 1)
    assert api.post(retry, HTTP_IDEMPOTENCY_KEY="k-1").json() == first.json()
    again = api.post(retry, HTTP_IDEMPOTENCY_KEY="k-2")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "wrong_state")


def test_what_is_searched_for_is_looked_for_everywhere(ada, server):
    notice = given_up(ada)

    for words in (notice.public_id, ada.public_id, "ADA", "a@example.c", "no SUCH", " "):
        assert list(narrowed(failing_mails(), words=words)) == [notice], words
    assert not narrowed(failing_mails(), words="50% of").exists()
    with pytest.raises(InvalidInput):
        narrowed(failing_mails(), state="x")


def test_everybody_sees_on_their_account_that_mails_fail(ada, ben, server, moved):
    first = given_up(ada)
    moved(days=1)
    given_up(ada)

    for page in ("/profile/", "/account/notices/"):
        assert "Mail to you fails" in browser(ada).get(page).text
        assert "Mail to you fails" not in browser(ben).get(page).text
    failing = api_of(ada).get("/api/v1/me/").json()["mail_failing"]
    assert failing["reason"] == "550 5.1.1 no such mailbox"
    assert failing_mail_of(ada).since == first.mail_failed_at
    assert api_of(ben).get("/api/v1/me/").json()["mail_failing"] is None


def test_it_is_over_when_a_mail_arrives_or_the_address_is_new(ada, ben, server, moved):
    given_up(ada)
    given_up(ben)
    ben.email = "ben@new.example"
    ben.save()
    assert failing_mail_of(ben) is None

    server(WORKING)
    moved(minutes=1)
    deliver(tell(ada))
    assert failing_mail_of(ada) is None

    server(Refusing)
    moved(minutes=1)
    last = given_up(ada)
    assert failing_mail_of(ada).since == last.mail_failed_at


# --- What comes back -----------------------------------------------------------------------------


def report(message_id: str, *, action="failed", status="5.1.1", kind="message/rfc822") -> bytes:
    """A delivery report as mail servers write it (RFC 3464)."""
    head = f"Message-ID: {message_id}\r\nSubject: Ben made a bid.\r\n\r\n"
    return (
        "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; ada@example.com\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 user\r\n  unknown\r\n\r\n"
        f"--b\r\nContent-Type: {kind}\r\n\r\n{head}\r\n--b--\r\n"
    ).encode()


def bounce(monkeypatch, said: bytes) -> str:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(said)))
    out = io.StringIO()
    call_command("bounce", stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_mail_that_comes_back_is_given_up(ada, monkeypatch, kind, mailoutbox):
    notice = deliver(tell(ada))
    message_id = mailoutbox[0].message()["Message-ID"]
    assert message_id == message_id_of(notice)

    assert "came back" in bounce(monkeypatch, report(message_id, kind=kind))

    notice.refresh_from_db()
    assert notice in given_up_mails()
    assert notice.mail_failure == "550 5.1.1 user unknown"
    assert failing_mail_of(ada) is not None
    assert "Nothing is changed" in bounce(monkeypatch, report(message_id, kind=kind))


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff\x00 not a mail",
        report("<someone@else.example>"),
        report("<no_abc.0@localhost>", action="delayed", status="4.4.1"),
        report("<no_abc.0@localhost>", action="delivered", status="2.0.0"),
        report("<no_abc.0@localhost>", status="4.4.7"),
        b"Content-Type: message/delivery-status\r\n\r\nAction: failed\r\nStatus: 5.0.0\r\n",
    ],
)
def test_whatever_else_comes_in_changes_nothing(ada, monkeypatch, said):
    assert "no mail of ours" in bounce(monkeypatch, said)


def test_a_report_of_a_mail_that_we_do_not_know_changes_nothing(monkeypatch):
    assert "Nothing is changed" in bounce(monkeypatch, report("<no_abc.0@localhost>"))


def test_what_comes_back_late_does_not_count_against_a_later_try(ada, dora, settings):
    notice = deliver(tell(ada))
    name, old = notice.public_id, 0
    assert note_bounce(public_id=name, retries=old, reason="550 No.")
    retry_mail(notification_id=notice.pk, by=dora)
    deliver(notice)

    assert not note_bounce(public_id=name, retries=old, reason="550 No.")

    notice.refresh_from_db()
    assert notice.mailed_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_comes_back_eight_times_came_back_once(ada):
    notice = deliver(tell(ada))
    said = {"public_id": notice.public_id, "retries": 0, "reason": "550 No."}
    noted = []

    at_once(*[lambda: noted.append(note_bounce(**said))] * 8)

    assert sorted(noted) == [False] * 7 + [True]


def test_patience_ends():
    assert sum(PATIENCE, timedelta()) < timedelta(days=2)
