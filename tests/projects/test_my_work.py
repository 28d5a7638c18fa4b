"""What a client finds above their contracts: the postings that wait for a choice."""

import pytest

from projects.bids.selectors import postings_to_award
from projects.bids.services import withdraw_bid
from tests.world import award_bid, draft_posting, open_posting, submitted_bid

pytestmark = pytest.mark.django_db


def test_postings_with_bids_wait_for_a_choice(ada, ben, cleo):
    draft_posting(ada)
    open_posting(ada)
    posting = open_posting(ada)
    submitted_bid(posting, ben)
    withdraw_bid(bid_id=submitted_bid(posting, cleo).pk, by=cleo)

    (found,) = postings_to_award(ada, limit=3)

    assert (found, found.live_bids) == (posting, 1)
    assert postings_to_award(ben, limit=3) == []


def test_an_offer_that_is_out_waits_for_the_freelancer(ada, ben, cleo):
    posting = open_posting(ada)
    submitted_bid(posting, cleo)
    award_bid(bid_id=submitted_bid(posting, ben).pk, by=ada)

    assert postings_to_award(ada, limit=3) == []


def test_the_page_leads_to_the_bids(ada, ben, client):
    posting = open_posting(ada)
    submitted_bid(posting, ben)
    client.force_login(ada, backend="allauth.account.auth_backends.AuthenticationBackend")

    assert f"{posting.path}bids/" in client.get("/contracts/").text
    assert f"{posting.path}bids/" not in client.get("/contracts/?side=freelancer").text
