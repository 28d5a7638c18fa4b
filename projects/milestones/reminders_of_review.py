"""What is told before silence approves a delivery, and after its review where silence cannot; of
the same words, the last alone where missing money or a bank has kept them from being true.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from marketplace.common.clock import now
from marketplace.common.words import Money, Words
from payments.chargebacks.selectors import has_open_chargeback
from payments.escrow.facts import MoneyFacts, facts_now
from payments.fundings.selectors import is_with_a_bank
from projects.milestones.models import Milestone, Reminder
from projects.milestones.rules import what_keeps_silence_from

_BEFORE_END = {
    "review_ends_in_24_hours": timedelta(hours=24),
    "review_ends_in_2_hours": timedelta(hours=2),
}
# That silence will approve the work, in the order in which they come.
WARNINGS = ("review_half_over", *_BEFORE_END)
# It is over, and missing money alone keeps silence from that.
OVER_UNPAID = "review_over_unpaid"
KINDS = (*WARNINGS, OVER_UNPAID)
# After so long it is asked again whether silence would release what waits for a review.
ASKED_AGAIN = timedelta(hours=1)


def times_of(milestone: Milestone) -> dict[str, datetime]:
    """When each is due. Of a short review only the warnings that fit."""
    assert milestone.submitted_at and milestone.review_ends_at
    period = milestone.review_ends_at - milestone.submitted_at
    times = {WARNINGS[0]: milestone.submitted_at + period / 2}
    for kind, ahead in _BEFORE_END.items():
        if ahead < period / 2:
            times[kind] = milestone.review_ends_at - ahead
    return times | {OVER_UNPAID: milestone.review_ends_at}


def why_gone(milestone: Milestone, kind: str, due_at: datetime, facts: MoneyFacts | None) -> str:
    """Why nobody needs this one any more; '' where its reason stands."""
    if milestone.submitted_at is None or milestone.review_ends_at is None:
        return gettext_noop("The delivery was answered.")
    if due_at < milestone.submitted_at:
        return gettext_noop("It was delivered again.")
    if kind == OVER_UNPAID:
        facts = facts or facts_now(milestone.escrow)
        if not facts.held:
            return gettext_noop("Nothing is held for it any more.")
        # What a bank contests is held until it takes it: then it is missing after all.
        if facts.is_fully_held and not has_open_chargeback(milestone.escrow):
            return gettext_noop("Nothing is missing for it any more.")
    return ""


def why_untrue(milestone: Milestone, kind: str, facts: MoneyFacts | None) -> str:
    """Why what it promises would not happen as things are; '' where it would. That money is missing
    is not said while a bank may bring it, or bring it back.
    """
    if kind == OVER_UNPAID:
        if has_open_chargeback(milestone.escrow):
            return gettext_noop("The client’s bank wants the money of it back.")
        if is_with_a_bank([milestone.escrow.public_id]):
            return gettext_noop("What the client paid for it is on its way.")
        return ""
    if not what_keeps_silence_from(milestone, facts or facts_now(milestone.escrow)):
        return ""
    return gettext_noop("Silence approves nothing of it for now.")


def words_of(milestone: Milestone, kind: str) -> Words:
    """What it says, with the date or the sum itself: it may be read much later."""
    if kind == OVER_UNPAID:
        return Words(
            "The review of “%(title)s” is over, and silence approves nothing until %(client)s "
            "funds the missing %(missing)s. %(freelancer)s can open a dispute, propose an ending, "
            "or propose a change back to what is held.",
            title=milestone.title,
            client=milestone.contract.client.name,
            freelancer=milestone.contract.freelancer.name,
            missing=Money(facts_now(milestone.escrow).to_fund, milestone.currency),
        )
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
    for reminder in sorted((it for it in standing if it.kind in WARNINGS), key=_place):
        last[reminder.milestone_id] = reminder
    if not last:
        return set()
    earlier = Reminder.objects.filter(milestone__in=last, told_at=None, kind__in=WARNINGS)
    return {
        one.pk
        for one in earlier
        if _place(one) < _place(said := last[one.milestone_id])
        # As planned they come one after the other: one that comes after the next was put off.
        and (one.pk in untrue or one.due_at >= said.due_at)
    }


def _place(reminder: Reminder) -> int:
    return WARNINGS.index(reminder.kind)
