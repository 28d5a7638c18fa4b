"""A change of the agreement as the pages show it."""

from typing import Any

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
        "effect": effect,
        "refusal": refusal,
        "is_mine": is_mine,
        "proposer": names[order.proposed_by_role],
        "answerer": other,
        "steps": open_steps(order, role),
    }


def difference(contract: Contract, changes: list[dict[str, Any]]) -> list[Line]:
    """Line by line, under the titles of the milestones."""
    titles = dict(contract.milestones.values_list("position", "title"))
    return lines_of(changes, titles=titles, currency=contract.currency)
