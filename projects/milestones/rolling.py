"""Whether the rest of one milestone can go into another, asked by the deed and by the pages."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import BOTH
from marketplace.common.words import said_moment
from payments.escrow.division import Rest, checked_rest
from payments.escrow.facts import MoneyFacts
from payments.escrow.rolling.rules import LimitThen, limit_then
from payments.escrow.selectors import held_in
from projects.milestones.models import Milestone
from projects.milestones.rules import due_if_held, due_of, judge_step, refusal_of

# What is known of the money, by the key of its escrow.
Facts = Mapping[int, MoneyFacts]
# Money that the provider returns sooner than that serves no other work.
LEAST_HELD = timedelta(days=1)

_OPEN = (Milestone.Status.PLANNED, Milestone.Status.SUBMITTED, Milestone.Status.RETURNED)


def judge_roll(milestone: Milestone, into: Milestone, facts: Facts | None = None) -> None:
    """Refuse a pair that cannot be, or pass in silence: InvalidInput or WrongState.

    ``facts`` of the money of both where the caller has them at hand.
    """
    facts = facts or {}
    if milestone == into or milestone.contract_id != into.contract_id:
        raise InvalidInput("The rest goes to another milestone of the same contract.", param="into")
    judge_step(milestone, "roll", BOTH, facts.get(milestone.escrow_id))
    if into.status not in _OPEN:
        raise WrongState(f"“{into.title}” is {into.get_status_display().lower()}.")
    if refusal := refusal_of(into, "roll_in", facts.get(into.escrow_id)):
        raise WrongState(refusal)
    if refusal := _too_late_for(milestone, into):
        raise WrongState(refusal, param="into", code="held_too_short")


def _too_late_for(milestone: Milestone, into: Milestone) -> str:
    """Its time at the provider goes on, and has to be enough for the other work.

    Silence approves submitted work before the provider's limit, and goes on to do so.
    """
    limit_at, review_ends_at = milestone.escrow.limit_at, into.review_ends_at
    if limit_at is None:
        return ""
    holds = f"The payment provider holds this money only until {said_moment(limit_at)}"
    if limit_at - now() < LEAST_HELD:
        return f"{holds}: that is too soon for it to go into other work."
    if review_ends_at and limit_at <= review_ends_at:
        return f"{holds}, and the review of “{into.title}” ends after that."
    if limit_at < _due_then(into):
        return f"{holds}, and “{into.title}” is due after that."
    return ""


def _due_then(into: Milestone) -> datetime:
    """When it is due at the earliest: what nobody has funded gets its days from the funding on."""
    if into.escrow.held_at is not None:
        return due_of(into)
    return due_if_held(into, now())


def limit_of_roll(milestone: Milestone, into: Milestone, *, held: int | None = None) -> LimitThen:
    """Until when the provider would hold the other's money then, and until when it does now.

    ``held`` for the other where the caller has it at hand; without it the books are asked.
    """
    held = held_in(into.escrow) if held is None else held
    return limit_then(milestone.escrow, into.escrow, held=held)


def judge_agreed_roll(
    milestone: Milestone,
    into: Milestone,
    *,
    to_freelancer: int,
    rolled: int,
    limit_at: datetime | None,
    facts: Facts,
) -> None:
    """Refuse one that is not what both agreed on any more: so much of the price ``rolled`` into the
    other, whose money is held until ``limit_at``. Raises InvalidInput or WrongState.
    """
    judge_roll(milestone, into, facts)
    escrow, target = milestone.escrow, into.escrow
    held = facts[milestone.escrow_id].held
    rest = checked_rest(to_freelancer, escrow, target, held=held, param="to_freelancer")
    if rest.price != rolled:
        raise WrongState("The money has moved since: what is left is not what was proposed.")
    holds_until = limit_of_roll(milestone, into, held=facts[into.escrow_id].held).at
    if holds_until and limit_at and holds_until < limit_at:
        raise WrongState(
            f"The payment provider holds this money only until {said_moment(holds_until)} by now, "
            f"not until {said_moment(limit_at)}, as was proposed.",
            param="into",
            code="limit_moved",
        )


def checked_roll(part: object, milestone: Milestone, into: Milestone, *, param: str) -> Rest:
    """What goes into the other milestone once ``part`` more of the price is released.

    Raises InvalidInput for a part that leaves nothing, or a rest that the other's fee does not
    meet to the unit.
    """
    held = held_in(milestone.escrow)
    return checked_rest(part, milestone.escrow, into.escrow, held=held, param=param)


def targets_of(milestone: Milestone) -> list[Milestone]:
    """The other milestones into which its rest could go now, for a page to offer."""
    others = milestone.contract.milestones.exclude(pk=milestone.pk).filter(status__in=_OPEN)
    found = []
    for other in others.select_related("contract", "escrow__policy").order_by("place"):
        try:
            judge_roll(milestone, other)
        except WrongState:
            continue
        found.append(other)
    return found
