"""What is wanted, as a difference from how the contract stands: a list of plain data.

Each change names a milestone by its ``position`` in the agreement, and has one of

- ``amount``, ``due_at``, ``criteria``, ``revisions`` (how many are included), ``place``: each
  ``{"from": …, "to": …}``, any of them,
- ``drop``: for a milestone that is cancelled, its ``amount`` and what is ``held`` for it and goes
  back (in older ones: true),
- ``add``: ``title``, ``amount``, ``due_at`` and ``criteria`` of a milestone that is new; with a
  ``place`` where it is not to stand last, and
- ``end``: ``to_freelancer`` of the price is released and the rest of what is ``held`` goes back;
  ``released`` was so much of it before (missing in older ones: nothing).
  That ends the contract: every open milestone has it then, and no other change stands beside.

Amounts are minor units, times ISO 8601, places counted from one: see ``amending/order.py``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import BOTH
from marketplace.common.money import checked_amount
from marketplace.common.text import checked_line
from payments.chargebacks.selectors import look_for_open_chargebacks
from payments.escrow.adjusting.rules import checked_price
from payments.escrow.division import checked_division
from payments.escrow.facts import MoneyFacts, facts_of_each
from payments.policies.fees import check_payable, quote
from payments.policies.selectors import minimum_milestone
from projects.agreements.changes.ending import checked_as_an_end, share_of
from projects.agreements.changes.moving import check_places
from projects.agreements.changes.reading import refuse_if_changed
from projects.agreements.changes.revising import other_revisions
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

    What is None stays as it is. ``to_freelancer`` of its price, and it ends.
    """

    milestone: str = ""
    drop: bool = False
    title: str = ""
    amount: int | None = None
    due_at: datetime | None = None
    criteria: list[str] | None = None
    revisions: int | None = None
    place: int | None = None
    to_freelancer: int | None = None


@dataclass(frozen=True)
class Effect:
    """What accepting moves at once, and what has to be paid in afterwards; minor units with fees.

    ``paid`` is what the freelancer gets, ``returned`` what the client does. ``price`` is what the
    contract is about then: what is open, and what was released of the rest. ``is_unguarded`` says
    that silence does not approve some work that is handed in, until the missing is paid.
    """

    price: int = 0
    returned: int = 0
    missing: int = 0
    is_unguarded: bool = False
    paid: int = 0


def planned_changes(contract: Contract, wishes: Sequence[Wish], *, seen: str = "") -> list[Change]:
    """The wishes as changes, each of them one that could be made now.

    Raises InvalidInput with ``changes[1].amount`` as the field at fault, or WrongState for a
    milestone that cannot be changed, or where they are not what was ``seen`` (their ``tag_of``).
    """
    known = {one.public_id: one for one in _milestones_of(contract)}
    refuse_if_changed(known.values(), seen)
    facts = _facts_of(known.values())
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
            one = known[wish.milestone]
            change = _difference(one, wish, param, facts=facts[one.escrow_id])
        changes.append(change)
    _check_as_a_whole(known.values(), changes)
    check_places(contract, changes)
    return changes


def effect_of(contract: Contract, changes: Sequence[Change]) -> Effect:
    """What accepting them would do now. Raises as ``judge_changes`` does."""
    milestones = judge_changes(contract, changes)
    facts = _facts_of(milestones.values())
    returned, missing, paid, is_unguarded = 0, 0, 0, False
    price = sum(one.escrow.kept if one.closed_at else one.amount for one in milestones.values())
    for change in changes:
        if "add" in change:
            missing += quote([change["add"]["amount"]], contract.policy).client_pays
            price += change["add"]["amount"]
            continue
        one = milestones[change["position"]]
        held = facts[one.escrow_id].held
        if "drop" in change:
            returned += held
            price -= one.amount
        elif "end" in change:
            shares = share_of(one, change["end"])
            returned, paid = returned + shares.payer, paid + shares.payee
            price += one.escrow.released + change["end"]["to_freelancer"] - one.amount
        elif "amount" in change:
            new = checked_price(change["amount"]["to"], one.escrow, held=held, param="amount")
            returned, missing = returned + new.returned, missing + new.missing
            price += new.price - one.amount
            is_unguarded |= bool(new.missing) and one.status == Milestone.Status.SUBMITTED
    return Effect(price, returned, missing, is_unguarded, paid)


def judge_changes(contract: Contract, changes: Sequence[Change]) -> dict[int, Milestone]:
    """Whether each could be made now; the contract's milestones by their position.

    Raises WrongState where a milestone is not what it was when the change was proposed, or cannot
    be changed any more.
    """
    milestones = {one.position: one for one in _milestones_of(contract)}
    facts = _facts_of(milestones.values())
    for change in changes:
        if "add" in change:
            if change["position"] in milestones:
                raise WrongState("Another milestone was added meanwhile.", code="changed_meanwhile")
            checked_due(datetime.fromisoformat(change["add"]["due_at"]), None, param="due_at")
            continue
        one = milestones[change["position"]]
        if "end" in change:
            judge_step(one, "cancel_agreed", BOTH, facts[one.escrow_id])
            stands = (facts[one.escrow_id].held, one.escrow.released)
            if stands != (change["end"]["held"], change["end"].get("released", 0)):
                raise _moved(one)
            continue
        judge_step(one, "adjust", BOTH, facts[one.escrow_id])
        if "drop" in change:
            _judge_drop(one, change["drop"], held=facts[one.escrow_id].held)
        for name in ("amount", "criteria", "revisions", "place"):
            if name in change and change[name]["from"] != getattr(one, name):
                raise WrongState(
                    f"“{one.title}” was changed since this was proposed.", code="changed_meanwhile"
                )
        if "due_at" in change:
            checked_due(datetime.fromisoformat(change["due_at"]["to"]), one, param="due_at")
    _check_as_a_whole(milestones.values(), changes)
    check_places(contract, changes)
    return milestones


