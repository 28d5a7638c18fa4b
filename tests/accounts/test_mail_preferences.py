"""Choosing what is mailed, and when not; and the click at the foot of a mail."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.test import Client

from accounts.notifications.mailing.selectors import given_up_mails
from accounts.notifications.models import Notification
from accounts.notifications.preferences import services
from accounts.notifications.preferences.kinds import OPTIONAL, URGENT
from accounts.notifications.preferences.models import MailPreferences
from accounts.notifications.preferences.quiet import quiet_until
from accounts.notifications.preferences.services import change_preferences, unsubscribe
from accounts.notifications.preferences.unsubscribing import token_of
from accounts.notifications.selectors import unread_of
from accounts.notifications.services import News, notify, notify_each, read_notification
from accounts.parties.selectors import own_party_of
from marketplace.common import clock
from marketplace.common.errors import InvalidInput, NotAllowed
from marketplace.common.words import Words
from projects.tasks import deliver_due_notifications, deliver_notification
from tests.races import at_once, meet_after
from tests.world import api_of

pytestmark = pytest.mark.django_db

PAGE, API = "/account/notices/", "/api/v1/notifications/preferences/"
LIST = "/api/v1/notifications/"


@pytest.fixture
def at(monkeypatch):
    """Set the marketplace's clock to this moment."""

    def move(moment: str):
        wanted = datetime.fromisoformat(moment)
        monkeypatch.setattr(clock, "_offset", clock.offset() + (wanted - clock.now()))

    return move


def tell(person, kind="bid_submitted") -> Notification:
    notify(to=person, kind=kind, text=Words("Something happened."), path="/profile/")
    return Notification.objects.latest("pk")


def mute(person, *kinds):
    change_preferences(user_id=person.pk, by=person, mail=dict.fromkeys(kinds, "never"))


def be_quiet(person, start="22:00", end="07:00", zone="Europe/Berlin"):
    person.time_zone = zone
    person.save()
    quiet = {"quiet_from": time.fromisoformat(start), "quiet_to": time.fromisoformat(end)}
    change_preferences(user_id=person.pk, by=person, **quiet)


def deliver(notice: Notification) -> Notification:
    deliver_notification(notification_id=notice.pk)
    notice.refresh_from_db()
    return notice


# --- Kinds ---------------------------------------------------------------------------------------


def test_a_kind_that_is_switched_off_is_told_in_the_house_only(ada, mailoutbox):
    mute(ada, "bid_submitted")

    notice = deliver(tell(ada))
    deliver(tell(ada, "bid_withdrawn"))

    assert len(mailoutbox) == 1
    assert (notice.mailed_at, notice.mail_due_at) == (None, None)
    assert notice in ada.notifications.all()
    assert not given_up_mails().exists()  # nothing failed


def test_what_is_switched_on_again_is_mailed_again(ada, mailoutbox):
    mute(ada, "bid_submitted")
    change_preferences(user_id=ada.pk, by=ada, mail={"bid_submitted": "at_once"})

    deliver(tell(ada))

    assert len(mailoutbox) == 1


@pytest.mark.parametrize("kind", ["card_refused", "review_half_over", "due_now", "a_new_kind", ""])
def test_what_is_obligatory_cannot_be_switched_off(ada, kind):
    with pytest.raises(InvalidInput) as refusal:
        mute(ada, "bid_submitted", kind)

    assert (refusal.value.code, refusal.value.param) == ("not_optional", "mail")
    assert not MailPreferences.objects.filter(user=ada).exists()  # all or nothing


def test_nobody_chooses_for_somebody_else(ada, ben):
    with pytest.raises(NotAllowed):
        change_preferences(user_id=ada.pk, by=ben, mail={"bid_submitted": "never"})


def test_nothing_is_both_urgent_and_optional():
    assert not URGENT & set(OPTIONAL)


@pytest.mark.django_db(transaction=True)
def test_eight_choices_at_once_all_count(ada):
    kinds = list(OPTIONAL)[:8]

    assert at_once(*[lambda kind=kind: mute(ada, kind) for kind in kinds]) == ["done"] * 8

    assert ada.mail_preferences.muted == sorted(kinds)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_choices_at_once_are_lost(ada, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **how: rows)
    mute(ada)
    meet_after(monkeypatch, services, "_lock_preferences")
    kinds = list(OPTIONAL)[:8]

    at_once(*[lambda kind=kind: mute(ada, kind) for kind in kinds])

    assert len(ada.mail_preferences.muted) < 8


# --- In the house --------------------------------------------------------------------------------


