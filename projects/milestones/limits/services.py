"""The provider holds money for a time only: both sides are warned, then it goes back."""

from datetime import timedelta

from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words
from payments.escrow import services as escrows
from payments.escrow.adjusting.services import lock_all
from payments.escrow.selectors import held_in
from projects.contracts.services import record, tell_other_side
from projects.milestones import reminders
from projects.milestones.models import LIFECYCLE, Milestone, Reminder
from projects.milestones.rules import judge_step
from projects.milestones.services import close_milestones, lock_milestone

# How long before the limit both sides hear of it.
AHEAD = {
    "limit_in_14_days": timedelta(days=14),
    "limit_in_7_days": timedelta(days=7),
    "limit_in_1_day": timedelta(days=1),
}


@transaction.atomic
def warn_of_limit(*, milestone_id: int) -> None:
    """Tell what is due of the warnings, each once and in its own row. Safe to call again."""
    milestone = lock_milestone(milestone_id)
    if milestone.closed_at is None and held_in(milestone.escrow):
        _tell_due(milestone)


@transaction.atomic
def refund_at_limit(*, milestone_id: int) -> Milestone:
    """Give back what the provider can hold no longer; untold warnings are written first.

    Raises WrongState where the limit is not reached, or where the work is submitted and silence
    can approve it: its review ends before.
    """
    milestone = lock_milestone(milestone_id)
    # The money too, before anything is judged: a payment that makes it whole comes from below.
    milestone.escrow = lock_all([milestone.escrow_id])[milestone.escrow_id]
    judge_step(milestone, "refund_limit", SYSTEM)
    _tell_due(milestone)
    LIFECYCLE.advance(milestone, "refund_limit", role=SYSTEM)
    close_milestones(milestone)
    escrows.give_back(escrow_id=milestone.escrow_id, reason="holding_limit")

    record(milestone.contract, "milestone_refunded", by=SYSTEM, about=milestone)
    text = Words(
        "“%(title)s” was not released in the time for which the payment provider holds money. What "
        "was held for it goes back to the client.",
        title=milestone.title,
    )
    tell_other_side(milestone.contract, "milestone_refunded", text, by=SYSTEM)
    return milestone


def _tell_due(milestone: Milestone) -> None:
    limit_at = milestone.escrow.limit_at
    assert limit_at
    for kind, ahead in AHEAD.items():
        due_at = limit_at - ahead
        if due_at > now():
            continue
        reminder, is_new = Reminder.objects.get_or_create(
            milestone=milestone, kind=kind, due_at=due_at
        )
        if is_new:
            reminders.tell([reminder])
