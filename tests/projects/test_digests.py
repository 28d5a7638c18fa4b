"""One mail a day for whoever wants no more: grouped, nothing twice, and what has gone left out."""

import itertools
import smtplib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from accounts.notifications.digests import services
from accounts.notifications.digests.models import Digest
from accounts.notifications.digests.times import days_after, moment_of
from accounts.notifications.mailing.rules import PATIENCE
from accounts.notifications.mailing.selectors import given_up_mails
from accounts.notifications.mailing.services import note_bounce, retry_mail
from accounts.notifications.models import Notification
from accounts.notifications.preferences.kinds import OPTIONAL
from accounts.notifications.preferences.models import MailPreferences
from accounts.notifications.preferences.services import change_preferences
from accounts.notifications.services import notify, read_notification
from marketplace.common import clock
from marketplace.common.words import Words
from projects.bids.services import edit_bid, withdraw_bid
from projects.invitations.services import decline_invitation, invite_person
from projects.milestones.services import start_work, submit_work
from projects.tasks import deliver_due_digests, deliver_due_notifications, tell_reminders
from tests.races import at_once, meet_after, outcomes_at_once
from tests.world import (
    active_contract,
    api_of,
    fund,
    funded_milestone,
    open_posting,
    person,
    submitted_bid,
)

pytestmark = pytest.mark.django_db

WORKING = "django.core.mail.backends.locmem.EmailBackend"


class DeadServer(EmailBackend):
    def send_messages(self, email_messages):
        raise smtplib.SMTPServerDisconnected("gone")


class Refusing(EmailBackend):
    def send_messages(self, email_messages):
        raise smtplib.SMTPRecipientsRefused({email_messages[0].to[0]: (550, b"no such mailbox")})


@pytest.fixture
def at(monkeypatch):
    """Set the marketplace's clock to this moment."""

    def move(moment: str):
        wanted = datetime.fromisoformat(moment)
        monkeypatch.setattr(clock, "_offset", clock.offset() + (wanted - clock.now()))

    return move


@pytest.fixture
def ada(ada, at):
    """Wants everything optional once a day, at eight in Berlin; it is ten there on a Monday."""
    at("2026-06-01T08:00:00+00:00")
    ada.time_zone = "Europe/Berlin"
    ada.save()
    wish(ada)
    return ada


def wish(reader, how="daily", **hours) -> None:
    change_preferences(user_id=reader.pk, by=reader, mail=dict.fromkeys(OPTIONAL, how), **hours)


def tell(reader, text="Something happened.", **given) -> Notification:
    words = {"kind": "bid_submitted", "path": "/profile/"} | given
    notify(to=reader, text=Words.of_others(text), **words)
    return Notification.objects.latest("pk")


def take_in() -> None:
    """The bells of what was told are answered."""
    deliver_due_notifications()


def to(reader) -> list:
    return [letter for letter in mail.outbox if letter.to == [reader.email]]


# --- The mail of a day ---------------------------------------------------------------------------


def test_what_is_wanted_once_a_day_comes_in_one_mail_at_the_readers_hour(ada, at):
    tell(ada, "Ben bids.")
    take_in()
    at("2026-06-02T05:59:00+00:00")
    tell(ada, "Cleo bids.", path="/other/")
    take_in()
    deliver_due_digests()
    assert to(ada) == []

    at("2026-06-02T06:00:30+00:00")
    deliver_due_digests()
    deliver_due_digests()

    (letter,) = to(ada)
    assert letter.subject == "Your day: 2 things happened"
    assert "Ben bids." in letter.body
    assert "Cleo bids." in letter.body
    assert Digest.objects.get().day == date(2026, 6, 2)
    assert all(notice.mailed_at and not notice.mail_due_at for notice in ada.notifications.all())


def test_what_is_obligatory_still_comes_at_once(ada):
    tell(ada, kind="card_refused")
    take_in()

    assert len(to(ada)) == 1


def test_nothing_happened_no_mail(ada, at):
    at("2026-06-02T07:00:00+00:00")
    deliver_due_digests()

    assert mail.outbox == []