def leave_uncounted(person, *kinds):
    change_preferences(user_id=person.pk, by=person, in_app=dict.fromkeys(kinds, False))


def test_a_kind_that_does_not_count_is_kept_in_the_list_and_mailed_as_chosen(
    ada, client, mailoutbox
):
    leave_uncounted(ada, "bid_submitted")
    kept, other = deliver(tell(ada)), deliver(tell(ada, "bid_withdrawn"))

    assert unread_of(ada) == 1
    assert [notice.is_unread for notice in (kept, other)] == [False, True]
    assert set(ada.notifications.all()) == {kept, other}
    assert kept.read_at is None, "nobody has read it"
    assert len(mailoutbox) == 2
    client.force_login(ada)
    page = client.get("/notices/").content.decode()
    assert page.count("Unread:") == 1 and kept.public_id in page
    assert "Notices, 1 unread" in client.get("/").content.decode()
    told = {it["id"]: it["is_counted"] for it in api_of(ada).get(LIST).json()["results"]}
    assert told == {kept.public_id: False, other.public_id: True}


def test_what_does_not_count_any_more_leaves_the_badge_at_once(ada):
    tell(ada), tell(ada, "bid_withdrawn")
    assert unread_of(ada) == 2
    leave_uncounted(ada, "bid_submitted")
    assert unread_of(ada) == 1


def test_what_counts_again_counts_from_the_next_one_on(ada):
    leave_uncounted(ada, "bid_submitted")
    tell(ada)
    change_preferences(user_id=ada.pk, by=ada, in_app={"bid_submitted": True})
    tell(ada)
    assert unread_of(ada) == 1


def test_who_is_told_at_once_with_others_keeps_their_own_choice(ada, ben):
    leave_uncounted(ada, "due_in_1_day")
    news = [
        News(own_party_of(who), "due_in_1_day", Words("It is due."), "/profile/")
        for who in (ada, ben)
    ]
    notify_each(news)
    assert [unread_of(who) for who in (ada, ben)] == [0, 1]


@pytest.mark.parametrize("kind", ["card_refused", "review_half_over", "due_now", "a_new_kind", ""])
def test_what_is_obligatory_counts_always(ada, kind):
    with pytest.raises(InvalidInput, match="always comes") as refusal:
        leave_uncounted(ada, "bid_submitted", kind)
    assert (refusal.value.code, refusal.value.param) == ("not_optional", "in_app")
    assert not MailPreferences.objects.filter(user=ada).exists()
    # Also where a row says otherwise, as one may that is older than the rule.
    MailPreferences.objects.create(user=ada, uncounted=[kind])
    tell(ada, kind)
    assert unread_of(ada) == 1


# --- Quiet hours ---------------------------------------------------------------------------------


def test_quiet_hours_hold_a_mail_back_until_the_readers_morning(ada, at, mailoutbox):
    be_quiet(ada)
    at("2026-01-15T22:30:00+00:00")  # half past eleven in Berlin

    notice = deliver(tell(ada, "dispute_opened"))

    assert mailoutbox == []
    assert notice.mail_due_at == datetime(2026, 1, 16, 6, tzinfo=UTC)
    assert notice.mail_attempts == 0
    at("2026-01-16T06:00:01+00:00")
    deliver_due_notifications()
    deliver_due_notifications()
    assert len(mailoutbox) == 1


def test_by_day_mail_leaves_at_once(ada, at, mailoutbox):
    be_quiet(ada)
    at("2026-01-15T12:00:00+00:00")

    deliver(tell(ada))

    assert len(mailoutbox) == 1


@pytest.mark.parametrize("kind", sorted(URGENT))
def test_what_is_urgent_does_not_wait(ada, at, mailoutbox, kind):
    be_quiet(ada)
    at("2026-01-15T22:30:00+00:00")

    deliver(tell(ada, kind))

    assert len(mailoutbox) == 1


