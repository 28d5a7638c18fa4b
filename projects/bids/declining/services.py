"""How bids end that nobody accepts: declined by the client, or with the posting that they were on.

Whoever is declined reads why; a bid that ends because the time of its posting is over, or because
nobody was hired, is given back.
"""

from typing import Any

from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.reasons import checked_reason
from marketplace.common.words import Words
from projects.bids.counters.services import drop_counter
from projects.bids.locking.services import lock_bid
from projects.bids.models import CLIENTS_REASONS, LIFECYCLE, LIVE, Bid, DeclinedFor
from projects.bids.news import tell_freelancer
from projects.bids.roles import role_in
from projects.invitations.services import lapse_invitations
from projects.postings import services as postings
from projects.postings.models import Posting
from projects.postings.roles import Actor


@transaction.atomic
def decline_bid(*, bid_id: int, reason: str, note: str = "", by: Actor) -> Bid:
    """Say no as the client, for one of a client's reasons and with a sentence if they like.

    The freelancer reads both. Raises InvalidInput for a reason that there is not, and for "other"
    without a sentence.
    """
    bid = lock_bid(bid_id)
    LIFECYCLE.judge(bid, "decline", role=role_in(bid, by))
    why, note = checked_reason(reason, note, among=CLIENTS_REASONS)
    return _decline(bid, why, note, by=by)


@transaction.atomic
def settle_awards(*, posting_id: int) -> Posting:
    """An offer was accepted. With the last award that was announced the posting is awarded, and the
    bids left on it are declined, with that reason; until then it stays open, and they stand.
    """
    # Locked before it is counted: of two who accept at once, one is the last.
    posting = postings.lock_posting(posting_id)
    if posting.awards_made < posting.awards:
        return posting
    posting = postings.award_posting(posting_id=posting_id, by=SYSTEM)
    return _decline_live(posting, DeclinedFor.OTHER_CHOSEN)


@transaction.atomic
def edit_bidding(*, posting_id: int, by: Actor, **changes: Any) -> Posting:
    """Edit the posting. Where it announces no more awards than are made, its client has found
    enough: it is awarded, and the bids left on it are declined. Refuses as ``edit_posting`` does.
    """
    posting = postings.edit_posting(posting_id=posting_id, by=by, **changes)
    if posting.status != Posting.Status.AWARDED:
        return posting
    return _decline_live(posting, DeclinedFor.ENOUGH_FOUND)


@transaction.atomic
def close_bidding(*, posting_id: int, reason: str, by: Actor) -> Posting:
    """Close the posting and give its live bids back, with what the client says of it; where some
    award was made, its client has found enough, and the bids left on it are declined for that.

    Raises WrongState while an offer waits for its answer.
    """
    posting = postings.close_posting(posting_id=posting_id, reason=reason, by=by)
    if posting.bids.filter(status=Bid.Status.OFFERED).exists():
        raise WrongState("There is an offer out: withdraw it before you close the posting.")
    if posting.status == Posting.Status.AWARDED:
        return _decline_live(posting, DeclinedFor.ENOUGH_FOUND)
    return _give_back_live(posting)


@transaction.atomic
def expire_bidding(*, posting_id: int, by: Actor) -> Posting:
    """End a posting on which no bid stands, or whose client has not chosen in time: as expired, or
    as awarded where some award was made.

    Bids that still stand then are given back. Raises WrongState where one may be chosen yet.
    """
    posting = postings.expire_posting(posting_id=posting_id, by=by)
    standing = set(posting.bids.values_list("status", flat=True))
    if Bid.Status.OFFERED in standing:
        raise WrongState("There is an offer out: it is answered first.")
    if standing & LIVE and not posting.is_past_choosing:
        raise WrongState("There are bids to choose from.")
    return _give_back_live(posting)


@transaction.atomic
def give_back_bid(*, bid_id: int, by: Actor) -> Bid:
    """The posting has ended, and nobody (more) was hired: its author reads so, and what the client
    said.

    Of the house alone, in the transaction that ends the posting.
    """
    bid = lock_bid(bid_id)
    LIFECYCLE.advance(bid, "give_back", role=role_in(bid, by))
    is_awarded = bid.posting.status == Posting.Status.AWARDED
    why = DeclinedFor.NO_MORE_HIRED if is_awarded else DeclinedFor.NOBODY_HIRED
    _end(bid, why, bid.posting.status_reason)
    tell_freelancer(
        bid, "bid_given_back", Words("Your bid on “%(title)s” is given back. %(reason)s"), by=by
    )
    return bid


def _decline_live(posting: Posting, why: str) -> Posting:
    """The posting is awarded: whoever is left reads why, and what its client says of it."""
    for bid in _locked_live(posting.pk):
        _decline(bid, why, posting.status_reason, by=SYSTEM)
    lapse_invitations(posting_id=posting.pk)
    return posting


def _give_back_live(posting: Posting) -> Posting:
    for bid in _locked_live(posting.pk):
        give_back_bid(bid_id=bid.pk, by=SYSTEM)
    lapse_invitations(posting_id=posting.pk)
    return posting


def _locked_live(posting_id: int) -> list[Bid]:
    """In the order of their keys, as everybody takes them who takes several."""
    live = Bid.objects.filter(posting_id=posting_id, status__in=LIVE)
    sides = live.select_related("posting__client", "freelancer")
    return list(sides.select_for_update(of=("self",)).order_by("pk"))


def _decline(bid: Bid, why: str, note: str, *, by: Actor) -> Bid:
    LIFECYCLE.advance(bid, "decline", role=role_in(bid, by))
    _end(bid, why, note)
    tell_freelancer(
        bid, "bid_declined", Words("Your bid on “%(title)s” was declined. %(reason)s"), by=by
    )
    return bid


def _end(bid: Bid, why: str, note: str) -> None:
    bid.declined_for, bid.status_reason, bid.closed_at = why, note, now()
    bid.save(update_fields=["status", "declined_for", "status_reason", "closed_at"])
    drop_counter(bid)