def test_it_is_grouped_by_what_it_belongs_to_and_says_nothing_twice(ada, ben, cleo, at):
    lamps, shelves = open_posting(ada, title="Lamps"), open_posting(ada, title="Shelves")
    first = submitted_bid(lamps, ben)
    submitted_bid(shelves, ben)
    for letter in ("Better.", "Better still.", "Best."):
        edit_bid(bid_id=first.pk, by=ben, letter=letter)
    submitted_bid(lamps, cleo)
    take_in()
    at("2026-06-02T06:01:00+00:00")
    deliver_due_digests()

    body = to(ada)[0].body
    of_lamps, _, of_shelves = body.partition("Shelves\n")
    assert "Lamps\n" in of_lamps
    assert of_lamps.count("\n- ") == 3  # two bids, and the last of the three changes
    assert f"\n{of_shelves}".count("\n- ") == 1
    assert all(notice.mailed_at for notice in ada.notifications.all())


def test_news_of_different_things_on_one_page_all_stand_in_it(ada, ben, cleo, at):
    posting = open_posting(ada)
    contract = active_contract(ada, ben, [30_000, 50_000])
    for who, reason in ((ben, "I am booked out."), (cleo, "It is not my field.")):
        asked = invite_person(posting_id=posting.pk, whom=who.email, by=ada)
        decline_invitation(invitation_id=asked.pk, by=who, reason=reason)
    for milestone in contract.milestones.order_by("place"):
        start_work(milestone_id=fund(milestone).pk, by=ben)
    take_in()
    at("2026-06-02T06:01:00+00:00")
    deliver_due_digests()

    body = " ".join(to(ada)[-1].body.split())
    for said in ("booked out", "not my field", "work on “Part 1”", "work on “Part 2”"):
        assert said in body


def test_what_has_gone_since_is_left_out(ada, ben, at):
    bid = submitted_bid(open_posting(ada), ben)
    read, unwanted = tell(ada, "Read meanwhile."), tell(ada, "A message.", kind="message_written")
    take_in()
    withdraw_bid(bid_id=bid.pk, by=ben)
    take_in()
    read_notification(notification_id=read.pk, by=ada)
    change_preferences(user_id=ada.pk, by=ada, mail={"message_written": "never"})
    at("2026-06-02T06:01:00+00:00")
    deliver_due_digests()

    (letter,) = to(ada)
    assert letter.body.count("\n- ") == 1
    assert "withdr" in letter.subject
    why = dict(ada.notifications.values_list("kind", "mail_called_off").exclude(mail_called_off=""))
    assert why["message_written"] == "Its reader wants no mail of this kind."
    read.refresh_from_db()
    assert read.mail_called_off == "It was read in the house."
    assert unwanted.mailed_at is None


def test_when_all_has_gone_there_is_no_mail(ada, ben, later, at):
    milestone = funded_milestone(ada, ben)
    later(days=13.1)
    tell_reminders()
    take_in()
    submit_work(milestone_id=milestone.pk, by=ben, note="Here.")
    later(days=1)
    deliver_due_digests()

    reminder = ada.notifications.get(kind="due_in_7_days")
    assert "was delivered" in reminder.mail_called_off
    assert not [letter for letter in to(ada) if "summary" in letter.body]
    assert Digest.objects.get(recipient=ada).due_at is None


def test_a_long_day_is_cut_and_says_so(ada, at):
    for number in range(55):
        tell(ada, f"Thing {number}.", path=f"/{number}/")
    take_in()
    at("2026-06-02T06:01:00+00:00")
    deliver_due_digests()

    assert "And 5 more" in to(ada)[0].body
    assert "Thing 4." not in to(ada)[0].body


def test_a_longer_day_costs_no_more_queries(ada, ben, at):
    def cost(day: int, many: int) -> int:
        posting = open_posting(ada)
        for number in range(many):
            submitted_bid(posting, person(f"Bidder {day} {number}"))
        Notification.objects.exclude(recipient=ada).update(mail_due_at=None)
        take_in()
        at(f"2026-06-{day:02}T06:01:00+00:00")
        with CaptureQueriesContext(connection) as queries:
            deliver_due_digests()
        return len(queries)

    assert cost(2, 1) == cost(3, 7)
    assert len(to(ada)) == 2


# --- Never two for one day -----------------------------------------------------------------------


