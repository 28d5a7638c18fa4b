"""How a change differs from the one that it answers: what each would make of the agreement."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.common.money import in_words
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.words import PARTS, lines_of
from projects.bids.differences import WHOLE, Line, criteria_differences

Change = dict[str, Any]

# What the answer leaves alone. It names no value: money that comes late moves a date, and what goes
# on from another milestone a price, while the first of the two waits.
STANDS = "as it stands"


def since_countered(order: ChangeOrder, titles: Mapping[int, str]) -> list[Line] | None:
    """Line by line; nothing where both say the same, None where it answers no other."""
    if order.counters is None:
        return None
    return changed_since(
        order.counters.changes, order.changes, titles=titles, currency=order.contract.currency
    )


def changed_since(
    before: Sequence[Change],
    after: Sequence[Change],
    *,
    titles: Mapping[int, str],
    currency: str,
) -> list[Line]:
    """What would be by the first of two proposals, and what by the second; each as ``planning.py``
    describes it. ``titles`` of milestones by their position.
    """
    ends = [any("end" in one for one in changes) for changes in (before, after)]
    if ends[0] != ends[1]:
        goes = ["ends" if it_ends else "goes on" for it_ends in ends]
        whole = Line(WHOLE, "The contract", *goes)
        return [whole, *lines_of(after, titles=titles, currency=currency)]
    was, now = (
        {one["position"]: one for one in changes if "add" not in one} for changes in (before, after)
    )
    lines: list[Line] = []
    for position in now | was:
        pair = was.get(position, {}), now.get(position, {})
        lines += _of_one(titles.get(position, ""), *pair, currency)
    return lines + _of_new_ones(before, after, currency)


def _of_one(title: str, was: Change, now: Change, currency: str) -> list[Line]:
    if "end" in was or "end" in now:
        parts = [
            in_words(one["end"]["to_freelancer"], currency) if one else "" for one in (was, now)
        ]
        return [Line(title, "To the freelancer", *parts)] if parts[0] != parts[1] else []
    if ("drop" in was) == ("drop" in now):
        return _of_parts(title, was, now, currency)
    kept = ["dropped" if "drop" in one else "kept" for one in (was, now)]
    # What was wanted of it besides is off with the drop, or with what takes its place.
    return [Line(title, "Milestone", *kept), *_of_parts(title, {}, now, currency)]


def _of_parts(title: str, was: Change, now: Change, currency: str) -> list[Line]:
    lines = []
    for name, (what, say) in PARTS.items():
        if name in was or name in now:
            before = was[name]["to"] if name in was else now[name]["from"]
            pair = say(before, currency), say(now[name]["to"], currency) if name in now else STANDS
            if pair[0] != pair[1]:
                lines.append(Line(title, what, *pair))
    if "criteria" in was or "criteria" in now:
        # Nothing but a change order touches these, and no other one is accepted meanwhile.
        lines += criteria_differences(
            title,
            was["criteria"]["to"] if "criteria" in was else now["criteria"]["from"],
            now["criteria"]["to"] if "criteria" in now else was["criteria"]["from"],
        )
    return lines


def _of_new_ones(before: Sequence[Change], after: Sequence[Change], currency: str) -> list[Line]:
    """Those of the same title are the same one."""
    left = [one for one in before if "add" in one]
    lines: list[Line] = []
    for one in after:
        if "add" not in one:
            continue
        title = one["add"]["title"]
        same = next((was for was in left if was["add"]["title"] == title), None)
        if same is None:
            lines += lines_of([one], titles={}, currency=currency)
        else:
            left.remove(same)
            lines += _of_parts(title, _as_changed(same), _as_changed(one), currency)
    return lines + [Line(one["add"]["title"], "Milestone", "added", "not added") for one in left]


def _as_changed(addition: Change) -> Change:
    """What is new, as if it were a change of what stands already."""
    new = addition["add"]
    parts = {name: {"to": new[name]} for name in ("amount", "due_at", "criteria")}
    return parts | {"place": addition.get("place", {"to": "last"})}
