"""Every mail that the house can send: two parts that say the same, and nothing that is fetched."""

import ast
import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from accounts.notifications.preferences.kinds import OPTIONAL
from accounts.notifications.services import notify
from marketplace.common.lifecycle_sql import lifecycles
from marketplace.common.words import Money, Words
from payments.chargebacks.words import NOTICES
from projects.management.mails import rendering
from projects.management.mails.rendering import every_mail
from projects.management.mails.samples import SAMPLES
from projects.milestones import reminders
from projects.milestones.limits.services import AHEAD
from projects.reasons.rules import REASONS
from tests.marketplace.test_words import every_sentence
from tests.world import api_of

MAILS = dict(every_mail())
IN_GERMAN = dict(every_mail(language="de"))
IN_BOTH = [(mails, name) for mails in (MAILS, IN_GERMAN) for name in mails]
# Whoever is told is told through one of these; the kind is a word among what they are given.
TELLS = {
    *("notify", "News", "tell_other_side", "tell_side", "tell_payee", "record_and_tell"),
    *("_tell", "_tell_client", "_tell_freelancer", "_tell_finance", "_answered"),
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


@pytest.mark.parametrize(("mails", "name"), IN_BOTH)
def test_both_parts_say_the_same_and_lead_to_the_same_places(mails, name):
    mail = mails[name]
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
    told = rendering._notice(reader, "bid_submitted", Words.of_others(evil))
    page = rendering.letter_of(told).alternatives[0][0]

    assert "<b>" not in page
    assert "evil.example" not in re.sub(r"&lt;a href=.{0,60}", "", page)


def test_no_link_is_made_of_what_a_stranger_says():
    said = rendering._GIVEN | {"user_agent": "https://evil.example"}
    page = rendering.letters.render("account/email/password_changed", **said).html

    assert "https://evil.example" in page
    assert 'href="https://evil.example' not in page


def test_they_can_be_looked_at(tmp_path, capsys):
    call_command("show_mails", str(tmp_path), language="de")

    assert "Einloggen" in (tmp_path / "account_already_exists.txt").read_text()
    assert f"{len(MAILS)} mails" in capsys.readouterr().out
    assert len(list(tmp_path.glob("*.html"))) == len(list(tmp_path.glob("*.txt"))) == len(MAILS)


# --- By the reader's clock -----------------------------------------------------------------------

DUE = "3 December 2026, 14:00 UTC"


@pytest.mark.parametrize("name", [kind for kind, words in SAMPLES.items() if DUE in str(words)])
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


@pytest.mark.django_db
def test_notices_are_read_by_the_same_clock_in_the_house(ada, client):
    ada.time_zone = "Europe/Berlin"
    ada.save()
    due = datetime(2026, 12, 3, 14, tzinfo=UTC)
    notify(to=ada, kind="contract_offered", text=Words("Answer by %(due)s.", due=due), path="/")
    client.force_login(ada)

    assert "Answer by 3 December 2026, 15:00 CET (Europe/Berlin)." in client.get("/notices/").text
    # Programs have their own clocks.
    (found,) = api_of(ada).get("/api/v1/notifications/").json()["results"]
    assert found["text"] == f"Answer by {DUE}."


# --- In the reader's language --------------------------------------------------------------------

# Words that no German sentence has.
ENGLISH = set("the is are of and your you that for has been with by to it not if this from".split())


def sentences_of(words: Words) -> Iterator[Words]:
    """Each of them, and those in their places."""
    part: Words | None = words
    while part is not None:
        yield part
        for value in part.values.values():
            if isinstance(value, Words):
                yield from sentences_of(value)
        part = part.then


VALUES = {
    kind: [value for words in sentences_of(sample) for value in words.values.values()]
    for kind, sample in SAMPLES.items()
}
# What stands in the samples in nobody's language but its author's, the longest first.
THEIRS = sorted(
    {"Ada Nwosu", *(value for values in VALUES.values() for value in values if type(value) is str)},
    key=len,
    reverse=True,
)


def kinds_with(sort: type) -> list[str]:
    return [kind for kind, values in VALUES.items() if any(type(value) is sort for value in values)]


def texts_of(mail) -> tuple[str, str, str]:
    return str(mail.subject), mail.body, words_of(mail.alternatives[0][0])


@pytest.mark.parametrize("name", IN_GERMAN)
def test_nothing_english_is_left_in_german(name):
    mail = IN_GERMAN[name]

    assert '<html lang="de">' in mail.alternatives[0][0]
    assert mail.subject != MAILS[name].subject
    theirs = re.compile("|".join([*map(re.escape, THEIRS), r"https?://\S+", r"\S+@\S+"]))
    for said in texts_of(mail):
        ours = re.findall(r"[A-Za-z]+", theirs.sub("", said))
        assert {word.lower() for word in ours} & ENGLISH == set()


@pytest.mark.parametrize("kind", kinds_with(Money))
def test_amounts_are_written_as_germans_write_them(kind):
    for said in texts_of(IN_GERMAN[kind]):
        assert re.search(r"\b(1\.000,01|950,01)\s€", said)
        assert "€1" not in said and "€9" not in said


@pytest.mark.parametrize("kind", kinds_with(datetime))
def test_times_are_those_of_a_german_wall(kind):
    for said in texts_of(IN_GERMAN[kind]):
        assert "3. Dezember 2026, 15:00 Uhr MEZ (Europe/Berlin)" in said
        assert "UTC" not in said


@pytest.mark.parametrize("kind", SAMPLES)
def test_samples_say_what_the_deeds_say(kind):
    said = {it for words in sentences_of(SAMPLES[kind]) for it in (words.english, words.many) if it}

    assert said <= every_sentence()
