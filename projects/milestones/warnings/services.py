"""Warnings that a clock will strike are told when their own time has come."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from marketplace.common.clock import now
from payments.escrow.facts import MoneyFacts
from projects.milestones import reminders
from projects.milestones.models import Reminder


@transaction.atomic
def tell_reminders(*, reminder_ids: Sequence[int]) -> int:
    """Tell those of them whose reason still stands, and drop the others; how many that were. Those
    that would promise what silence does not do as things are, are asked about again later.

    Passed over are those that are told or dropped by now, and those on whose milestone somebody is
    at work: whether their reason stands is known after that.
    """
    free = Reminder.objects.select_for_update(of=("self", "milestone"), skip_locked=True)
    due = list(
        free.filter(pk__in=reminder_ids, told_at=None, due_at__lte=now())
        .select_related(
            "milestone__contract__client",
            "milestone__contract__freelancer",
            "milestone__contract__policy",
            "milestone__escrow__policy",
        )
        .order_by("due_at", "pk")
    )
    last_words = reminders.last_words_due({reminder.milestone_id for reminder in due})
    facts = reminders.facts_behind(due)
    moot = {
        reminder.pk
        for reminder in due
        if _why_gone(reminder, facts) or reminders.is_superseded(reminder, last_words)
    }
    Reminder.objects.filter(pk__in=moot).delete()
    standing = [reminder for reminder in due if reminder.pk not in moot]
    untrue = {reminder.pk for reminder in standing if _why_untrue(reminder, facts)}
    if untrue:
        reminders.ask_again_later(untrue)
    reminders.tell([reminder for reminder in standing if reminder.pk not in untrue])
    return len(due)


def _why_gone(reminder: Reminder, facts: Mapping[int, MoneyFacts]) -> str:
    milestone = reminder.milestone
    money = facts.get(milestone.escrow_id)
    return reminders.why_gone(milestone, reminder.kind, reminder.due_at, money)


def _why_untrue(reminder: Reminder, facts: Mapping[int, MoneyFacts]) -> str:
    milestone = reminder.milestone
    return reminders.why_untrue(milestone, reminder.kind, facts.get(milestone.escrow_id))
