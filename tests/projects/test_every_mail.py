"""Every mail that the house can send: two parts that say the same, and nothing that is fetched."""

import ast
import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.management import call_command
from hypothesis import given
from hypothesis.strategies import datetimes, just, timezone_keys

from accounts.notifications.preferences.kinds import OPTIONAL
from accounts.notifications.services import notify
from marketplace.common import clock
from marketplace.common.lifecycle_sql import lifecycles
from payments.chargebacks.words import NOTICES
from projects.management.mails import rendering
from projects.management.mails.rendering import every_mail
from projects.management.mails.samples import SAMPLES
from projects.milestones import reminders
from projects.milestones.limits.services import AHEAD
from projects.reasons.rules import REASONS
from tests.world import api_of

MAILS = dict(every_mail())
# Whoever is told is told through one of these; the kind is a word among what they are given.
TELLS = {
    *("notify", "News", "tell_other_side", "tell_side", "tell_payee", "record_and_tell"),
    *("_tell", "_tell_client", "_tell_freelancer", "_answered"),
}
ROOMS = [settings.BASE_DIR / floor for floor in ("accounts", "payments", "projects")]


def kinds_in(source: Path) -> Iterator[str]:
    """The kinds that stand in this source as they are: those that are put together are not seen."""
    for call in ast.walk(ast.parse(source.read_text())):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if name not in TELLS:
            continue
        for said in [*call.args, *(it.value for it in call.keywords if it.arg == "kind")]:
            word = str(getattr(said, "value", ""))
            if isinstance(said, ast.Constant) and re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", word):
                yield word


def test_every_kind_has_a_sample():
    found = {
        kind
        for room in ROOMS
        for source in room.rglob("*.py")
        if "migrations" not in source.parts
        for kind in kinds_in(source)
    }
    assert len(found) > 40, "the search itself must find something"
    wanted = found | set(OPTIONAL) | set(REASONS) | set(reminders.KINDS) | set(AHEAD)
    told_by_sweeps = {
        step.tells
        for _, lifecycle in lifecycles()
        for step in lifecycle.steps.values()
        if lifecycle.noun in {"contract", "proposal", "change order", "payout"} and step.tells
    }
    assert sorted((wanted | told_by_sweeps) - set(SAMPLES)) == []
    assert set(NOTICES.values()) <= set(SAMPLES)


