"""What people are told: kept as data, said in the language of who reads it, by the clock there."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import settings as played
from hypothesis.strategies import datetimes, just, timezone_keys

from marketplace.common import clock
from marketplace.common.words import MANNERS, Money, Words
from tests.test_house import SOURCES, name_of

MOMENT = datetime(2026, 12, 3, 14, tzinfo=UTC)
OTHERS = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def said(words: Words, language: str = "en", zone: str = "UTC") -> str:
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        return str(words)


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        ("Ada", "Ada", "Ada"),
        (1_234, "1,234", "1.234"),
        (Money(100_001, "EUR"), "€1,000.01", "1.000,01\xa0€"),
        (Money(1_000, "JPY"), "¥1,000", "1.000\xa0¥"),
        (
            MOMENT,
            "3 December 2026, 15:00 CET (Europe/Berlin)",
            "3. Dezember 2026, 15:00 Uhr MEZ (Europe/Berlin)",
        ),
        (
            datetime(2026, 7, 3, 14, tzinfo=UTC),
            "3 July 2026, 16:00 CEST (Europe/Berlin)",
            "3. Juli 2026, 16:00 Uhr MESZ (Europe/Berlin)",
        ),
        (timedelta(days=1, hours=2, minutes=10), "1 d 2 h 10 min", "1 Tg. 2 Std. 10 Min."),
        (timedelta(seconds=5), "1 min", "1 Min."),
        (("1", "2", "4"), "1, 2 and 4", "1, 2 und 4"),
        (Words("No longer available"), "No longer available", "Nicht mehr verfügbar"),
        (
            Words("“%(title)s” is open again.", title="X"),
            "“X” is open again.",
            "„X“ ist wieder offen.",
        ),
    ],
)
def test_each_value_is_written_as_its_reader_writes_it(value, english, german):
    words = Words("%(value)s", value=value)

    for kept in (words, Words.of_json(words.as_json())):
        assert said(kept, zone="Europe/Berlin") == english
        assert said(kept, "de", zone="Europe/Berlin") == german


def test_a_moment_names_its_zone_once():
    assert said(Words("%(at)s", at=MOMENT)) == "3 December 2026, 14:00 UTC"
    assert said(Words("%(at)s", at=MOMENT), "de") == "3. Dezember 2026, 14:00 Uhr UTC"


@pytest.mark.parametrize(
    ("zone", "wall"),
    [
        ("Asia/Kathmandu", "3 December 2026, 19:45 +0545 (Asia/Kathmandu)"),
        ("Pacific/Kiritimati", "4 December 2026, 04:00 +14 (Pacific/Kiritimati)"),
        ("America/New_York", "3 December 2026, 09:00 EST (America/New_York)"),
    ],
)
def test_the_day_is_that_of_the_reader_too(zone, wall):
    assert said(Words("%(at)s", at=MOMENT), zone=zone) == wall


def test_the_hour_that_is_there_twice_says_which():
    first, second = (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    )
    words = Words("%(first)s and %(second)s", first=first, second=second)

    assert said(words, zone="Europe/Berlin") == (
        "25 October 2026, 02:30 CEST (Europe/Berlin) and 25 October 2026, 02:30 CET (Europe/Berlin)"
    )


# Which zones there are is read from the disk the first time: no time is kept.
@played(deadline=None)
@given(
    moment=datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=just(UTC)),
    zone=timezone_keys(),
)
def test_any_moment_is_the_same_moment_on_any_wall(moment, zone):
    wall = moment.astimezone(ZoneInfo(zone))

    assert said(Words("%(at)s", at=moment), zone=zone).startswith(f"{wall:%-d %B %Y, %H:%M} ")
    assert said(Words("%(at)s", at=moment)) == clock.said(moment)


@pytest.mark.parametrize(
    ("count", "english", "german"),
    [
        (1, "1 price", "1 Preis"),
        (2, "2 prices", "2 Preise"),
        (1_000, "1,000 prices", "1.000 Preise"),
    ],
)
def test_one_is_counted_as_one(count, english, german):
    words = Words.counted("%(count)s price", "%(count)s prices", count=count)
    kept = Words.of_json(words.as_json())

    assert (said(kept), said(kept, "de")) == (english, german)


def test_sentences_follow_each_other_and_are_filled_together():
    both = Words("%(other)s gets %(gets)s.") + Words("You get %(gets)s.") + Words("No money moves.")
    filled = both.filled(other="Ben", gets=Money(5, "EUR"), nobody_asked="for this")

    kept = Words.of_json(filled.as_json())
    assert kept == filled
    assert said(kept) == "Ben gets €0.05. You get €0.05. No money moves."
    assert said(kept, "de") == "Ben erhält 0,05\xa0€. Sie erhalten 0,05\xa0€. Es fließt kein Geld."
    assert "nobody_asked" not in str(filled.as_json())


def test_what_somebody_wrote_is_never_translated_nor_read_as_a_place():
    for wrote in ("No longer available", "100 % sure", "%(title)s", "%"):
        assert said(Words.of_others(wrote), "de") == wrote


def test_a_place_without_a_value_is_refused_when_it_is_written_and_not_when_it_is_read():
    with pytest.raises(ValueError, match="says nothing for title"):
        Words("“%(title)s” is open again.").as_json()


def test_what_somebody_wrote_is_kept_up_to_a_line():
    kept = Words.of_others("Subject\r\nBcc: x@example.com " + "y" * 500).as_json()

    assert len(kept["values"]["words"]) == 300
    assert "\n" not in kept["values"]["words"]


# --- The catalogues ------------------------------------------------------------------------------

# Labels of lists that stand marked by gettext_noop; and the machinery and the samples themselves.
NAMED_ELSEWHERE = {
    "marketplace/common/reasons.py",
    "marketplace/common/words.py",
    "payments/reconciliation/running/services.py",
    "projects/agreements/downtime/services.py",
    "projects/disputes/services.py",
    "projects/disputes/silence/services.py",
    "projects/management/mails/values.py",
}
# They say what the deeds say, which another test compares.
SAMPLES = {
    f"projects/management/mails/{name}.py" for name in ("samples", "money_samples", "values")
}


MARKS = {"Words", "Words.counted", "gettext_noop"}


def calls_in(source) -> Iterator[ast.Call]:
    for call in ast.walk(ast.parse(source.read_text())):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in MARKS:
            yield call


def sentences_in(source) -> set[str]:
    return {
        given.value
        for call in calls_in(source)
        for given in call.args
        if isinstance(given, ast.Constant) and isinstance(given.value, str)
    }


@cache
def every_sentence() -> set[str]:
    return set().union(*(sentences_in(it) for it in SOURCES if name_of(it) not in SAMPLES))


def catalogue_of(language: str) -> dict[str, Message]:
    """By each sentence; that of many things by both of its forms."""
    path = settings.BASE_DIR / "locale" / language / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        messages = [message for message in read_po(file, locale=language) if message.id]
    return {
        english: message
        for message in messages
        for english in ([message.id] if isinstance(message.id, str) else message.id)
    }


def places_in(sentence: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", sentence))


def test_sentences_are_written_where_the_catalogues_find_them():
    found = {
        name_of(source)
        for source in SOURCES
        for call in calls_in(source)
        if not isinstance(call.args[0] if call.args else None, ast.Constant)
    }
    assert found == NAMED_ELSEWHERE


def test_every_language_has_its_manners():
    assert set(MANNERS) == {code for code, _ in settings.LANGUAGES}


@pytest.mark.parametrize("language", OTHERS)
def test_everything_that_is_told_is_translated_with_the_same_places(language):
    catalogue, told = catalogue_of(language), every_sentence()
    assert len(told) > 180, "the search itself must find something"

    assert sorted(told - set(catalogue)) == []
    for english, message in catalogue.items():
        said = [message.string] if isinstance(message.string, str) else message.string
        assert not message.fuzzy, english
        for words in said:
            assert words, english
            assert places_in(words) == places_in(english), english
            assert words % dict.fromkeys(places_in(words), ""), english


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_says_nothing_that_nobody_says_any_more(language):
    templates = "\n".join(
        path.read_text() for path in (settings.BASE_DIR / "templates").rglob("*") if path.is_file()
    )
    plain = re.sub(r"{{ (\w+) }}", r"%(\1)s", templates)

    gone = [it for it in catalogue_of(language) if it not in every_sentence() and it not in plain]
    assert gone == []
