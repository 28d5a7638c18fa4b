"""What the components need to look right: tones of states, relative times, shapes of drawings."""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from marketplace.common import clock

register = template.Library()

# Every state that people see, with its tone: neutral (at rest), info (under way), good (as it
# should be), warn (somebody must act, or money waits), bad (went wrong).
_TONES = {
    "neutral": (
        "draft closed ended expired withdrawn lapsed declined cancelled planned read "
        "refunded partly_refunded superseded archived covered"
    ),
    "info": (
        "open submitted offered proposed pending scheduled sending in_transit requested "
        "answered negotiating shortlisted unknown leaving asked invited"
    ),
    "good": (
        "active awarded accepted completed released paid succeeded funded held_funds settled done "
        "lifted"
    ),
    "warn": (
        "placed returned held requires_action under_review opened appealed split awaiting "
        "partly_funded unverified late"
    ),
    "bad": "disputed upheld failed suspended charged_back refused reversed lost",
}
_TONE_OF = {state: tone for tone, states in _TONES.items() for state in states.split()}
_LABELS = {
    "submitted": "In review",
    "returned": "Changes requested",
    "requires_action": "Needs confirmation",
    "in_transit": "On its way",
    "under_review": "With a mediator",
    "held_funds": "Funds held",
    "partly_refunded": "Partly refunded",
    "charged_back": "Charged back",
}


@register.filter
def as_html(attrs: Any) -> SafeString:
    """A component's other attributes, each value escaped; False and None leave the attribute out.

    Cotton's own way of writing them passes quotes through, so that a text of a stranger could add
    attributes of its own.
    """
    written = [
        format_html("{}", key) if value is True else format_html('{}="{}"', key, value)
        for key, value in attrs.attrs_dict().items()
        if value is not False and value is not None
    ]
    return format_html_join(" ", "{}", ([attribute] for attribute in written))


@register.filter
def tone_of(state: str) -> str:
    """``{{ milestone.status|tone_of }}`` → neutral, info, good, warn or bad."""
    return _TONE_OF.get(str(state), "neutral")


@register.filter
def label_of(state: str) -> str:
    """A state in words: ``in_transit`` → On its way."""
    state = str(state)
    return _LABELS.get(state, state.replace("_", " ").capitalize())


@register.filter
def initials(name: str) -> str:
    """'Ada Lovelace' → AL; an address gives its first letter."""
    words = [word for word in str(name).split("@")[0].split() if word[0].isalnum()]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper() if words else "?"


@register.filter
def tint_of(name: str) -> int:
    """One of six tints, always the same for the same name."""
    return zlib.crc32(str(name).encode()) % 6


@register.filter
def in_relation(moment: datetime | None) -> str:
    """How far a moment is from now, by the marketplace's clock: 'in 3 days', '2 hours ago'."""
    if moment is None:
        return ""
    distance = moment - clock.now()
    if distance >= timedelta(days=1):
        # What was set to a whole number of days a little while ago is still called so.
        distance += timedelta(hours=1)
    words = _span(abs(distance))
    if not words:
        return "now" if distance >= timedelta(0) else "just now"
    return f"in {words}" if distance > timedelta(0) else f"{words} ago"


def _span(distance: timedelta) -> str:
    minutes = int(distance.total_seconds() // 60)
    for size, unit in ((60 * 24 * 365, "year"), (60 * 24 * 30, "month"), (60 * 24, "day")):
        if minutes >= size * (2 if unit != "day" else 1):
            return _count(minutes // size, unit)
    if minutes >= 60:
        return _count(minutes // 60, "hour")
    return _count(minutes, "minute") if minutes else ""


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


@register.filter
def true_minus(text: str) -> str:
    """A minus as wide as a digit, so that columns of amounts stand straight."""
    return str(text).replace("-", "\N{MINUS SIGN}")


@register.filter
def per_mille(part: Any, whole: Any) -> float:
    """The part in tenths of a per cent, kept within 0 and 1000, for the widths of bars."""
    whole = float(whole or 0)
    return round(min(max(1000 * float(part or 0) / whole, 0), 1000), 1) if whole > 0 else 0


@register.filter
def share_per_mille(part: Any, rest: Any) -> float:
    """The part's share of part and rest together, as ``per_mille``."""
    return per_mille(part, float(part or 0) + float(rest or 0))


@register.filter
def share_words(part: Any, whole: Any) -> str:
    """3 of 12 → '25 %', for those who hear the drawing."""
    return f"{round(per_mille(part, whole) / 10)} %"


@register.simple_tag
def trace(values: Sequence[float], width: int = 120, height: int = 32) -> str:
    """The points of a polyline through the values, from left to right."""
    values = [float(value) for value in values]
    if not values:
        return ""
    low, high = min(*values, 0.0), max(*values, 0.0)
    span = (high - low) or 1.0
    step = width / max(len(values) - 1, 1)
    return " ".join(
        f"{index * step:.1f},{height - 1 - (value - low) / span * (height - 2):.1f}"
        for index, value in enumerate(values)
    )


@register.simple_tag
def columns(bars: Sequence[dict[str, Any]], height: int = 100) -> list[dict[str, Any]]:
    """``[{label, value, beside?, text?}, …]`` with the place of each column in a drawing 1000 wide;
    ``beside`` is the value of a second one in the same scale, whose place is in ``second``.
    """
    values = [float(bar[name]) for bar in bars for name in ("value", "beside") if name in bar]
    top = max(values, default=0.0) or 1.0
    room = 1000 / max(len(bars), 1)
    thick = min(room * 0.62, 90)

    def place(value: float, left: float, width: float) -> dict[str, float]:
        tall = max(round(float(value) / top * height, 1), 1)
        return {
            "x": round(left, 1),
            "y": round(height - tall, 1),
            "width": round(width, 1),
            "height": tall,
        }

    drawn = []
    for index, bar in enumerate(bars):
        left, middle = index * room + (room - thick) / 2, round((index + 0.5) * room / 10, 2)
        width = thick / 2 if "beside" in bar else thick
        more: dict[str, Any] = {"middle": middle} | place(bar["value"], left, width)
        if "beside" in bar:
            more["second"] = place(bar["beside"], left + width, width)
        drawn.append(bar | more)
    return drawn
