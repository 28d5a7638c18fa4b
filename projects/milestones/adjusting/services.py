"""A milestone goes on with another price, date, list of criteria or number of revisions. The room
above calls this: it has the word of both.
"""

from datetime import datetime, timedelta

from django.db import transaction

from marketplace.common.lifecycle import BOTH
from payments.escrow.adjusting.services import adjust
from payments.escrow.facts import facts_now
from projects.milestones import reminders
from projects.milestones.adjusting.rules import checked_due, time_until
from projects.milestones.models import LIFECYCLE, Milestone
from projects.milestones.rules import due_of, judge_step
from projects.milestones.services import lock_milestone


@transaction.atomic
def adjust_milestone(
    *,
    milestone_id: int,
    amount: int | None = None,
    due_at: datetime | None = None,
    criteria: list[str] | None = None,
    revisions: int | None = None,
) -> Milestone:
    """What is given is agreed anew, in minor units; what is left out stays.

    A lower price gives the difference back at once, a higher one has to be topped up before work is
    handed in again. Raises InvalidInput or WrongState.
    """
    milestone = lock_milestone(milestone_id)
    judge_step(milestone, "adjust", BOTH)
    was_whole, due = facts_now(milestone.escrow).is_fully_held, due_of(milestone)
    if amount is not None:
        adjust(escrow_id=milestone.escrow_id, price=amount)
        milestone.amount = amount
        milestone.escrow.refresh_from_db()
    if due_at is not None:
        due = checked_due(due_at, milestone, param="due_at")
        # What an outage added to the time after the old date is no matter of the new one.
        milestone.grace_extension = timedelta()
    if due_at is not None or (amount is not None and was_whole):
        # What is paid late moves the date by as much, and not by all the days of the beginning;
        # while something is missing, no day is counted.
        time = time_until(due)
        milestone.due_at = due
        milestone.allowance, milestone.leeway = time.allowance, time.leeway
        milestone.days_end_in = ""
    if criteria is not None:
        milestone.criteria = criteria
    if revisions is not None:
        milestone.revisions_agreed = revisions
    LIFECYCLE.advance(milestone, "adjust", role=BOTH)
    milestone.save(
        update_fields=[
            *("amount", "due_at", "grace_extension", "allowance", "leeway", "days_end_in"),
            *("criteria", "revisions_agreed"),
        ]
    )
    is_at_work = milestone.status in {Milestone.Status.PLANNED, Milestone.Status.RETURNED}
    if due_at is not None and is_at_work and milestone.escrow.held_at is not None:
        reminders.remind_of_work(milestone)
    return milestone
