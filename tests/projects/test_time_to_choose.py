"""Until when a client may choose: what bidders were told is kept, however the posting is edited."""

from datetime import datetime, timedelta

import pytest

from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from projects.bids.declining.services import edit_bidding, expire_bidding
from projects.bids.models import Bid
from projects.bids.renewals.services import renew_bid
from projects.bids.selectors import expired_posting_ids
from projects.bids.services import withdraw_bid
from projects.postings.models import TIME_TO_CHOOSE, Posting
from projects.tasks import expire_postings
from tests.projects.test_posting_and_bid_pages import browser_of
from tests.world import api_of, open_posting, submitted_bid

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def posting(ada) -> Posting:
    return open_posting(ada, bids_close_at=now() + 30 * DAY)


def close_bids_in(posting: Posting, ada, days: int) -> Posting:
    return edit_bidding(posting_id=posting.pk, by=ada, bids_close_at=now() + days * DAY)


def promised(posting: Posting) -> datetime | None:
    return Posting.objects.get(pk=posting.pk).choose_by


def test_a_shorter_time_for_bids_leaves_the_time_to_choose_to_whoever_has_bid(posting, ada, ben):
    submitted_bid(posting, ben)
    told = promised(posting)
    assert told == posting.bids_close_at + TIME_TO_CHOOSE

    edited = close_bids_in(posting, ada, 2)

    assert edited.bids_close_at < posting.bids_close_at
    assert promised(posting) == told
    assert close_bids_in(posting, ada, 1).choose_by == told, "nor by steps"


def test_where_nobody_has_bid_nothing_was_promised(posting, ada, ben):
    withdraw_bid(bid_id=submitted_bid(posting, ben).pk, by=ben)
    edited = close_bids_in(posting, ada, 2)
    assert promised(posting) == edited.bids_close_at + TIME_TO_CHOOSE


def test_a_longer_time_for_bids_is_a_longer_time_to_choose(posting, ada, ben):
    submitted_bid(posting, ben)
    close_bids_in(posting, ada, 2)
    edited = close_bids_in(posting, ada, 50)
    assert promised(posting) == edited.bids_close_at + TIME_TO_CHOOSE


def test_the_sweep_waits_for_what_was_promised(posting, ada, ben, later):
    bid = submitted_bid(posting, ben)
    close_bids_in(posting, ada, 1)
    later(days=25)
    renew_bid(bid_id=bid.pk, by=ben, valid_until=now() + 60 * DAY)  # to the 85th day, of 90
    later(days=38)  # the 63rd: two days more than by the shorter time

    assert expired_posting_ids() == []
    with pytest.raises(WrongState, match="bids to choose from"):
        expire_bidding(posting_id=posting.pk, by=SYSTEM)

    later(days=28)
    Bid.objects.update(valid_until=now() + DAY)
    assert expire_postings() == {"done": 1, "failed": 0}
    assert Bid.objects.get().declined_for == "nobody_hired"


def test_both_doors_say_what_was_promised(posting, ada, ben, later):
    submitted_bid(posting, ben, valid_until=now() + 60 * DAY)
    told = promised(posting)
    form = browser_of(ada).get(f"{posting.path}edit/").content.decode()
    assert "the time to choose stays as those who have bid were told" in form
    close_bids_in(posting, ada, 1)
    later(days=2)

    assert f"{told:%Y-%m-%dT%H:%M}" in browser_of(ada).get(posting.path).content.decode()
    read = api_of(ben).get(f"/api/v1/postings/{posting.public_id}/").json()
    assert read["choose_by"][:16] == f"{told:%Y-%m-%dT%H:%M}"
