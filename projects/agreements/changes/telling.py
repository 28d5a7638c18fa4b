"""Who hears of a change: the timeline, and the other side."""

from marketplace.common.lifecycle import CLIENT
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.words import in_short
from projects.contracts.models import Contract
from projects.contracts.roles import Actor
from projects.contracts.services import record, tell_side


def record_order(order: ChangeOrder, kind: str, *, by: Actor, **detail: str) -> None:
    record(order.contract, kind, by=by, about=order, terms=in_short(order.changes), **detail)


def name_of(contract: Contract, role: str) -> str:
    return contract.client.name if role == CLIENT else contract.freelancer.name


def tell_of(order: ChangeOrder, role: str, kind: str, text: str) -> None:
    """Notify the side of this role; it is called off where the order's reason has gone."""
    tell_side(order.contract, role, kind, text, about=order.public_id)
