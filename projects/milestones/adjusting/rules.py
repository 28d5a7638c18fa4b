"""Which dates can be agreed on, and what is left until one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from marketplace.common.words import said_moment
from payments.escrow.selectors import held_in
from projects.milestones.models import Milestone

LONGEST_AHEAD = timedelta(days=3 * 365)


@dataclass(frozen=True)
class TimeLeft:
    """The ``allowance`` is what is left until a date that both have named. Where the money comes
    later than that by no more than the ``leeway``, the date stands as it was signed.
    """

    allowance: timedelta
    leeway: timedelta


def time_until(due_at: datetime) -> TimeLeft:
    """What is left now until that date: who pays within a day pays in time, within half of what is
    left where that is less than two.
    """
    left = due_at - now()
    return TimeLeft(left, min(timedelta(days=1), abs(left) / 2))


def checked_due(due_at: datetime, milestone: Milestone | None, *, param: str) -> datetime:
    """A date of delivery that lies ahead, and not behind what the provider holds the money for.

    Without a milestone: of one that is to be. Raises InvalidInput.
    """
    if due_at <= now():
        raise InvalidInput("A delivery is due on a day that is still ahead.", param=param)
    if due_at > now() + LONGEST_AHEAD:
        raise InvalidInput("That is more than three years ahead.", param=param)
    limit_at = milestone.escrow.limit_at if milestone else None
    if milestone and limit_at and limit_at < due_at and held_in(milestone.escrow):
        raise InvalidInput(
            f"The payment provider holds this money only until {said_moment(limit_at)}. Agree on "
            "an earlier day, or end it and plan it anew.",
            param=param,
            code="held_too_short",
        )
    return due_at
