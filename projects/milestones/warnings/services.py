"""A warning that a clock will strike is told when its own time has come."""

from django.db import transaction

from projects.contracts.models import Contract
from projects.milestones import reminders
from projects.milestones.models import Reminder
from projects.milestones.services import lock_milestone


@transaction.atomic
def tell_reminder(*, reminder_id: int) -> None:
    """Tell a warning whose time has come, if its reason still stands."""
    due = Reminder.objects.filter(pk=reminder_id).first()
    if due is None:
        return  # dropped since it was found: its reason has gone
    milestone = lock_milestone(due.milestone_id)
    reminder = milestone.reminders.filter(pk=reminder_id, told_at__isnull=True).first()
    if milestone.contract.status != Contract.Status.ACTIVE or milestone.closed_at is not None:
        reminders.forget_reminders(milestone)
    elif reminder is not None and reminders.is_superseded(reminder):
        reminder.delete()
    elif reminder is not None:
        reminders.tell(reminder)
