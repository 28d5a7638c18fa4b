"""Suspended, and the house was down: what stood still is put off once, what struck is made up."""

from datetime import timedelta

import pytest

from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.models import Outage
from projects.agreements.downtime.selectors import why_later
from projects.agreements.suspending.services import restore_posting
from projects.bids.counters.models import CounterOffer
from projects.bids.models import Bid
from projects.contracts.models import Contract, PutOff
from projects.postings.models import Posting
from projects.tasks import lapse_bids, lapse_counters, lapse_offers, make_up_for_outages
from tests.projects.counter_world import countered
from tests.projects.test_downtime import DOWN, beat_heart, started_again, stopped, walk_to
from tests.projects.test_while_a_posting_is_suspended import MINUTE, NOTHING, as_it_is, suspend
from tests.world import offered_contract, open_posting, submitted_bid

pytestmark = pytest.mark.django_db


def offer_of(ada: User, ben: User) -> tuple[Posting, Contract, str]:
    contract = offered_contract(ada, ben)
    return contract.posting, contract, "offer_lapses_at"


def bid_of(ada: User, ben: User) -> tuple[Posting, Bid, str]:
    bid = submitted_bid(open_posting(ada), ben, valid_until=now() + timedelta(days=7))
    return bid.posting, bid, "valid_until"


def counter_of(ada: User, ben: User) -> tuple[Posting, CounterOffer, str]:
    bid = submitted_bid(open_posting(ada), ben)
    return bid.posting, countered(bid, ada), "answer_due_at"


def posting_of(ada: User, ben: User) -> tuple[Posting, Posting, str]:
    posting = open_posting(ada, bids_close_at=now() + timedelta(days=7))
    return posting, posting, "bids_close_at"


CLOCKS = {"offer": offer_of, "bid": bid_of, "counter": counter_of, "bidding": posting_of}


@pytest.mark.parametrize("name", CLOCKS)
def test_what_struck_in_an_outage_is_made_up_for_though_suspended_after_it(
    ada, ben, mona, later, name
):
    posting, thing, field = CLOCKS[name](ada, ben)
    was = getattr(thing, field)
    walk_to(was + timedelta(hours=1), later)
    stopped()
    beat_heart()
    suspend(posting.pk, mona)
    make_up_for_outages()
    later(days=2)
    restore_posting(posting_id=posting.pk, by=mona)

    moved = getattr(as_it_is(thing), field) - was
    assert timedelta(days=2) + DOWN <= moved < timedelta(days=2) + DOWN + MINUTE
    assert lapse_bids() == lapse_offers() == lapse_counters() == NOTHING
    # Why it is later is said still, and of the outage alone.
    assert why_later(thing.public_id, was + moved).count("extended by 2 h 10 min") == 1


@pytest.mark.parametrize("name", CLOCKS)
def test_what_stood_still_in_the_outage_is_later_by_the_suspension_alone(
    ada, ben, mona, later, name
):
    posting, thing, field = CLOCKS[name](ada, ben)
    was = getattr(thing, field)
    walk_to(was - timedelta(days=1), later)
    suspend(posting.pk, mona)
    walk_to(was + timedelta(hours=1), later)
    stopped()
    started_again()
    assert Outage.objects.exclude(made_up_at=None).count() == 1
    assert not PutOff.objects.exists()
    restore_posting(posting_id=posting.pk, by=mona)
    moved = getattr(as_it_is(thing), field) - was
    assert timedelta(hours=25) <= moved < timedelta(hours=25) + MINUTE
