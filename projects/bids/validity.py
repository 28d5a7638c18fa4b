"""Until when a bid binds its author: for how long it may be renewed, and when they are reminded."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.words import Words, said_moment
from projects.bids.models import LIVE, Bid
from projects.bids.terms import LEAST_VALID_DAYS, MOST_VALID_DAYS, checked_valid_until

# How long before a bid lapses its author hears of it; of a short one when half of it is over.
AHEAD = timedelta(days=3)
# A renewal is for so much longer: less is not worth telling.
LEAST_RENEWAL = timedelta(days=LEAST_VALID_DAYS)


def reminds_at(valid_until: datetime, since: datetime | None = None) -> datetime:
    """When its author is told that a bid lapses that is valid until then, from now on or ``since``
    a moment.
    """
    moment = since or now()
    return max(valid_until - AHEAD, moment + (valid_until - moment) / 2)


def renewable_until(bid: Bid) -> datetime:
    """The latest moment until which it may be renewed now."""
    latest = now() + timedelta(days=MOST_VALID_DAYS)
    return min(latest, bid.posting.choose_by or latest)


def judge_running(bid: Bid) -> None:
    """Raises WrongState while the posting is suspended: the bid's time goes on once it is back."""
    if bid.stands_still:
        raise WrongState("The posting is suspended: its bids stand still until it is restored.")


def may_be_renewed(bid: Bid) -> bool:
    """Whether it is still valid, its time runs, and there is time left to renew it for."""
    return not bid.stands_still and now() < bid.valid_until <= renewable_until(bid) - LEAST_RENEWAL


def checked_renewal(bid: Bid, until: object) -> datetime:
    """At least a day after the present date, while the client chooses. Raises InvalidInput."""
    moment = checked_valid_until(until)
    if moment < bid.valid_until + LEAST_RENEWAL:
        raise InvalidInput(
            f"It is valid until {said_moment(bid.valid_until)} already: renew it for at least a "
            "day more.",
            param="valid_until",
        )
    choose_by = bid.posting.choose_by
    if choose_by is not None and moment > choose_by:
        raise InvalidInput(
            f"The client chooses by {said_moment(choose_by)}: no bid stands longer than that.",
            param="valid_until",
        )
    return moment


def words_of_reminder(bid: Bid) -> Words:
    """With the date itself: it may be read much later."""
    warning = Words(
        "Your bid on “%(title)s” is valid until %(until)s and then lapses.",
        title=bid.posting.title,
        until=bid.valid_until,
    )
    if may_be_renewed(bid):
        return warning + Words("Renew it if it still stands.")
    return warning + Words("The client may choose it until then.")


def key_of_reminder(bid: Bid) -> str:
    """Nobody is reminded twice of one date, and of another one again."""
    return f"{bid.public_id}:lapses:{bid.valid_until.isoformat()}"


def why_reminder_has_gone(bid: Bid, key: str) -> str:
    """Why nobody needs the reminder under this key any more; '' where its reason stands."""
    if bid.stands_still:
        return gettext_noop("The posting is suspended: the bid stands still.")
    if bid.status not in LIVE or bid.valid_until <= now():
        return gettext_noop("The bid is open no longer.")
    return (
        ""
        if key == key_of_reminder(bid)
        else gettext_noop("The bid is valid until another date now.")
    )