def test_a_mail_that_was_held_back_and_is_unwanted_by_the_morning_never_leaves(ada, at):
    be_quiet(ada)
    at("2026-01-15T22:30:00+00:00")
    read, muted, money = tell(ada, "work_started"), tell(ada), tell(ada, "payouts_held")
    deliver_due_notifications()

    for notice in (read, money):
        read_notification(notification_id=notice.pk, by=ada)
    mute(ada, "bid_submitted")
    at("2026-01-16T06:00:01+00:00")
    deliver_due_notifications()

    assert len(mail.outbox) == 1  # about the money, though it was read
    assert deliver(read).mailed_at is None and deliver(muted).mailed_at is None
    assert deliver(money).mailed_at is not None


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "start", "end", "over"),
    [
        ("2026-01-15T12:00+01:00", "22:00", "07:00", None),
        ("2026-01-15T22:00+01:00", "22:00", "07:00", "2026-01-16T07:00+01:00"),
        ("2026-01-15T06:59+01:00", "22:00", "07:00", "2026-01-15T07:00+01:00"),
        ("2026-01-15T07:00+01:00", "22:00", "07:00", None),
        ("2026-01-15T13:30+01:00", "13:00", "14:00", "2026-01-15T14:00+01:00"),
        ("2026-01-15T23:30+01:00", "22:00", "00:00", "2026-01-16T00:00+01:00"),
        # The clocks go forward from two to three on March 29th: the morning comes an hour sooner.
        ("2026-03-28T23:00+01:00", "22:00", "07:00", "2026-03-29T07:00+02:00"),
        # An end that is skipped.
        ("2026-03-29T01:30+01:00", "22:00", "02:30", "2026-03-29T03:30+02:00"),
        # They go back from three to two on October 25th: the night is an hour longer.
        ("2026-10-24T23:00+02:00", "22:00", "07:00", "2026-10-25T07:00+01:00"),
        # Half past two comes twice, and after the first it is quiet again from two to half past.
        ("2026-10-25T02:15+02:00", "22:00", "02:30", "2026-10-25T02:30+02:00"),
        ("2026-10-25T02:45+02:00", "22:00", "02:30", None),
        ("2026-10-25T02:15+01:00", "22:00", "02:30", "2026-10-25T02:30+01:00"),
    ],
)
def test_the_wall_clock_says_when_the_quiet_is_over(moment, start, end, over):
    until = quiet_until(
        datetime.fromisoformat(moment),
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        zone=BERLIN,
    )

    assert until == (over and datetime.fromisoformat(over))


def test_no_mail_waits_longer_than_the_longest_quiet_and_the_hour_of_a_change():
    moment, step = datetime(2026, 10, 24, tzinfo=UTC), timedelta(minutes=15)
    for _ in range(200):
        until = quiet_until(moment, start=time(20), end=time(8), zone=BERLIN)
        assert until is None or timedelta(0) < until - moment <= timedelta(hours=13)
        moment += step


@pytest.mark.parametrize(
    ("quiet", "param"),
    [
        ({"quiet_from": time(22)}, "quiet_to"),
        ({"quiet_to": time(7)}, "quiet_from"),
        ({"quiet_from": time(7), "quiet_to": time(7)}, "quiet_to"),
        ({"quiet_from": time(7), "quiet_to": time(22)}, "quiet_to"),
    ],
)
def test_hours_that_make_no_sense_are_refused(ada, quiet, param):
    with pytest.raises(InvalidInput) as refusal:
        change_preferences(user_id=ada.pk, by=ada, **quiet)

    assert refusal.value.param == param


def test_the_database_keeps_no_half_of_a_night(ada):
    with pytest.raises(IntegrityError), transaction.atomic():
        MailPreferences.objects.create(user=ada, quiet_from=time(22))


# --- One click -----------------------------------------------------------------------------------


