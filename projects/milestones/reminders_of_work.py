"""What is told before and when the clocks of funded work strike, until it is handed in: the date of
delivery, the grace after it, and the time to start.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from marketplace.common.clock import now
from marketplace.common.words import Words
from payments.escrow.facts import MoneyFacts, facts_now
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of, idle_from, late_from

S = Milestone.Status
Clock = Callable[[Milestone], datetime | None]

# How long before the clock strikes both sides hear of it; minus one day is the day after.
_AHEAD: dict[Clock, dict[str, timedelta]] = {
    due_of: {
        "due_in_7_days": timedelta(days=7),
        "due_in_3_days": timedelta(days=3),
        "due_in_1_day": timedelta(days=1),
        "due_now": timedelta(0),
        "due_1_day_ago": timedelta(days=-1),
    },
    # Before that, both are told with the date itself what comes after it.
    late_from: {"late_over": timedelta(0)},
    idle_from: {
        "start_in_7_days": timedelta(days=7),
        "start_in_1_day": timedelta(days=1),
        "start_over": timedelta(0),
    },
}
_CLOCK_OF = {kind: clock for clock, kinds in _AHEAD.items() for kind in kinds}
KINDS = tuple(_CLOCK_OF)
OF_START = tuple(_AHEAD[idle_from])


def times_of(milestone: Milestone) -> dict[str, datetime]:
    """When each of them is due; none of the start where that clock rests."""
    return {
        kind: strikes_at - ahead
        for clock, kinds in _AHEAD.items()
        if (strikes_at := clock(milestone)) is not None
        for kind, ahead in kinds.items()
    }


def why_gone(
    milestone: Milestone, kind: str, due_at: datetime, facts: MoneyFacts | None = None
) -> str:
    """Why nobody needs this one any more, of a milestone that has not ended; '' where its reason
    stands.

    ``facts`` of its money where the caller has them at hand; without them the books are asked.
    """
    if milestone.status == S.DISPUTED:
        return gettext_noop("It is in dispute.")
    if milestone.status not in {S.PLANNED, S.RETURNED}:
        return gettext_noop("It was delivered.")
    if kind in OF_START and milestone.started_at is not None:
        return gettext_noop("It was started.")
    if times_of(milestone).get(kind) != due_at:
        if kind in OF_START:
            return gettext_noop("It is to be started by another date now.")
        return gettext_noop("It is due on another date now.")
    # No day counts until then; what makes it whole plans the warnings anew.
    if not (facts or facts_now(milestone.escrow)).is_fully_held:
        return gettext_noop("Not all of it is funded.")
    return ""


def words_of(milestone: Milestone, kind: str) -> Words:
    """What it says, with the dates themselves: it may be read much later."""
    text = _words_of_start if kind in OF_START else _words_of_delivery
    return text(milestone).filled(
        title=milestone.title,
        client=milestone.contract.client.name,
        freelancer=milestone.contract.freelancer.name,
    )


def _words_of_delivery(milestone: Milestone) -> Words:
    due_at, late_at = due_of(milestone), late_from(milestone)
    if now() < due_at:
        text = Words("“%(title)s” is due on %(due)s.")
    elif now() < late_at:
        text = Words("“%(title)s” was due on %(due)s and waits to be delivered.") + Words(
            "If it is not submitted by %(late)s, %(client)s may cancel it for lateness and gets "
            "back what is held."
        )
    else:
        text = Words(
            "“%(title)s” was due on %(due)s, and the time of grace after that is over. From now on "
            "%(client)s may cancel it for lateness and gets back what is held; until then "
            "%(freelancer)s can still submit it."
        )
    return text.filled(due=due_at, late=late_at)


def _words_of_start(milestone: Milestone) -> Words:
    idle_at = idle_from(milestone)
    assert idle_at
    text = Words(
        "“%(title)s” is funded and not started: %(freelancer)s has until %(due)s to press “Start "
        "work” or to submit it. After that %(client)s may cancel it and gets back what is held."
    )
    if now() >= idle_at:
        text = Words(
            "%(freelancer)s had until %(due)s to start “%(title)s”, and has neither started nor "
            "submitted it. From now on %(client)s may cancel it and gets back what is held; until "
            "then %(freelancer)s can still start or submit it."
        )
    return text.filled(due=idle_at)