def test_another_hour_brings_no_second_mail_for_a_day(ada, at):
    tell(ada)
    take_in()
    at("2026-06-02T06:01:00+00:00")
    deliver_due_digests()
    wish(ada, digest_hour=18)
    tell(ada, path="/later/")
    take_in()

    at("2026-06-02T16:01:00+00:00")
    deliver_due_digests()
    assert len(to(ada)) == 1
    at("2026-06-03T16:01:00+00:00")
    deliver_due_digests()
    assert len(to(ada)) == 2


def test_what_is_told_while_a_mail_is_on_its_way_waits_for_the_next(ada, at):
    tell(ada)
    take_in()
    at("2026-06-02T06:01:00+00:00")
    digest = Digest.objects.get()
    services._claim(digest.pk, lambda told: {it.pk: "" for it in told})

    late = tell(ada, path="/late/")
    services.put_into_digest(late)

    assert late.digest.day == date(2026, 6, 3)


def test_postgresql_keeps_one_for_a_day(ada):
    Digest.objects.create(recipient=ada, day=date(2026, 6, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Digest.objects.create(recipient=ada, day=date(2026, 6, 1))


@pytest.mark.django_db(transaction=True)
def test_eight_beats_send_one_mail(ada, at):
    tell(ada)
    take_in()
    at("2026-06-02T06:01:00+00:00")

    at_once(*[deliver_due_digests] * 8)

    assert len(to(ada)) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_all_eight_take_it(ada, at, monkeypatch):
    tell(ada)
    take_in()
    at("2026-06-02T06:01:00+00:00")
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **how: rows)
    meet_after(monkeypatch, services, "_still_wanted")

    digest = Digest.objects.get()
    deliver = {"digest_id": digest.pk, "judge": lambda told: {it.pk: "" for it in told}}
    outcomes = outcomes_at_once(*[lambda: services.deliver_digest(**deliver)] * 8)

    # Whoever comes when one has noted that it left is stopped by PostgreSQL, and by nothing else.
    stopped = [it for it in outcomes if isinstance(it, IntegrityError)]
    assert len(to(ada)) + len(stopped) == 8


@pytest.mark.django_db(transaction=True)
def test_eight_notices_at_once_wait_for_the_same_mail(ada, at):
    for number in range(8):
        tell(ada, f"Thing {number}.", path=f"/{number}/")

    outcomes = outcomes_at_once(*[deliver_due_notifications] * 8)

    assert not [it for it in outcomes if isinstance(it, BaseException)]
    assert Digest.objects.count() == 1
    assert ada.notifications.filter(digest=Digest.objects.get()).count() == 8


@pytest.mark.parametrize(
    ("day", "hour", "moment"),
    [
        ("2026-03-28", 8, "2026-03-28T07:00"),
        ("2026-03-29", 8, "2026-03-29T06:00"),
        ("2026-03-29", 2, "2026-03-29T01:00"),  # skipped: three o'clock is next
        ("2026-10-25", 2, "2026-10-25T00:00"),  # shown twice: the first
        ("2026-10-25", 0, "2026-10-24T22:00"),
    ],
)
def test_the_wall_clock_says_when(day, hour, moment):
    found = moment_of(date.fromisoformat(day), hour, ZoneInfo("Europe/Berlin"))

    assert found == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Apia", "America/New_York", "UTC"])
@pytest.mark.parametrize("hour", [0, 2, 8, 23])
def test_each_day_has_one_moment_and_they_follow_each_other(zone, hour):
    start = datetime(2011, 1, 1, tzinfo=UTC)
    days = days_after(start, hour, ZoneInfo(zone))
    found = [next(days) for _ in range(400)]

    assert len({day for day, _ in found}) == 400
    moments = [moment for _, moment in found]
    assert moments == sorted(moments)
    assert moments[0] - start <= timedelta(days=1)
    assert all(b - a <= timedelta(hours=25) for a, b in itertools.pairwise(moments))


@pytest.mark.django_db
def test_the_hour_that_is_there_twice_brings_one_mail(ada, at):
    wish(ada, digest_hour=2)
    at("2026-10-24T20:00:00+00:00")
    tell(ada)
    take_in()
    at("2026-10-25T00:01:00+00:00")  # two o'clock for the first time
    deliver_due_digests()
    tell(ada, path="/between/")
    take_in()
    at("2026-10-25T01:01:00+00:00")  # and for the second
    deliver_due_digests()

    assert len(to(ada)) == 1


# --- When it fails -------------------------------------------------------------------------------


def test_a_mail_of_a_day_is_tried_again_and_given_up_in_the_end(ada, at, settings, later):
    settings.EMAIL_BACKEND = f"{__name__}.DeadServer"
    notice = tell(ada)
    take_in()
    for _ in range(len(PATIENCE) + 2):
        later(days=2)
        deliver_due_digests()

    notice.refresh_from_db()
    assert notice in given_up_mails()
    assert (notice.mail_attempts, notice.mail_failure) == (len(PATIENCE), "gone")
    assert Digest.objects.get().due_at is None


def test_it_leaves_once_the_mail_server_is_back(ada, at, settings):
    settings.EMAIL_BACKEND = f"{__name__}.DeadServer"
    tell(ada)
    take_in()
    at("2026-06-02T06:01:00+00:00")
    deliver_due_digests()
    settings.EMAIL_BACKEND = WORKING
    at("2026-06-02T06:05:00+00:00")
    deliver_due_digests()

    assert len(to(ada)) == 1
    assert not given_up_mails().exists()


def test_what_was_refused_for_good_waits_for_the_next_mail_when_the_desk_tries_again(
    ada, dora, at, settings
):
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    notice = tell(ada)
    take_in()
    at("2026-06-02T06:01:00+00:00")
    deliver_due_digests()
    assert notice in given_up_mails()

    settings.EMAIL_BACKEND = WORKING
    retry_mail(notification_id=notice.pk, by=dora)
    take_in()
    assert to(ada) == []
    at("2026-06-03T06:01:00+00:00")
    deliver_due_digests()
    assert len(to(ada)) == 1


def test_a_mail_of_a_day_that_comes_back_takes_all_of_it_along(ada, at):
    tell(ada)
    tell(ada, path="/other/")
    take_in()
    at("2026-06-02T06:01:00+00:00")
    deliver_due_digests()

    name = Digest.objects.get().public_id
    assert name in to(ada)[0].extra_headers["Message-ID"]
    assert note_bounce(public_id=name, retries=0, reason="550 No.")
    assert given_up_mails().count() == 2
    assert not note_bounce(public_id=name, retries=0, reason="550 No.")


def test_who_has_left_gets_none(ada, at):
    tell(ada)
    take_in()
    ada.is_active = False
    ada.save()
    at("2026-06-02T06:01:00+00:00")
    deliver_due_digests()

    assert mail.outbox == []
    assert Notification.objects.get().mail_called_off == "Its reader has left."


# --- Choosing ------------------------------------------------------------------------------------


def test_one_click_ends_the_mail_of_a_day_and_nothing_else(ada, client, at):
    change_preferences(user_id=ada.pk, by=ada, mail={"bid_lapsed": "at_once"})
    tell(ada)
    take_in()
    at("2026-06-02T06:01:00+00:00")
    deliver_due_digests()
    link = to(ada)[0].extra_headers["List-Unsubscribe"].strip("<>")
    path = "/unsubscription/" + link.partition("/unsubscription/")[2]

    assert "No more summaries?" in client.get(path).text
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    chosen = MailPreferences.objects.get(user=ada)
    assert chosen.daily == []
    assert set(chosen.muted) == set(OPTIONAL) - {"bid_lapsed"}


def test_the_api_says_and_changes_how(ada):
    answer = api_of(ada).patch(
        "/api/v1/notifications/preferences/",
        {"mail": {"bid_lapsed": "at_once", "bid_edited": "never"}, "digest_hour": 23},
    )

    assert answer.status_code == 200
    how = {kind["kind"]: kind["mail"] for kind in answer.json()["kinds"]}
    assert (how["bid_lapsed"], how["bid_edited"], how["work_started"]) == (
        "at_once",
        "never",
        "daily",
    )
    assert answer.json()["digest_hour"] == 23


@pytest.mark.parametrize(
    "wrong", [{"digest_hour": 24}, {"muted": ["bid_lapsed"], "daily": ["bid_lapsed"]}]
)
def test_postgresql_refuses_a_choice_that_cannot_be(ada, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        MailPreferences.objects.filter(user=ada).update(**wrong)
