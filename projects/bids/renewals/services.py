"""How a bid stays valid: its author is reminded some days before it lapses, and may renew it."""

from datetime import datetime

from django.db import transaction

from accounts.holds.services import judge_may_begin
from accounts.notifications.services import notify
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.words import Words
from projects.bids.locking.services import lock_bid
from projects.bids.models import LIFECYCLE, LIVE, Bid
from projects.bids.news import tell_client
from projects.bids.roles import role_in
from projects.bids.validity import (
    checked_renewal,
    judge_running,
    key_of_reminder,
    reminds_at,
    words_of_reminder,
)
from projects.postings.roles import Actor


@transaction.atomic
def renew_bid(*, bid_id: int, valid_until: datetime, by: Actor) -> Bid:
    """Let it stand longer on the same terms; the client is told, once a day at most.

    It is the same wording, so what is proposed about it stands, and so does who has read it. Raises
    InvalidInput for a moment that is not at least a day later than the present one, more than 60
    days ahead or after the client's time to choose; WrongState where the bid is over or stands
    still.
    """
    judge_may_begin(by, "bid")
    bid = lock_bid(bid_id)
    LIFECYCLE.advance(bid, "renew", role=role_in(bid, by))
    judge_running(bid)
    if bid.valid_until <= now():
        raise WrongState("This bid is not valid any more.")
    bid.valid_until = checked_renewal(bid, valid_until)
    bid.remind_at, bid.renewed_at = reminds_at(bid.valid_until), now()
    bid.save(update_fields=["valid_until", "remind_at", "renewed_at"])
    text = Words(
        "%(who)s renewed the bid on “%(title)s”: it is valid until %(until)s.",
        until=bid.valid_until,
    )
    key = f"{bid.public_id}:renewed:{bid.renewed_at:%Y-%m-%d}"
    tell_client(bid, "bid_renewed", text, by=by, key=key)
    return bid


@transaction.atomic
def remind_of_lapse(*, bid_id: int) -> Bid:
    """Tell its author once that it will lapse. Safe to call too early, too late or again."""
    bid = lock_bid(bid_id)
    runs = not bid.stands_still
    is_due = runs and bid.remind_at is not None and bid.remind_at <= now() < bid.valid_until
    if bid.status not in LIVE or not is_due:
        return bid
    bid.remind_at = None
    bid.save(update_fields=["remind_at"])
    notify(
        to=bid.freelancer,
        kind="bid_lapses_soon",
        text=words_of_reminder(bid),
        path=bid.path,
        key=key_of_reminder(bid),
        about=bid.public_id,
        title=bid.posting.title,
    )
    return bid
