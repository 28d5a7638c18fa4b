"""A change of the agreement as the pages show it."""

from typing import Any

from projects.agreements.changes.ending import ended_parts, total_of
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.selectors import effect_now, open_steps
from projects.agreements.changes.words import lines_of
from projects.bids.differences import Line
from projects.contracts.models import Contract


def shown_change(order: ChangeOrder, role: str) -> dict[str, Any]:
    """An open change as both sides read it: the difference, the money, the buttons."""
    contract = order.contract
    effect, refusal = effect_now(order)
    names = {"client": contract.client.name, "freelancer": contract.freelancer.name}
    is_mine = order.proposed_by_role == role
    other = next(name for side, name in names.items() if side != order.proposed_by_role)
    return {
        "order": order,
        "lines": difference(contract, order.changes),
        "ended": shown_end(contract, order.changes) if order.is_ending else None,
        "effect": effect,
        "refusal": refusal,
        "is_mine": is_mine,
        "proposer": names[order.proposed_by_role],
        "answerer": other,
        "steps": open_steps(order, role),
    }


def shown_end(contract: Contract, changes: list[dict[str, Any]]) -> dict[str, Any]:
    """The end of a contract as a table: what each milestone brings both sides, and the sums."""
    milestones = contract.milestones.select_related("escrow__policy").order_by("place")
    parts = ended_parts(milestones, changes)
    return {"parts": parts, "held": sum(one.held for one in parts), "total": total_of(parts)}


def difference(contract: Contract, changes: list[dict[str, Any]]) -> list[Line]:
    """Line by line, under the titles of the milestones."""
    titles = dict(contract.milestones.values_list("position", "title"))
    return lines_of(changes, titles=titles, currency=contract.currency)