def _judge_drop(milestone: Milestone, drop: Any, *, held: int) -> None:
    if milestone.escrow.released:
        raise WrongState(
            f"A part of “{milestone.title}” was released: it can be ended by consent instead.",
            code="changed_meanwhile",
        )
    if drop is not True and drop != {"amount": milestone.amount, "held": held}:
        raise _moved(milestone)


def _moved(milestone: Milestone) -> WrongState:
    return WrongState(
        f"The money of “{milestone.title}” has moved since this was proposed.",
        code="changed_meanwhile",
    )


def _difference(milestone: Milestone, wish: Wish, param: str, *, facts: MoneyFacts) -> Change:
    if wish.title:
        raise InvalidInput("The title of a milestone stays.", param=f"{param}.title")
    if wish.to_freelancer is not None:
        return _end(milestone, wish, param, held=facts.held)
    judge_step(milestone, "adjust", BOTH, facts)
    if wish.drop:
        if milestone.escrow.released:
            raise InvalidInput(
                "A part of it was released: propose to end it by consent instead.",
                param=f"{param}.drop",
            )
        drop = {"amount": milestone.amount, "held": facts.held}
        return {"position": milestone.position, "drop": drop}
    change: Change = {"position": milestone.position}
    if wish.amount is not None and wish.amount != milestone.amount:
        new = checked_price(wish.amount, milestone.escrow, held=facts.held, param=f"{param}.amount")
        change["amount"] = {"from": milestone.amount, "to": new.price}
    if wish.due_at is not None and wish.due_at != due_of(milestone):
        due_at = checked_due(wish.due_at, milestone, param=f"{param}.due_at")
        change["due_at"] = {"from": due_of(milestone).isoformat(), "to": due_at.isoformat()}
    if wish.criteria is not None:
        criteria = checked_criteria(wish.criteria, f"{param}.criteria")
        if criteria != milestone.criteria:
            change["criteria"] = {"from": milestone.criteria, "to": criteria}
    change |= other_revisions(milestone, wish.revisions, param=f"{param}.revisions")
    if wish.place is not None and wish.place != milestone.place:
        change["place"] = {"from": milestone.place, "to": wish.place}
    if len(change) == 1:
        raise InvalidInput("That is how it stands already.", param=param)
    return change


def _end(milestone: Milestone, wish: Wish, param: str, *, held: int) -> Change:
    changed = (wish.amount, wish.due_at, wish.criteria, wish.revisions, wish.place)
    if wish.drop or any(one is not None for one in changed):
        raise InvalidInput("What ends is not changed besides.", param=param)
    judge_step(milestone, "cancel_agreed", BOTH)
    part = checked_division(
        wish.to_freelancer, milestone.escrow, held=held, param=f"{param}.to_freelancer"
    )
    end = {"to_freelancer": part, "held": held, "released": milestone.escrow.released}
    return {"position": milestone.position, "end": end}


def _addition(contract: Contract, wish: Wish, position: int, param: str) -> Change:
    if wish.drop or wish.to_freelancer is not None or wish.revisions is not None:
        raise InvalidInput("Name the milestone that is meant.", param=f"{param}.milestone")
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
    place = {} if wish.place is None else {"place": {"to": wish.place}}
    return place | {
        "position": position,
        "add": {
            "title": title,
            "amount": amount,
            "due_at": checked_due(wish.due_at, None, param=f"{param}.due_at").isoformat(),
            "criteria": checked_criteria(wish.criteria or [], f"{param}.criteria"),
        },
    }


def _check_as_a_whole(milestones: Any, changes: Sequence[Change]) -> None:
    if any("end" in change for change in changes):
        checked_as_an_end(milestones, changes)
        return
    added = sum("add" in change for change in changes)
    dropped = {change["position"] for change in changes if "drop" in change}
    left = [one for one in milestones if one.closed_at is None and one.position not in dropped]
    if not left and not added:
        raise InvalidInput(
            "Nothing would be left to do. Propose to end the contract instead.", param="changes"
        )
    if len(left) + added > MAX_MILESTONES:
        raise InvalidInput(
            f"A contract has at most {MAX_MILESTONES} open milestones.", param="changes"
        )


def _facts_of(milestones: Iterable[Milestone]) -> dict[int, MoneyFacts]:
    """What is asked of the books for all of them at once, by escrow."""
    escrows = [one.escrow for one in milestones]
    look_for_open_chargebacks(escrows)
    return facts_of_each(escrows)


def _milestones_of(contract: Contract) -> list[Milestone]:
    found = contract.milestones.select_related("escrow__policy").order_by("place")
    for one in found:
        one.contract = contract
    return list(found)
