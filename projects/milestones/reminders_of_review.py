"""What is told before silence approves a delivery; of the same words, the last alone where missing
money or a bank has kept them from being true.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from marketplace.common.clock import now
from marketplace.common.words import Words
from projects.milestones.models import Milestone, Reminder

_BEFORE_END = {
    "review_ends_in_24_hours": timedelta(hours=24),
    "review_ends_in_2_hours": timedelta(hours=2),
}
# In the order in which they come.
KINDS = ("review_half_over", *_BEFORE_END)
# After so long it is asked again whether silence would release what waits for a review.
ASKED_AGAIN = timedelta(hours=1)


def times_of(milestone: Milestone) -> dict[str, datetime]:
    """When each of them that fits into the review is due."""
    assert milestone.submitted_at and milestone.review_ends_at
    period = milestone.review_ends_at - milestone.submitted_at
    times = {KINDS[0]: milestone.submitted_at + period / 2}
    for kind, ahead in _BEFORE_END.items():
        if ahead < period / 2:
            times[kind] = milestone.review_ends_at - ahead
    return times


def why_gone(milestone: Milestone, due_at: datetime) -> str:
    """Why nobody needs this one any more, of a milestone that has not ended; '' where its reason
    stands.
    """
    if milestone.submitted_at is None or milestone.review_ends_at is None:
        return gettext_noop("The delivery was answered.")
    return gettext_noop("It was delivered again.") if due_at < milestone.submitted_at else ""


def words_of(milestone: Milestone) -> Words:
    """What it says, with the date itself: it may be read much later."""
    assert milestone.review_ends_at
    return Words(
        "“%(title)s” is waiting for a review. Without an answer it is approved and paid on "
        "%(due)s.",
        title=milestone.title,
        due=milestone.review_ends_at,
    )


def ask_again_later(reminder_ids: Collection[int]) -> None:
    """What they promise is not true as things are: they are told once it is, and by ``tell_due`` at
    the latest.
    """
    Reminder.objects.filter(pk__in=reminder_ids).update(due_at=now() + ASKED_AGAIN)


def said_by_later_ones(standing: Sequence[Reminder], untrue: Collection[int]) -> set[int]:
    """The keys of those on whose review a later one of ``standing`` says the same: of what is not
    true as things are (``untrue``) all but the last, and what waits to be asked about again.

    What is merely late, after an outage, is none of them: each is told, as it was promised.
    """
    last: dict[int, Reminder] = {}
    for reminder in sorted((it for it in standing if it.kind in KINDS), key=_place):
        last[reminder.milestone_id] = reminder
    if not last:
        return set()
    earlier = Reminder.objects.filter(milestone__in=last, told_at=None, kind__in=KINDS)
    return {
        one.pk
        for one in earlier
        if _place(one) < _place(said := last[one.milestone_id])
        # As planned they come one after the other: one that comes after the next was put off.
        and (one.pk in untrue or one.due_at >= said.due_at)
    }


def _place(reminder: Reminder) -> int:
    return KINDS.index(reminder.kind)
