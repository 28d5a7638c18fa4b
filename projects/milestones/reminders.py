"""Which warnings precede which clock, and what they say."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F

from accounts.notifications.services import notify
from marketplace.common.clock import now, said
from projects.contracts.selectors import page_of
from projects.milestones.models import Milestone, Reminder

# How long before a milestone is due both sides hear of it; minus one day is the day after.
_BEFORE_DUE = {
    "due_in_7_days": timedelta(days=7),
    "due_in_3_days": timedelta(days=3),
    "due_in_1_day": timedelta(days=1),
    "due_now": timedelta(0),
    "due_1_day_ago": timedelta(days=-1),
}
_BEFORE_REVIEW_ENDS = {
    "review_ends_in_24_hours": timedelta(hours=24),
    "review_ends_in_2_hours": timedelta(hours=2),
}


def remind_of_due_date(milestone: Milestone) -> None:
    """Plan the warnings of the delivery date, in place of those that no longer hold."""
    _plan(milestone, {kind: milestone.due_at - ahead for kind, ahead in _BEFORE_DUE.items()})


def remind_of_review(milestone: Milestone) -> None:
    """Plan the warnings that silence will approve, in place of those of the delivery."""
    assert milestone.submitted_at and milestone.review_ends_at
    period = milestone.review_ends_at - milestone.submitted_at
    times = {"review_half_over": milestone.submitted_at + period / 2}
    for kind, ahead in _BEFORE_REVIEW_ENDS.items():
        if ahead < period / 2:
            times[kind] = milestone.review_ends_at - ahead
    _plan(milestone, times)


def forget_reminders(*milestones: Milestone) -> None:
    """The reason has gone: what was not told yet never will be."""
    Reminder.objects.filter(milestone__in=milestones, told_at__isnull=True).delete()


def put_off_reminders(milestone: Milestone, kinds: str, by: timedelta) -> None:
    """The clock of which the kinds that begin so warn was put off, and they with it."""
    untold = Reminder.objects.filter(milestone=milestone, told_at=None, kind__startswith=kinds)
    untold.update(due_at=F("due_at") + by)


def tell_due(milestones: Sequence[Milestone]) -> None:
    """Tell what could not be told in time. The caller holds their locks."""
    late = Reminder.objects.filter(
        milestone__in=milestones, told_at__isnull=True, due_at__lte=now()
    )
    known = {milestone.pk: milestone for milestone in milestones}
    for reminder in late.order_by("due_at"):
        reminder.milestone = known[reminder.milestone_id]
        tell(reminder)


def tell(reminder: Reminder) -> None:
    """Tell both sides, and note that it was told. The caller holds the milestone's lock."""
    milestone, text = reminder.milestone, words_of(reminder)
    key = f"{milestone.public_id}:{reminder.kind}:{reminder.due_at.isoformat()}"
    contract = milestone.contract
    for party in (contract.client, contract.freelancer):
        notify(to=party, kind=reminder.kind, text=text, path=page_of(contract), key=key)
    reminder.told_at = now()
    reminder.save(update_fields=["told_at"])


def is_superseded(reminder: Reminder) -> bool:
    """Whether a later word on the same delivery date is due as well: after an outage, only the
    last is told. The warnings of a review are all told, since money moves by its silence.
    """
    due = reminder.milestone.reminders.filter(told_at__isnull=True, due_at__lte=now())
    later = due.filter(due_at__gt=reminder.due_at)
    return reminder.kind.startswith("due_") and later.exists()


def words_of(reminder: Reminder) -> str:
    """What the reminder says, with the date itself: it may be read much later."""
    milestone = reminder.milestone
    if reminder.kind.startswith("limit_"):
        assert milestone.escrow.limit_at
        return (
            f"The payment provider holds the money for “{milestone.title}” until "
            f"{said(milestone.escrow.limit_at)}. What is not released by then goes back to the "
            "client, unless the work is submitted and silence can approve it."
        )
    if reminder.kind.startswith("due_"):
        due = said(milestone.due_at)
        if now() >= milestone.due_at:
            return f"“{milestone.title}” was due on {due} and waits to be delivered."
        return f"“{milestone.title}” is due on {due}."
    assert milestone.review_ends_at
    return (
        f"“{milestone.title}” is waiting for a review. "
        f"Without an answer it is approved and paid on {said(milestone.review_ends_at)}."
    )


def _plan(milestone: Milestone, times: dict[str, datetime]) -> None:
    forget_reminders(milestone)
    Reminder.objects.bulk_create(
        [
            Reminder(milestone=milestone, kind=kind, due_at=at)
            for kind, at in times.items()
            if at > now()
        ],
        ignore_conflicts=True,
    )
