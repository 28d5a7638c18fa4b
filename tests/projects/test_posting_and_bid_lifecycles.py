"""Every state of a posting and a bid, every person, every step: tried by its deed."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, MEDIATOR, MODERATOR, OWNER, SYSTEM
from projects.agreements.suspending.services import restore_posting, suspend_posting
from projects.bids import models as bid_models
from projects.bids import services as bids
from projects.bids.counters.services import propose_counter
from projects.bids.declining import services as declining
from projects.bids.models import Bid
from projects.bids.renewals.services import renew_bid
from projects.postings import models as posting_models
from projects.postings import services as postings
from projects.postings.models import Posting
from tests.against_the_rules import force
from tests.projects.counter_world import terms
from tests.walking import Deed, Walk
from tests.world import GROUNDS, draft_posting, open_posting, submitted_bid

pytestmark = pytest.mark.django_db

OFFERED_FROM = Bid.Status.SHORTLISTED


def posting(who: Any) -> Posting:
    return draft_posting(who.ada)


def posting_past_its_time(who: Any) -> Posting:
    made = posting(who)
    force(Posting.objects.filter(pk=made.pk), bids_close_at=now() - timedelta(hours=1))
    return made


def bid(who: Any) -> Bid:
    return submitted_bid(open_posting(who.ada), who.ben)


def bid_past_its_time(who: Any) -> Bid:
    made = bid(who)
    force(Bid.objects.filter(pk=made.pk), valid_until=now() - timedelta(days=1))
    return made


POSTING_DEEDS = {
    "publish": Deed(posting, lambda pk, by: postings.publish_posting(posting_id=pk, by=by)),
    "edit": Deed(
        posting, lambda pk, by: postings.edit_posting(posting_id=pk, by=by, title="Another title")
    ),
    "award": Deed(posting, lambda pk, by: postings.award_posting(posting_id=pk, by=by)),
    "close": Deed(
        posting, lambda pk, by: declining.close_bidding(posting_id=pk, reason="Enough.", by=by)
    ),
    "expire": Deed(
        posting_past_its_time, lambda pk, by: declining.expire_bidding(posting_id=pk, by=by)
    ),
    "suspend": Deed(
        posting, lambda pk, by: suspend_posting(**GROUNDS, posting_id=pk, reason="Hm.", by=by)
    ),
    "restore": Deed(posting, lambda pk, by: restore_posting(posting_id=pk, by=by)),
}
BID_DEEDS = {
    "edit": Deed(bid, lambda pk, by: bids.edit_bid(bid_id=pk, by=by, letter="Other words.")),
    "renew": Deed(
        bid, lambda pk, by: renew_bid(bid_id=pk, by=by, valid_until=now() + timedelta(days=40))
    ),
    "shortlist": Deed(bid, lambda pk, by: bids.shortlist_bid(bid_id=pk, by=by)),
    "unlist": Deed(bid, lambda pk, by: bids.unlist_bid(bid_id=pk, by=by)),
    "offer": Deed(bid, lambda pk, by: bids.offer_bid(bid_id=pk, by=by)),
    "return": Deed(bid, lambda pk, by: bids.return_bid(bid_id=pk, by=by), to=OFFERED_FROM),
    "accept": Deed(bid, lambda pk, by: bids.accept_bid(bid_id=pk, by=by)),
    "counter": Deed(bid, lambda pk, by: propose_counter(bid_id=pk, by=by, **terms(60_000))),
    "decline": Deed(bid, lambda pk, by: declining.decline_bid(bid_id=pk, reason="price", by=by)),
    "give_back": Deed(bid, lambda pk, by: declining.give_back_bid(bid_id=pk, by=by)),
    "withdraw": Deed(bid, lambda pk, by: bids.withdraw_bid(bid_id=pk, by=by)),
    "lapse": Deed(bid_past_its_time, lambda pk, by: bids.lapse_bid(bid_id=pk, by=by)),
}


def a_posting_would_be(_status: str) -> dict[str, Any]:
    return {"published_at": now() - timedelta(hours=2)}


def a_bid_would_be(status: str) -> dict[str, Any]:
    """It goes back to where it was offered from, and whoever is declined knows why."""
    why = "price" if status == Bid.Status.DECLINED else ""
    return {"offered_from": OFFERED_FROM, "declined_for": why}


def around_a_posting(who: Any) -> dict[str, Any]:
    return {OWNER: who.ada, MODERATOR: who.mona, MEDIATOR: who.dora, "": who.ben, SYSTEM: SYSTEM}


def around_a_bid(who: Any) -> dict[str, Any]:
    sides = {CLIENT: who.ada, FREELANCER: who.ben}
    return sides | {"": who.cleo, "staff": who.dora, "mod": who.mona, SYSTEM: SYSTEM}


@pytest.fixture
def who(ada, ben, cleo, dora, mona) -> SimpleNamespace:
    return SimpleNamespace(ada=ada, ben=ben, cleo=cleo, dora=dora, mona=mona)


def test_every_step_has_its_deed():
    assert set(POSTING_DEEDS) == set(posting_models.LIFECYCLE.steps)
    assert set(BID_DEEDS) == set(bid_models.LIFECYCLE.steps)


@pytest.mark.parametrize("step", POSTING_DEEDS)
def test_postings_obey_their_table(step, who):
    walk = Walk(posting_models.LIFECYCLE, POSTING_DEEDS, around_a_posting, a_posting_would_be)
    walk.of(step, who)


@pytest.mark.parametrize("step", BID_DEEDS)
def test_bids_obey_their_table(step, who):
    Walk(bid_models.LIFECYCLE, BID_DEEDS, around_a_bid, a_bid_would_be).of(step, who)
