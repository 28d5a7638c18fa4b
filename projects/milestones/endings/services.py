"""The ends that divide what is held. Rooms above call them: a decision stands behind each."""

from django.db import transaction

from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import BOTH
from payments.chargebacks.selectors import has_open_chargeback
from payments.escrow import services as escrows
from payments.escrow.facts import facts_now
from payments.escrow.rolling.services import roll
from projects.contracts.roles import Actor
from projects.milestones.models import LIFECYCLE, Milestone
from projects.milestones.rolling import checked_roll, judge_roll
from projects.milestones.rules import checked_ending, judge_step
from projects.milestones.services import (
    advance_milestone,
    close_milestones,
    lock_milestone,
)


@transaction.atomic
def resolve_milestone(
    *, milestone_id: int, by: Actor, to_freelancer: int, reason: str
) -> Milestone:
    """End a disputed milestone by a decision: ``to_freelancer`` of its price, the rest of
    what is held back.
    """
    milestone = lock_milestone(milestone_id)
    held = facts_now(milestone.escrow).price_held
    outcome = {held: Milestone.Status.RELEASED, 0: Milestone.Status.REFUNDED}.get(
        to_freelancer, Milestone.Status.SPLIT
    )
    milestone = advance_milestone(milestone_id, "resolve", by=by, to=outcome)
    close_milestones(milestone)
    escrows.split(escrow_id=milestone.escrow_id, to_payee=to_freelancer, reason=reason)
    return milestone


@transaction.atomic
def cancel_by_agreement(*, milestone_id: int, to_freelancer: int) -> Milestone:
    """End it as both sides want it: ``to_freelancer`` of its price, the rest back to the client.

    Called by the agreements room, which has the word of both. Raises InvalidInput for a part that
    cannot be agreed on, WrongState where the milestone has ended.
    """
    milestone = lock_milestone(milestone_id)
    judge_step(milestone, "cancel_agreed", BOTH)
    checked_ending(to_freelancer, milestone)
    outcome = Milestone.Status.SPLIT if to_freelancer else Milestone.Status.CANCELLED
    LIFECYCLE.advance(milestone, "cancel_agreed", role=BOTH, to=outcome)
    close_milestones(milestone)
    if to_freelancer:
        escrows.split(escrow_id=milestone.escrow_id, to_payee=to_freelancer, reason="agreed")
    else:
        escrows.give_back(escrow_id=milestone.escrow_id, reason="agreed")
    return milestone


@transaction.atomic
def roll_rest(*, milestone_id: int, into_id: int, to_freelancer: int, rolled: int) -> Milestone:
    """End it as both sides want it: ``to_freelancer`` of its price, and the rest into another one.

    Called by the agreements room, which has the word of both on ``rolled`` of the price. Raises
    WrongState where that is not what is left any more, or either cannot be changed any more.
    """
    milestone, into = lock_milestones(milestone_id, into_id)
    judge_roll(milestone, into)
    if checked_roll(to_freelancer, milestone, into, param="to_freelancer").price != rolled:
        raise WrongState("The money has moved since: what is left is not what was proposed.")
    LIFECYCLE.advance(milestone, "roll", role=BOTH)
    LIFECYCLE.advance(into, "roll_in", role=BOTH)
    roll(escrow_id=milestone.escrow_id, into_id=into.escrow_id, part=to_freelancer)
    if has_open_chargeback(milestone.escrow) or has_open_chargeback(into.escrow):
        # It came while the money was waited for.
        raise WrongState("The client's bank wants money of it back: nothing is moved on.")
    milestone.amount -= rolled
    into.amount += rolled
    into.save(update_fields=["amount"])
    milestone.save(update_fields=["amount"])
    close_milestones(milestone)
    return milestone


def lock_milestones(milestone_id: int, other_id: int) -> tuple[Milestone, Milestone]:
    """Both, in one order whoever asks: two who take their locks in turns wait in a circle."""
    locked = {pk: lock_milestone(pk) for pk in sorted({milestone_id, other_id})}
    return locked[milestone_id], locked[other_id]
