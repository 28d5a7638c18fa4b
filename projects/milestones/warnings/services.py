"""Warnings that a clock will strike are told when their own time has come."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import F

from marketplace.common.clock import now
from payments.chargebacks.selectors import chargebacks_of_each
from payments.escrow.facts import MoneyFacts
from projects.milestones import reminders
from projects.milestones import reminders_of_review as of_review
from projects.milestones.models import Milestone, Reminder
from projects.milestones.rules import LEAST_REVIEW


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
    standing = [reminder for reminder in due if reminder.pk not in moot]
    untrue = {reminder.pk for reminder in standing if _why_untrue(reminder, facts)}
    moot |= of_review.said_by_later_ones(standing, untrue)
    Reminder.objects.filter(pk__in=moot).delete()
    if untrue:
        of_review.ask_again_later(untrue)
    reminders.tell([reminder for reminder in standing if reminder.pk not in moot | untrue])
    return len(due)


@transaction.atomic
def give_time_to_the_unwarned(milestones: Sequence[Milestone]) -> list[Milestone]:
    """Those of them that silence may release now. The others were told while silence would release
    nothing that it would not, or were not warned at all, or nothing came of what they were warned
    of, for want of money or for a bank; by now it would release, and so they have
    ``LEAST_REVIEW`` from now on, and hear of it at once. The caller holds their locks.
    """
    # What is planned comes before the end of the review: only what is asked again comes after it,
    # and its time may have come in this very second.
    waits = Reminder.objects.filter(
        milestone__in=milestones,
        told_at=None,
        kind__in=of_review.WARNINGS,
        due_at__gt=F("milestone__review_ends_at"),
    )
    unwarned = set(waits.values_list("milestone", flat=True))
    unwarned |= _free_only_afterwards(milestones)
    ends_at = now() + LEAST_REVIEW
    for milestone in milestones:
        limit_at = milestone.escrow.limit_at
        if limit_at and limit_at <= ends_at:
            unwarned.discard(milestone.pk)  # before the limit there is no more time
        if milestone.pk not in unwarned:
            continue
        milestone.review_ends_at = ends_at
        milestone.save(update_fields=["review_ends_at"])
        reminders.remind_of_review(milestone)
        Reminder.objects.create(milestone=milestone, kind=of_review.WARNINGS[0], due_at=now())
    return [milestone for milestone in milestones if milestone.pk not in unwarned]


def _free_only_afterwards(milestones: Sequence[Milestone]) -> set[int]:
    """Those of which no money was free, or not all of it, when their review ended."""
    banks = chargebacks_of_each(milestone.escrow for milestone in milestones)
    found = set()
    for milestone in milestones:
        escrow, ended_at = milestone.escrow, milestone.review_ends_at
        free_since = [escrow.held_at, *(one.closed_at for one in banks.get(escrow.public_id, ()))]
        if ended_at and any(at and at > ended_at for at in free_since):
            found.add(milestone.pk)
    return found


def _why_gone(reminder: Reminder, facts: Mapping[int, MoneyFacts]) -> str:
    milestone = reminder.milestone
    money = facts.get(milestone.escrow_id)
    return reminders.why_gone(milestone, reminder.kind, reminder.due_at, money)


def _why_untrue(reminder: Reminder, facts: Mapping[int, MoneyFacts]) -> str:
    milestone = reminder.milestone
    return reminders.why_untrue(milestone, reminder.kind, facts.get(milestone.escrow_id))
