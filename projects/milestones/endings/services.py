"""The ends that divide what is held. Rooms above call them: a decision stands behind each."""

from django.db import transaction

from marketplace.common.lifecycle import BOTH
from payments.escrow import services as escrows
from payments.escrow.facts import facts_now
from projects.contracts.roles import Actor
from projects.milestones.models import LIFECYCLE, Milestone
from projects.milestones.rules import checked_ending, judge_step
from projects.milestones.services import advance_milestone, close_milestones, lock_milestone


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
