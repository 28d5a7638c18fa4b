"""What a suspended person cannot do, how long holds last, and who decides on them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser

from accounts.holds.models import Hold
from accounts.parties.selectors import acts_for
from accounts.people.models import User
from accounts.people.selectors import staff_roles_of
from marketplace.common.errors import DomainError, InvalidInput
from marketplace.common.lifecycle import OWNER, SYSTEM
from marketplace.common.text import checked_line, cut_line
from marketplace.common.words import said_moment

LONGEST_TEXT = 2_000
LONGEST_APPEAL = 5_000
MOST_LINKS = 10
# Holds on one thing that follow each other so closely count as one: a limit that could be begun
# anew on the next day would be none.
TOGETHER = timedelta(days=90)

# What begins something new, by its key in the services; everything else goes on.
BARRED = {
    "publish": "publish a posting",
    "invite": "invite people to bid",
    "ask": "ask on a posting",
    "bid": "bid, change or renew a bid, or agree on other terms for it",
    "offer": "make an offer",
    "sign": "accept an offer",
}
GOES_ON = (
    "read and export everything that is yours",
    "work on, deliver, fund, review and approve what is on your running contracts",
    "agree on changes and endings of your running contracts",
    "write messages, decline, withdraw, and answer disputes",
    "be paid: what you have earned goes out as ever",
)
_RECORD = re.compile(r"[a-z]{2}_[0-9A-Za-z]{8,36}")


class Suspended(DomainError):
    """A suspended person begins something new."""

    code = "suspended"
    status = 403


@dataclass(frozen=True)
class Clocks:
    """What the rules in force say of a hold, in days."""

    most_days: int
    appeal_days: int
    ruling_working_days: int
    ruling_days: int


def refusal_of(hold: Hold, deed: str) -> Suspended:
    """The sentence for somebody who is suspended by it, and tries a deed of ``BARRED``."""
    then = ""
    if hold.takes_an_appeal:
        then = f" You can appeal on your account page until {said_moment(hold.appeal_until)}."
    elif hold.status == Hold.Status.APPEALED:
        then = " Your appeal is being looked at."
    return Suspended(
        f"You are suspended until {said_moment(hold.closes_at)} and cannot {BARRED[deed]} "
        f"meanwhile: {cut_line(hold.reason, 200)}{then}"
    )


def role_in(hold: Hold, by: User | AnonymousUser | str) -> str | None:
    """Whom it concerns is that, also as one of the staff: nobody decides on their own."""
    if isinstance(by, str):
        return SYSTEM if by == SYSTEM else None
    if acts_for(by, hold.party_id):
        return OWNER
    return hold.role if hold.role in staff_roles_of(by) else None


def checked_links(links: object) -> list[str]:
    """Public ids of records, or addresses that begin with https://. Raises InvalidInput."""
    if not isinstance(links, list | tuple):
        raise InvalidInput("Give a list of ids and addresses.", param="links")
    if len(links) > MOST_LINKS:
        raise InvalidInput(f"Point at {MOST_LINKS} records at most.", param="links")
    found = [checked_line(link, param="links", longest=300) for link in links]
    for link in found:
        if not _RECORD.fullmatch(link) and not re.fullmatch(r"https://[^\s\"'<>]+", link):
            raise InvalidInput(
                "Each is the id of a record or an address that begins with https://.",
                param="links",
            )
    return found


def checked_days(days: object, most: int, before: Sequence[Hold], at: datetime) -> int:
    """For how long: with what stood on the same thing of late, no longer than ``most`` days.

    Raises InvalidInput.
    """
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= most:
        raise InvalidInput(f"A hold lasts from 1 to {most} days.", param="days")
    late = [one for one in before if one.closed_at and one.closed_at > at - TOGETHER]
    spent = sum((one.closed_at - one.created_at for one in late if one.closed_at), timedelta()).days
    if spent + days > most:
        left = max(most - spent, 0)
        raise InvalidInput(
            f"It was held before: within {TOGETHER.days} days all holds on it last {most} days at "
            f"most, and {left} are left.",
            param="days",
        )
    return days