def test_an_optional_mail_brings_its_own_end(ada, client, mailoutbox):
    deliver(tell(ada))
    letter = mailoutbox[0]
    link = letter.extra_headers["List-Unsubscribe"].strip("<>")

    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in letter.body
    path = "/unsubscription/" + link.partition("/unsubscription/")[2]
    assert "Stop these mails" in client.get(path).content.decode()
    assert not MailPreferences.objects.exists()  # a scanner looked

    # As a mail program does it: no cookies, no token against forgery, no redirect.
    for _ in range(2):
        done = client.post(path, {"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
    assert ada.mail_preferences.muted == ["bid_submitted"]


def test_the_click_needs_no_cookie(ada):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(f"/unsubscription/{token_of(ada, 'bid_lapsed')}/").status_code == 200


def test_an_obligatory_mail_has_no_such_link(ada, mailoutbox):
    deliver(tell(ada, "card_refused"))

    assert "List-Unsubscribe" not in mailoutbox[0].extra_headers
    assert "unsubscription" not in mailoutbox[0].body


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_is_not_ours_does_not_exist(ada, client, method):
    good = token_of(ada, "bid_submitted")
    for token in ("x", "a:b", good[:-1], f"x{good}", token_of(ada, "card_refused"), "é"):
        assert getattr(client, method)(f"/unsubscription/{token}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_at_once_on_eight_links_all_count(ada):
    tokens = [token_of(ada, kind) for kind in list(OPTIONAL)[:8]]

    at_once(*[lambda token=token: unsubscribe(token=token) for token in tokens])

    assert len(ada.mail_preferences.muted) == 8


# --- Page and API --------------------------------------------------------------------------------


def filled(**given) -> dict[str, str]:
    """The form of the page as it is sent."""
    here = {f"{kind}-here": "on" for kind in OPTIONAL}
    return dict.fromkeys(OPTIONAL, "at_once") | here | {"digest_hour": "8"} | given


def test_the_page_saves_what_is_chosen(ada, client):
    client.force_login(ada)
    asked = filled(bid_edited="never", bid_lapsed="daily", digest_hour="18")

    answer = client.post(PAGE, asked | {"quiet_from": "22:00", "quiet_to": "06:30"})

    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    chosen = MailPreferences.objects.get(user=ada)
    assert (chosen.muted, chosen.daily, chosen.digest_hour) == (["bid_edited"], ["bid_lapsed"], 18)
    assert (chosen.quiet_from, chosen.quiet_to) == (time(22), time(6, 30))
    page = client.get(PAGE).content.decode()
    assert page.count('value="never" selected') == page.count('value="daily" selected') == 1
    assert 'value="06:30"' in page
    assert "cannot be switched off" in page


def test_the_page_saves_what_counts_as_unread(ada, client):
    client.force_login(ada)
    asked = filled()
    del asked["bid_edited-here"]

    assert client.post(PAGE, asked).status_code == 302

    assert MailPreferences.objects.get(user=ada).uncounted == ["bid_edited"]
    page = client.get(PAGE).content.decode()
    assert page.count(" checked") == len(OPTIONAL) - 1
    assert "it counts as unread until you read it" in page


def test_the_page_says_what_is_wrong_beside_the_field(ada, client):
    client.force_login(ada)

    answer = client.post(PAGE, filled(quiet_from="07:00", quiet_to="22:00"))

    assert answer.status_code == 400
    assert "12 hours at most: our mails" in answer.content.decode()
    for wrong in ({"bid_lapsed": "weekly"}, {"digest_hour": "24"}, {"digest_hour": "noon"}):
        assert client.post(PAGE, filled(**wrong)).status_code == 400
    assert not MailPreferences.objects.exists()


def test_the_api_changes_what_is_given_and_leaves_the_rest(ada):
    program = api_of(ada)

    first = program.patch(API, {"mail": {"bid_lapsed": "never"}}, format="json").json()
    second = program.patch(API, {"quiet_from": "22:00", "quiet_to": "07:00"}, format="json").json()

    assert [k["kind"] for k in first["kinds"] if k["mail"] == "never"] == ["bid_lapsed"]
    assert all(k["in_app"] for k in first["kinds"])
    off = program.patch(API, {"in_app": {"bid_edited": False}}, format="json").json()
    assert [k["kind"] for k in off["kinds"] if not k["in_app"]] == ["bid_edited"]
    on = program.patch(API, {"in_app": {"bid_edited": True}}, format="json").json()
    assert on["kinds"] == first["kinds"]
    assert second["kinds"] == first["kinds"]
    assert (second["quiet_from"], second["quiet_to"]) == ("22:00", "07:00")
    assert second["time_zone"] == "UTC"
    assert program.get(API).json() == second
    none = program.patch(API, {"quiet_from": None, "quiet_to": None}, format="json").json()
    assert none["quiet_from"] is None


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"mail": {"card_refused": "never"}}, "mail"),
        ({"mail": {"bid_lapsed": "perhaps"}}, "mail"),
        ({"mail": {"bid_lapsed": False}}, "mail"),
        ({"mail": []}, "mail"),
        ({"in_app": {"card_refused": False}}, "in_app"),
        ({"in_app": {"bid_lapsed": "perhaps"}}, "in_app"),
        ({"in_app": []}, "in_app"),
        ({"digest_hour": 24}, "digest_hour"),
        ({"digest_hour": -1}, "digest_hour"),
        ({"digest_hour": "noon"}, "digest_hour"),
        ({"quiet_from": "25:00"}, "quiet_from"),
        ({"quiet_from": "22:00"}, "quiet_to"),
    ],
)
def test_the_api_refuses_in_words_with_the_field(ada, body, param):
    answer = api_of(ada).patch(API, body, format="json")

    assert answer.status_code == 400
    assert param in answer.json()["error"]["param"]
    assert not MailPreferences.objects.exists()
