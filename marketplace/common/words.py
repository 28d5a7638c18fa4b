"""What is told is kept as data, and put into words for each reader in their own language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from babel.dates import format_datetime
from babel.lists import format_list
from babel.numbers import format_decimal
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext

from marketplace.common.money import in_words
from marketplace.common.text import cut_line

_PLACE = re.compile(r"%\((\w+)\)s")
# What somebody wrote is kept up to here: a sentence is for a subject line, the whole is on a page.
_LONGEST_VALUE = 300


@dataclass(frozen=True)
class Money:
    """An amount in minor units of its currency, to be said as the reader writes it."""

    amount: int
    currency: str


@dataclass(frozen=True)
class _Manner:
    """How a language writes a moment, its own names of zones, days, hours and minutes, and whose
    way of listing things it follows.
    """

    moment: str
    zones: Mapping[str, str]
    units: tuple[str, str, str]
    lists: str


# One for each of settings.LANGUAGES.
MANNERS = {
    "en": _Manner("d MMMM y, HH:mm", {}, ("d", "h", "min"), lists="en_GB"),
    "de": _Manner(
        "d. MMMM y, HH:mm 'Uhr'",
        {"CET": "MEZ", "CEST": "MESZ"},
        ("Tg.", "Std.", "Min."),
        lists="de",
    ),
}


class Words:
    """``Words("%(who)s bid %(price)s.", who="Ben", price=Money(90_000, "EUR"))``.

    A whole sentence in English, under which the catalogues in ``locale/`` know it, and its values:
    names and what others wrote (as it is), counts, Money, moments, lengths of time, other Words,
    and lists of these. ``str()`` says it in the active language, by the clock of the active zone.
    Sentences are added to each other; they are never made of pieces. A per cent sign is written
    twice.
    """

    def __init__(self, english: str, /, **values: "Value") -> None:
        self.english = english
        self.many = ""
        self.values: Mapping[str, Value] = values
        self.then: Words | None = None

    @classmethod
    def counted(cls, one: str, many: str, /, *, count: int, **values: "Value") -> "Words":
        """With the words for one thing and for many; ``count`` says which."""
        words = cls(one, count=count, **values)
        words.many = many
        return words

    @classmethod
    def of_others(cls, words: str) -> "Words":
        """What somebody wrote, as it is."""
        return cls("%(words)s", words=words)

    def filled(self, **values: "Value") -> "Words":
        """With those of the values that its words name, beside those that it has."""
        places = _places(self.english) | _places(self.many)
        more = {name: value for name, value in values.items() if name in places}
        filled = Words(self.english, **{**self.values, **more})
        filled.many, filled.then = self.many, self.then and self.then.filled(**values)
        return filled

    def __add__(self, other: "Words") -> "Words":
        """This one, and then the other."""
        both = Words(self.english, **self.values)
        both.many, both.then = self.many, self.then + other if self.then else other
        return both

    def __str__(self) -> str:
        count = self.values.get("count")
        if self.many and isinstance(count, int):
            words = ngettext(self.english, self.many, count)
        else:
            words = gettext(self.english)
        said = words % {name: _said(value) for name, value in self.values.items()}
        return f"{said} {self.then}" if self.then else said

    def __repr__(self) -> str:
        return f"Words({self.english!r}, **{self.values!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and self.as_json() == other.as_json()

    def __hash__(self) -> int:
        return hash(self.english)

    def as_json(self) -> dict[str, Any]:
        """For a column. Raises ValueError where a place in its words has no value."""
        if missing := (_places(self.english) | _places(self.many)) - set(self.values):
            raise ValueError(f"{self.english!r} says nothing for {', '.join(sorted(missing))}.")
        kept: dict[str, Any] = {"words": self.english}
        if self.many:
            kept["many"] = self.many
        if self.values:
            kept["values"] = {name: _kept(value) for name, value in self.values.items()}
        if self.then:
            kept["then"] = self.then.as_json()
        return kept

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "Words":
        values = {name: _unkept(value) for name, value in kept.get("values", {}).items()}
        words = cls(kept["words"], **values)
        words.many = kept.get("many", "")
        words.then = cls.of_json(kept["then"]) if "then" in kept else None
        return words


Value = str | int | datetime | timedelta | Money | Words | tuple["Value", ...]


def said_moment(moment: datetime) -> str:
    """By the clock on the reader's wall, with its zone: 3 December 2026, 15:00 CET (Europe/Berlin);
    in German 3. Dezember 2026, 15:00 Uhr MEZ (Europe/Berlin). To programs, and where nobody is
    known to read it: 3 December 2026, 14:00 UTC.
    """
    zone, manner = timezone.get_current_timezone(), MANNERS[_language()]
    local = moment.astimezone(zone)
    wall = format_datetime(local, manner.moment, locale=_language())
    name = local.tzname() or ""
    name = manner.zones.get(name, name)
    return f"{wall} {name}" if str(zone) == "UTC" else f"{wall} {name} ({zone})"


def said_money(amount: int, currency: str) -> str:
    """100001 in EUR → €1,000.01; in German 1.000,01 €."""
    return in_words(amount, currency, locale=_language())


def said_length(length: timedelta) -> str:
    """In whole minutes and at least one: 2 h 10 min; in German 2 Std. 10 Min."""
    minutes = max(1, round(length / timedelta(minutes=1)))
    counts = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = zip(counts, MANNERS[_language()].units, strict=True)
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def _language() -> str:
    language = get_language()
    return language if language in MANNERS else settings.LANGUAGE_CODE


@cache
def _places(words: str) -> frozenset[str]:
    return frozenset(_PLACE.findall(words))


def _said(value: Value) -> str:
    if isinstance(value, Money):
        return said_money(value.amount, value.currency)
    if isinstance(value, datetime):
        return said_moment(value)
    if isinstance(value, timedelta):
        return said_length(value)
    if isinstance(value, tuple):
        return format_list([_said(one) for one in value], locale=MANNERS[_language()].lists)
    if isinstance(value, int):
        return format_decimal(value, locale=_language())
    return str(value)


def _kept(value: Value) -> Any:
    if isinstance(value, Money):
        return {"amount": value.amount, "currency": value.currency}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, timedelta):
        return {"seconds": value.total_seconds()}
    if isinstance(value, Words):
        return value.as_json()
    if isinstance(value, tuple):
        return [_kept(one) for one in value]
    return cut_line(value, _LONGEST_VALUE) if isinstance(value, str) else value


def _unkept(kept: Any) -> Value:
    if isinstance(kept, list):
        return tuple(_unkept(one) for one in kept)
    if not isinstance(kept, dict):
        return kept
    if "amount" in kept:
        return Money(**kept)
    if "at" in kept:
        return datetime.fromisoformat(kept["at"])
    if "seconds" in kept:
        return timedelta(seconds=kept["seconds"])
    return Words.of_json(kept)
