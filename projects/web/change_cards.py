"""A change of the agreement as the pages show it."""

from collections.abc import Mapping, Sequence
from typing import Any

from projects.agreements.changes.comparing import since_countered
from projects.agreements.changes.ending import ended_parts, total_of
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.outcomes import outcomes_of
from projects.agreements.changes.selectors import effect_now, open_steps, titles_of
from projects.agreements.changes.words import in_short, lines_of
from projects.bids.differences import Line
from projects.contracts.models import Contract

# What is longer is folded: so many lines, so many letters.
_FEW_LINES, _FEW_LETTERS = 6, 600


def shown_change(order: ChangeOrder, role: str) -> dict[str, Any]:
    """An open change as both sides read it: the difference, the money, the buttons."""
    contract = order.contract
    effect, refusal = effect_now(order)
    return _read(order, titles_of(contract)) | {
        "ended": shown_end(contract, order.changes) if order.is_ending else None,
        "effect": effect,
        "refusal": refusal,
        "is_mine": order.proposed_by_role == role,
        "steps": open_steps(order, role),
    }


def shown_rounds(orders: Sequence[ChangeOrder], titles: Mapping[int, str]) -> list[dict[str, Any]]:
    """What was proposed, as both sides read it afterwards: the difference from what stood then,
    which it says itself, and what became of it. ``titles`` of the milestones by their position.
    """
    outcomes = outcomes_of(orders)
    shown = []
    for order in orders:
        one = _read(order, titles)
        letters = len(order.note) + sum(len(line.before + line.after) for line in one["lines"])
        is_long = len(one["lines"]) > _FEW_LINES or letters > _FEW_LETTERS
        told = {"outcome": outcomes[order.pk], "short": in_short(order.changes)}
        shown.append(one | told | {"is_long": is_long})
    return shown


def _read(order: ChangeOrder, titles: Mapping[int, str]) -> dict[str, Any]:
    """Who proposes it to whom, what it changes, and what else than the round that it answers."""
    contract = order.contract
    names = {"client": contract.client.name, "freelancer": contract.freelancer.name}
    return {
        "order": order,
        "lines": lines_of(order.changes, titles=titles, currency=contract.currency),
        "since": since_countered(order, titles),
        "proposer": names[order.proposed_by_role],
        "answerer": next(name for side, name in names.items() if side != order.proposed_by_role),
    }


def shown_end(contract: Contract, changes: list[dict[str, Any]]) -> dict[str, Any]:
    """The end of a contract as a table: what each milestone brings both sides, and the sums."""
    milestones = contract.milestones.select_related("escrow__policy").order_by("place")
    parts = ended_parts(milestones, changes)
    return {"parts": parts, "held": sum(one.held for one in parts), "total": total_of(parts)}


def difference(contract: Contract, changes: list[dict[str, Any]]) -> list[Line]:
    """Line by line, under the titles of the milestones."""
    return lines_of(changes, titles=titles_of(contract), currency=contract.currency)
