"""What is wanted, as a difference from how the contract stands: a list of plain data.

Each change names a milestone by its ``position`` in the agreement, and has one of

- ``amount``, ``due_at``, ``criteria``: each ``{"from": …, "to": …}``, any of them,
- ``drop``: true, for a milestone that is cancelled, and
- ``add``: ``title``, ``amount``, ``due_at`` and ``criteria`` of a milestone that is new.

Amounts are minor units, times ISO 8601.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import BOTH
from marketplace.common.money import checked_amount
from marketplace.common.text import checked_line
from payments.escrow.adjusting.rules import checked_price
from payments.escrow.facts import facts_of_each
from payments.policies.fees import check_payable, quote
from payments.policies.selectors import minimum_milestone
from projects.bids.terms import (
    LONGEST_MILESTONE_TITLE,
    MAX_MILESTONES,
    checked_criteria,
)
from projects.contracts.models import Contract
from projects.milestones.adjusting.rules import checked_due
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of, judge_step

Change = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """What somebody wants of one milestone; of a new one where ``milestone`` is empty.

    What is None stays as it is.
    """

    milestone: str = ""
    drop: bool = False
    title: str = ""
    amount: int | None = None
    due_at: datetime | None = None
    criteria: list[str] | None = None


@dataclass(frozen=True)
class Effect:
    """What accepting moves at once, and what has to be paid in afterwards; minor units with fees.

    ``price`` is what the contract is about then.
    """

    price: int = 0
    returned: int = 0
    missing: int = 0
    by_position: dict[int, tuple[int, int]] = field(default_factory=dict)


def planned_changes(contract: Contract, wishes: Sequence[Wish]) -> list[Change]:
    """The wishes as changes, each of them one that could be made now.

    Raises InvalidInput with ``changes[1].amount`` as the field at fault, or WrongState for a
    milestone that cannot be changed.
    """
    known = {one.public_id: one for one in _milestones_of(contract)}
    if not wishes:
        raise InvalidInput("Change something.", param="changes")
    named = [wish.milestone for wish in wishes if wish.milestone]
    if len(named) != len(set(named)):
        raise InvalidInput("Name each milestone once.", param="changes")
    changes: list[Change] = []
    positions = [one.position for one in known.values()]
    for place, wish in enumerate(wishes):
        param = f"changes[{place}]"
        if not wish.milestone:
            change = _addition(contract, wish, max(positions) + 1, param)
            positions.append(change["position"])
        elif wish.milestone not in known:
            raise InvalidInput("The contract has no such milestone.", param=f"{param}.milestone")
        else:
            change = _difference(known[wish.milestone], wish, param)
        changes.append(change)
    _check_as_a_whole(known.values(), changes)
    return changes


def effect_of(contract: Contract, changes: Sequence[Change]) -> Effect:
    """What accepting them would do now. Raises as ``judge_changes`` does."""
    milestones = judge_changes(contract, changes)
    facts = facts_of_each(one.escrow for one in milestones.values())
    by_position: dict[int, tuple[int, int]] = {}
    price = sum(one.amount for one in milestones.values() if one.closed_at is None)
    for change in changes:
        position = change["position"]
        if "add" in change:
            total = quote([change["add"]["amount"]], contract.policy).client_pays
            by_position[position] = (0, total)
            price += change["add"]["amount"]
            continue
        one = milestones[position]
        held = facts[one.escrow_id].held
        if "drop" in change:
            by_position[position] = (held, 0)
            price -= one.amount
        elif "amount" in change:
            new = checked_price(change["amount"]["to"], one.escrow, held=held, param="amount")
            by_position[position] = (new.returned, new.missing)
            price += new.price - one.amount
    return Effect(
        price=price,
        returned=sum(back for back, _ in by_position.values()),
        missing=sum(more for _, more in by_position.values()),
        by_position=by_position,
    )


def judge_changes(contract: Contract, changes: Sequence[Change]) -> dict[int, Milestone]:
    """Whether each could be made now; the contract's milestones by their position.

    Raises WrongState where a milestone is not what it was when the change was proposed, or cannot
    be changed any more.
    """
    milestones = {one.position: one for one in _milestones_of(contract)}
    for change in changes:
        if "add" in change:
            if change["position"] in milestones:
                raise WrongState("Another milestone was added meanwhile.", code="changed_meanwhile")
            checked_due(datetime.fromisoformat(change["add"]["due_at"]), None, param="due_at")
            continue
        one = milestones[change["position"]]
        judge_step(one, "cancel_agreed" if "drop" in change else "adjust", BOTH)
        for name in ("amount", "criteria"):
            if name in change and change[name]["from"] != getattr(one, name):
                raise WrongState(
                    f"“{one.title}” was changed since this was proposed.", code="changed_meanwhile"
                )
        if "due_at" in change:
            checked_due(datetime.fromisoformat(change["due_at"]["to"]), one, param="due_at")
    return milestones


def _difference(milestone: Milestone, wish: Wish, param: str) -> Change:
    if wish.title:
        raise InvalidInput("The title of a milestone stays.", param=f"{param}.title")
    if wish.drop:
        judge_step(milestone, "cancel_agreed", BOTH)
        if milestone.escrow.released:
            raise InvalidInput(
                "A part of it was released: propose to end it by consent instead.",
                param=f"{param}.drop",
            )
        return {"position": milestone.position, "drop": True}
    judge_step(milestone, "adjust", BOTH)
    change: Change = {"position": milestone.position}
    if wish.amount is not None and wish.amount != milestone.amount:
        held = facts_of_each([milestone.escrow])[milestone.escrow_id].held
        new = checked_price(wish.amount, milestone.escrow, held=held, param=f"{param}.amount")
        change["amount"] = {"from": milestone.amount, "to": new.price}
    if wish.due_at is not None and wish.due_at != due_of(milestone):
        due_at = checked_due(wish.due_at, milestone, param=f"{param}.due_at")
        change["due_at"] = {"from": due_of(milestone).isoformat(), "to": due_at.isoformat()}
    if wish.criteria is not None:
        criteria = checked_criteria(wish.criteria, f"{param}.criteria")
        if criteria != milestone.criteria:
            change["criteria"] = {"from": milestone.criteria, "to": criteria}
    if len(change) == 1:
        raise InvalidInput("That is how it stands already.", param=param)
    return change


def _addition(contract: Contract, wish: Wish, position: int, param: str) -> Change:
    if wish.drop:
        raise InvalidInput("Name the milestone to drop.", param=f"{param}.milestone")
    title = checked_line(wish.title, param=f"{param}.title", longest=LONGEST_MILESTONE_TITLE)
    if wish.amount is None:
        raise InvalidInput("Say what it costs.", param=f"{param}.amount")
    if wish.due_at is None:
        raise InvalidInput("Say when it is due.", param=f"{param}.due_at")
    amount = checked_amount(wish.amount, param=f"{param}.amount")
    least = minimum_milestone(contract.policy, contract.currency)
    if amount < least:
        raise InvalidInput("That is less than a milestone may cost.", param=f"{param}.amount")
    check_payable(
        amount, currency=contract.currency, policy=contract.policy, param=f"{param}.amount"
    )
    return {
        "position": position,
        "add": {
            "title": title,
            "amount": amount,
            "due_at": checked_due(wish.due_at, None, param=f"{param}.due_at").isoformat(),
            "criteria": checked_criteria(wish.criteria or [], f"{param}.criteria"),
        },
    }


def _check_as_a_whole(milestones: Any, changes: Sequence[Change]) -> None:
    added = sum("add" in change for change in changes)
    dropped = {change["position"] for change in changes if "drop" in change}
    left = [one for one in milestones if one.closed_at is None and one.position not in dropped]
    if not left and not added:
        raise InvalidInput(
            "Nothing would be left to do. End the milestones by consent instead.", param="changes"
        )
    if len(left) + added > MAX_MILESTONES:
        raise InvalidInput(
            f"A contract has at most {MAX_MILESTONES} open milestones.", param="changes"
        )


def _milestones_of(contract: Contract) -> list[Milestone]:
    found = contract.milestones.select_related("escrow__policy").order_by("position")
    for one in found:
        one.contract = contract
    return list(found)