def words_of(page: str) -> str:
    """What somebody reads of a page, as one line."""
    body = page.partition("<body>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


@pytest.mark.parametrize("name", MAILS)
def test_both_parts_say_the_same_and_lead_to_the_same_places(name):
    mail = MAILS[name]
    page, kind = mail.alternatives[0]
    read, links = words_of(page), set(re.findall(r'href="([^"]+)"', html.unescape(page)))

    assert kind == "text/html"
    assert mail.subject
    said = re.sub(r"https?://\S+", "\n", mail.body)
    for line in said.replace("\n- ", "\n").split("\n"):
        words = " ".join(line.split()).rstrip(":").strip("·- ")
        assert words in read, words
    assert links == set(re.findall(r"https?://\S+", mail.body))


@pytest.mark.parametrize("name", MAILS)
def test_nothing_is_fetched_and_it_is_read_in_the_dark(name):
    page = MAILS[name].alternatives[0][0]

    for fetched in ("<img", "<link", "<script", "url(", "@import", "src=", "<iframe"):
        assert fetched not in page
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "prefers-color-scheme: dark" in page
    assert page.count("<table") == page.count('<table role="presentation"') == 2
    assert len(page) < 60_000  # beyond 102 KB mail programs cut


@pytest.mark.parametrize("name", MAILS)
def test_what_is_optional_ends_by_one_click_and_nothing_else_does(name):
    headers = MAILS[name].extra_headers

    is_optional = name in OPTIONAL or name == "digest"
    assert ("List-Unsubscribe" in headers) == is_optional
    assert ("No more" in MAILS[name].body) == is_optional
    if is_optional:
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert headers["List-Unsubscribe"].strip("<>") in MAILS[name].body


def test_what_people_wrote_is_never_markup():
    evil = '<b>&amp;</b> <a href="https://evil.example">'
    reader = rendering.User(email="ada@example.com", name=evil)
    page = rendering.letter_of(rendering._notice(reader, "bid_submitted", evil)).alternatives[0][0]

    assert "<b>" not in page
    assert "evil.example" not in re.sub(r"&lt;a href=.{0,60}", "", page)


def test_no_link_is_made_of_what_a_stranger_says():
    said = rendering._GIVEN | {"user_agent": "https://evil.example"}
    page = rendering.letters.render("account/email/password_changed", **said).html

    assert "https://evil.example" in page
    assert 'href="https://evil.example' not in page


def test_they_can_be_looked_at(tmp_path, capsys):
    call_command("show_mails", str(tmp_path))

    assert f"{len(MAILS)} mails" in capsys.readouterr().out
    assert len(list(tmp_path.glob("*.html"))) == len(list(tmp_path.glob("*.txt"))) == len(MAILS)


# --- By the reader's clock -----------------------------------------------------------------------

DUE = "3 December 2026, 14:00 UTC"


@pytest.mark.parametrize("name", [kind for kind, text in SAMPLES.items() if DUE in text])
def test_times_are_those_of_the_readers_wall(name):
    mail = MAILS[name]

    for said in (mail.subject, mail.body, words_of(mail.alternatives[0][0])):
        assert "3 December 2026, 15:00 CET (Europe/Berlin)" in said
        assert "UTC" not in said


def test_the_mail_of_a_day_and_of_the_account_say_the_zone_too():
    for name in ("digest", "password_changed"):
        mail = MAILS[name]
        for said in (mail.body, words_of(mail.alternatives[0][0])):
            assert "3 December 2026, 15:00 CET" in said
            assert "UTC" not in said


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("UTC", "3 December 2026, 14:00 UTC"),
        ("Asia/Kathmandu", "3 December 2026, 19:45 +0545 (Asia/Kathmandu)"),
        ("Pacific/Kiritimati", "4 December 2026, 04:00 +14 (Pacific/Kiritimati)"),
        ("America/New_York", "3 December 2026, 09:00 EST (America/New_York)"),
    ],
)
def test_the_day_is_that_of_the_reader_too(zone, said):
    assert clock.as_read_in(f"Answer by {DUE}; or not.", ZoneInfo(zone)) == (
        f"Answer by {said}; or not."
    )


def test_the_hour_that_is_there_twice_says_which():
    first = clock.said(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    second = clock.said(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))

    read = clock.as_read_in(f"{first} and {second}", ZoneInfo("Europe/Berlin"))
    assert read == (
        "25 October 2026, 02:30 CEST (Europe/Berlin) and 25 October 2026, 02:30 CET (Europe/Berlin)"
    )


@pytest.mark.parametrize(
    "words",
    [
        "31 February 2026, 14:00 UTC",
        "3 Brumaire 2026, 14:00 UTC",
        "3 December 2026, 25:00 UTC",
        "31 December 9999, 23:59 UTC",
        "13 December 20261, 14:00 UTC",
        "3 December 2026",
        "",
    ],
)
def test_what_only_looks_like_a_time_stays_as_it_is(words):
    assert clock.as_read_in(words, ZoneInfo("Asia/Tokyo")) == words


@given(
    moment=datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=just(UTC)),
    zone=timezone_keys(),
)
def test_any_moment_is_the_same_moment_on_any_wall(moment, zone):
    moment = moment.replace(second=0, microsecond=0)
    read = clock.as_read_in(clock.said(moment), ZoneInfo(zone))

    wall = moment.astimezone(ZoneInfo(zone))
    assert read.startswith(f"{wall:%-d %B %Y, %H:%M} ")


@pytest.mark.django_db
def test_notices_are_read_by_the_same_clock_in_the_house(ada, client):
    ada.time_zone = "Europe/Berlin"
    ada.save()
    notify(to=ada, kind="contract_offered", text=f"Answer by {DUE}.", path="/")
    client.force_login(ada)

    assert "Answer by 3 December 2026, 15:00 CET (Europe/Berlin)." in client.get("/notices/").text
    # Programs have their own clocks.
    (found,) = api_of(ada).get("/api/v1/notifications/").json()["results"]
    assert found["text"] == f"Answer by {DUE}."
