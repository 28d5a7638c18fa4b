"""Changes of an agreement in words: what was, and what would be."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import add
from typing import Any

from django.utils import timezone

from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import in_words
from marketplace.common.words import Money, Words
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.planning import Effect
from projects.bids.differences import Line, criteria_differences


def lines_of(
    changes: Sequence[dict[str, Any]], *, titles: Mapping[int, str], currency: str
) -> list[Line]:
    """Every difference on a line of its own; ``titles`` of milestones by their position."""
    lines: list[Line] = []
    for change in changes:
        title = titles.get(change["position"], "")
        if "add" in change:
            lines += _added(change["add"], change.get("place"), currency)
        elif "drop" in change:
            lines += _dropped(title, change["drop"], currency)
        elif "end" in change:
            lines.append(_ended(title, change["end"], currency))
        else:
            lines += _changed(title, change, currency)
    return lines


def _added(new: dict[str, Any], place: dict[str, int] | None, currency: str) -> list[Line]:
    title = new["title"]
    at = [Line(title, "Place", after=f"{place['to']}")] if place else []
    return [
        Line(title, "Milestone", after=title),
        *at,
        Line(title, "Price", after=in_words(new["amount"], currency)),
        Line(title, "Due", after=_moment(new["due_at"])),
        *(Line(title, "Done means", after=criterion) for criterion in new["criteria"]),
    ]


def _dropped(title: str, drop: Any, currency: str) -> list[Line]:
    lines = [Line(title, "Milestone", before=title)]
    if drop is True:  # as it was proposed before it named the money
        return lines
    lines.append(Line(title, "Price", before=in_words(drop["amount"], currency)))
    if drop["held"]:
        held = in_words(drop["held"], currency)
        lines.append(Line(title, "Held", before=held, after="all of it back to the client"))
    return lines


def _ended(title: str, end: dict[str, int], currency: str) -> Line:
    if not end["held"]:
        return Line(title, "Held", before="nothing", after="it is cancelled")
    part = in_words(end["to_freelancer"], currency)
    after = f"{part} of the price to the freelancer, the rest back"
    return Line(
        title,
        "Held",
        before=in_words(end["held"], currency),
        after=after if end["to_freelancer"] else "all of it back to the client",
    )


def _changed(title: str, change: dict[str, Any], currency: str) -> list[Line]:
    lines = []
    for name, (what, say) in PARTS.items():
        if part := change.get(name):
            lines.append(Line(title, what, say(part["from"], currency), say(part["to"], currency)))
    if criteria := change.get("criteria"):
        lines += criteria_differences(title, criteria["from"], criteria["to"])
    return lines


def counted(changes: Sequence[dict[str, Any]]) -> tuple[Words, ...]:
    """How many there are of each sort: 2 prices; 1 date."""
    kinds = Counter(kind for change in changes for kind in change)
    kinds["place"] = sum("place" in change and "add" not in change for change in changes)
    said = {
        "amount": Words.counted("%(count)s price", "%(count)s prices", count=kinds["amount"]),
        "due_at": Words.counted("%(count)s date", "%(count)s dates", count=kinds["due_at"]),
        "criteria": Words.counted(
            "%(count)s list of criteria", "%(count)s lists of criteria", count=kinds["criteria"]
        ),
        "revisions": Words.counted(
            "%(count)s number of revisions",
            "%(count)s numbers of revisions",
            count=kinds["revisions"],
        ),
        "place": Words.counted(
            "%(count)s milestone moved", "%(count)s milestones moved", count=kinds["place"]
        ),
        "add": Words.counted(
            "%(count)s milestone added", "%(count)s milestones added", count=kinds["add"]
        ),
        "drop": Words.counted(
            "%(count)s milestone dropped", "%(count)s milestones dropped", count=kinds["drop"]
        ),
        "end": Words.counted(
            "%(count)s milestone ends", "%(count)s milestones end", count=kinds["end"]
        ),
    }
    return tuple(said[kind] for kind in said if kinds[kind])


def in_short(changes: Sequence[dict[str, Any]]) -> str:
    """For a line of the timeline: '2 prices, 1 date'."""
    return ", ".join(map(str, counted(changes)))


def money_in_words(effect: Effect, currency: str, role: str, *, client: str) -> Words:
    """What accepting moves, for the reader."""
    paid, returned, missing = (
        Money(amount, currency) for amount in (effect.paid, effect.returned, effect.missing)
    )
    said = []
    if effect.paid and role == CLIENT:
        said.append(Words("The freelancer gets %(amount)s after fees.", amount=paid))
    elif effect.paid:
        said.append(Words("You get %(amount)s after fees.", amount=paid))
    if effect.returned and role == CLIENT:
        said.append(Words("You get %(amount)s back at once.", amount=returned))
    elif effect.returned:
        said.append(Words("%(who)s gets %(amount)s back at once.", who=client, amount=returned))
    if effect.missing and role == CLIENT:
        said.append(Words("You pay %(amount)s more before work is handed in.", amount=missing))
    elif effect.missing:
        said.append(
            Words(
                "%(who)s pays %(amount)s more before work is handed in.",
                who=client,
                amount=missing,
            )
        )
    if effect.is_unguarded:
        said.append(
            Words("Until it is paid, what is handed in already is not approved by silence.")
        )
    return reduce(add, said) if said else Words("No money moves.")


def noun_of(order: ChangeOrder) -> str:
    """What is proposed, before “of” and the contract's title."""
    return "ending" if order.is_ending else "change"


def _moment(moment: str) -> str:
    """By the reader's own clock, which is named: what is signed is a minute, and no day."""
    return f"{timezone.localtime(datetime.fromisoformat(moment)):%-d %b %Y, %H:%M %Z}"


# Of a milestone, what a change says ``from`` and ``to`` of: what it is called, and how it is said.
PARTS: dict[str, tuple[str, Callable[[Any, str], str]]] = {
    "place": ("Place", lambda place, _: f"{place}"),
    "amount": ("Price", in_words),
    "due_at": ("Due", lambda moment, _: _moment(moment)),
    "revisions": ("Revisions included", lambda times, _: f"{times}"),
}
