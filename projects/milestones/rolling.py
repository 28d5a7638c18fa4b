"""Whether the rest of one milestone can go into another, asked by the deed and by the pages."""

from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import BOTH
from payments.escrow.division import Rest, checked_rest
from payments.escrow.selectors import held_in
from projects.milestones.models import Milestone
from projects.milestones.rules import judge_step, refusal_of

_OPEN = (Milestone.Status.PLANNED, Milestone.Status.SUBMITTED, Milestone.Status.RETURNED)


def judge_roll(milestone: Milestone, into: Milestone) -> None:
    """Refuse a pair that cannot be, or pass in silence: InvalidInput or WrongState."""
    if milestone == into or milestone.contract_id != into.contract_id:
        raise InvalidInput("The rest goes to another milestone of the same contract.", param="into")
    judge_step(milestone, "roll", BOTH)
    if into.status not in _OPEN:
        raise WrongState(f"“{into.title}” is {into.get_status_display().lower()}.")
    if refusal := refusal_of(into, "roll_in") or _too_late_for(milestone, into):
        raise WrongState(refusal)


def _too_late_for(milestone: Milestone, into: Milestone) -> str:
    """Silence approves submitted work before the provider's limit, and goes on to do so."""
    limit_at, review_ends_at = milestone.escrow.limit_at, into.review_ends_at
    if limit_at and review_ends_at and limit_at <= review_ends_at:
        return f"The provider does not hold this money until “{into.title}” is reviewed."
    return ""


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
    for other in others.select_related("contract", "escrow__policy").order_by("position"):
        try:
            judge_roll(milestone, other)
        except WrongState:
            continue
        found.append(other)
    return found
