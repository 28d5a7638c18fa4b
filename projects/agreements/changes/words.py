"""Changes of an agreement in words: what was, and what would be."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import in_words
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
            lines += _added(change["add"], currency)
        elif "drop" in change:
            lines.append(Line(title, "Milestone", before=title))
        elif "end" in change:
            lines.append(_ended(title, change["end"], currency))
        else:
            lines += _changed(title, change, currency)
    return lines


def _added(new: dict[str, Any], currency: str) -> list[Line]:
    title = new["title"]
    return [
        Line(title, "Milestone", after=title),
        Line(title, "Price", after=in_words(new["amount"], currency)),
        Line(title, "Due", after=_day(new["due_at"])),
        *(Line(title, "Done means", after=criterion) for criterion in new["criteria"]),
    ]


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
    if amount := change.get("amount"):
        before, after = (in_words(amount[side], currency) for side in ("from", "to"))
        lines.append(Line(title, "Price", before, after))
    if due := change.get("due_at"):
        lines.append(Line(title, "Due", _day(due["from"]), _day(due["to"])))
    if criteria := change.get("criteria"):
        lines += criteria_differences(title, criteria["from"], criteria["to"])
    return lines


def in_short(changes: Sequence[dict[str, Any]]) -> str:
    """For a line of the timeline: '2 prices, 1 date'."""
    counted = {
        ("price", "prices"): sum("amount" in change for change in changes),
        ("date", "dates"): sum("due_at" in change for change in changes),
        ("list of criteria", "lists of criteria"): sum("criteria" in one for one in changes),
        ("milestone added", "milestones added"): sum("add" in change for change in changes),
        ("milestone dropped", "milestones dropped"): sum("drop" in change for change in changes),
        ("milestone ends", "milestones end"): sum("end" in change for change in changes),
    }
    return ", ".join(f"{n} {one if n == 1 else many}" for (one, many), n in counted.items() if n)


def money_in_words(effect: Effect, currency: str, role: str, *, client: str) -> str:
    """What accepting moves, for the reader."""
    who = "You get" if role == CLIENT else f"{client} gets"
    pays = "You pay" if role == CLIENT else f"{client} pays"
    parts = []
    if effect.paid:
        payee = "The freelancer gets" if role == CLIENT else "You get"
        parts.append(f"{payee} {in_words(effect.paid, currency)} after fees.")
    if effect.returned:
        parts.append(f"{who} {in_words(effect.returned, currency)} back at once.")
    if effect.missing:
        parts.append(f"{pays} {in_words(effect.missing, currency)} more before work is handed in.")
    if effect.is_unguarded:
        parts.append("Until it is paid, what is handed in already is not approved by silence.")
    return " ".join(parts) or "No money moves."


def noun_of(order: ChangeOrder) -> str:
    """What is proposed, before “of” and the contract's title."""
    return "ending" if order.is_ending else "change"


def _day(moment: str) -> str:
    """The day as the reader's own calendar has it."""
    return f"{timezone.localtime(datetime.fromisoformat(moment)):%-d %b %Y}"
