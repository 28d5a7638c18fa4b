"""The provider holds money for a time only: both sides are warned, then it goes back."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from marketplace.common.clock import now, said
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words, said_length
from payments.escrow import services as escrows
from payments.escrow.adjusting.services import lock_all
from payments.escrow.selectors import held_in
from projects.contracts.models import Contract
from projects.contracts.services import record, tell_other_side
from projects.milestones import reminders
from projects.milestones.models import LIFECYCLE, Milestone, Reminder
from projects.milestones.rules import LEAST_REVIEW, judge_step, within_limit
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


@transaction.atomic
def pull_review(*, milestone_id: int) -> Milestone:
    """The limit has come nearer, and the review would end behind it: it ends before. Where less
    than a day is left, or none, it ends ``LEAST_REVIEW`` from now.

    Safe to call again, and where nothing is to be pulled.
    """
    milestone = lock_milestone(milestone_id)
    # The money too: the limit comes from below.
    milestone.escrow = lock_all([milestone.escrow_id])[milestone.escrow_id]
    was, limit_at = milestone.review_ends_at, milestone.escrow.limit_at
    if was is None or limit_at is None or was < limit_at:
        return milestone
    ends_at = max(within_limit(milestone, was, at=now()), now() + LEAST_REVIEW)
    if ends_at >= was:
        return milestone
    milestone.review_ends_at = ends_at
    milestone.save(update_fields=["review_ends_at"])
    reminders.remind_of_review(milestone)
    clock = Words("the time to review it")
    tell_pulled(milestone.contract, milestone, clock, was, ends_at, limit_at)
    return milestone


def tell_pulled(
    contract: Contract,
    about: Any,
    clock: Words,
    was: datetime,
    ends_at: datetime,
    limit_at: datetime,
) -> None:
    """Both sides read that this clock, of a milestone or its dispute, ends sooner, and why."""
    record(
        contract,
        "clock_pulled",
        by=SYSTEM,
        about=about,
        reason=f"{clock.english} is {said_length(was - ends_at)} shorter: the payment provider "
        f"holds the money only until {said(limit_at)}",
        seconds=-round((was - ends_at).total_seconds()),
        until=ends_at.isoformat(),
    )
    text = Words(
        "“%(thing)s”: %(clock)s ends on %(due)s, %(by)s sooner than you were told: the payment "
        "provider holds the money only until %(limit)s. That depends on where the freelancer is "
        "paid out, and on when it was paid.",
        thing=str(about),
        clock=clock,
        due=ends_at,
        by=was - ends_at,
        limit=limit_at,
    )
    tell_other_side(contract, "clock_pulled", text, by=SYSTEM, about=about.public_id)


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
