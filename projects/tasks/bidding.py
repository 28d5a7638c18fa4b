"""What happens to postings and bids because time has passed."""

from celery import shared_task

from marketplace.common.lifecycle import SYSTEM
from marketplace.common.outages.selectors import may_strike
from marketplace.common.sweeps import sweep
from projects.bids import selectors as bids_due
from projects.bids import services as bids
from projects.bids.choosing import services as choosing
from projects.bids.counters import services as counters
from projects.bids.counters.models import CounterOffer
from projects.bids.counters.selectors import over_counter_ids
from projects.bids.declining import services as declining
from projects.bids.models import Bid
from projects.bids.renewals import services as renewals
from projects.postings.models import Posting


@shared_task(name="projects.remind_of_bids")
def remind_of_bids() -> dict[str, int]:
    """Bids that lapse in some days: their authors may renew them."""
    return sweep(
        bids_due.lapsing_bid_ids,
        lambda pk: renewals.remind_of_lapse(bid_id=pk),
        of=Bid,
        while_=may_strike,
    )


@shared_task(name="projects.remind_of_choices")
def remind_of_choices() -> dict[str, int]:
    """Clients who have not chosen, and whose time to choose ends in some days."""
    return sweep(
        bids_due.undecided_posting_ids,
        lambda pk: choosing.remind_of_choice(posting_id=pk),
        of=Posting,
        while_=may_strike,
    )


@shared_task(name="projects.lapse_bids")
def lapse_bids() -> dict[str, int]:
    """A bid that the client did not answer while it was valid."""
    return sweep(
        bids_due.lapsed_bid_ids,
        lambda pk: bids.lapse_bid(bid_id=pk, by=SYSTEM),
        of=Bid,
        while_=may_strike,
    )


@shared_task(name="projects.lapse_counters")
def lapse_counters() -> dict[str, int]:
    """Other terms for a bid that nobody answered, or whose bid has ended."""
    return sweep(
        over_counter_ids,
        lambda pk: counters.lapse_counter(counter_id=pk),
        of=CounterOffer,
        under=["bid"],
        while_=may_strike,
    )


@shared_task(name="projects.expire_postings")
def expire_postings() -> dict[str, int]:
    """The time for bids is over, and none is left to choose from or the time to choose is over."""
    return sweep(
        bids_due.expired_posting_ids,
        lambda pk: declining.expire_bidding(posting_id=pk, by=SYSTEM),
        of=Posting,
        while_=may_strike,
    )
