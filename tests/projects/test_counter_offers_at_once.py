"""Several answers at the same moment: one counts."""

import json

import pytest

from accounts.holds import services as holds
from projects.agreements.services import award_bid
from projects.bids import services as bids
from projects.bids.counters import services
from projects.bids.counters.models import CounterOffer
from projects.bids.declining.services import close_bidding
from projects.bids.models import Bid, BidVersion
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of
from tests.projects.counter_world import again, bid_of, countered
from tests.races import at_once, meet_after

pytestmark = pytest.mark.django_db(transaction=True)


def test_eight_acceptances_at_once_are_one(ada, ben):
    bid = bid_of(ada, ben)
    counter = countered(bid, ada)

    outcomes = at_once(*[lambda: services.accept_counter(counter_id=counter.pk, by=ben)] * 8)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    bid.refresh_from_db()
    assert (bid.price, bid.version, BidVersion.objects.count()) == (60_000, 2, 1)


def test_without_the_lock_they_would_collide(ada, ben, monkeypatch):
    counter = countered(bid_of(ada, ben), ada)

    def unlocked(counter_id: int) -> CounterOffer:
        return CounterOffer.objects.select_related("bid__posting__client", "bid__freelancer").get(
            pk=counter_id
        )

    monkeypatch.setattr(services, "lock_counter", unlocked)
    monkeypatch.setattr(holds, "_lock_person", lambda _pk: None)  # all of them are Ben's
    meet_after(monkeypatch, services, "lock_counter")
    with pytest.raises(Exception, match="bid_versions_are_numbered"):
        at_once(*[lambda: services.accept_counter(counter_id=counter.pk, by=ben)] * 8)


def test_eight_proposals_at_once_are_one(ada, ben):
    bid = bid_of(ada, ben)
    outcomes = at_once(*[lambda: countered(bid, ada)] * 8)
    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7


@pytest.mark.parametrize("other", ["decline", "counter", "withdraw", "withdraw bid", "close"])
def test_an_acceptance_beside_another_deed_is_whole_or_nothing(other, ada, ben):
    bid = bid_of(ada, ben)
    counter = countered(bid, ada)
    deeds = {
        "decline": lambda: services.decline_counter(counter_id=counter.pk, by=ben),
        "counter": lambda: again(counter, ben, 70_000),
        "withdraw": lambda: services.withdraw_counter(counter_id=counter.pk, by=ada),
        "withdraw bid": lambda: bids.withdraw_bid(bid_id=bid.pk, by=ben),
        "close": lambda: close_bidding(posting_id=bid.posting_id, reason="No.", by=ada),
    }

    outcomes = at_once(
        *[lambda: services.accept_counter(counter_id=counter.pk, by=ben)] * 4, *[deeds[other]] * 4
    )

    accepted = outcomes[:4].count("done")
    assert accepted <= 1
    assert Bid.objects.get().price == (60_000 if accepted else 80_000)
    assert Bid.objects.get().version == 1 + accepted
    assert CounterOffer.objects.filter(status="accepted").count() == accepted


def test_an_award_signs_what_stood_before_or_what_was_accepted_and_nothing_between(ada, ben):
    bid = bid_of(ada, ben)
    counter = countered(bid, ada)

    outcomes = at_once(
        *[lambda: services.accept_counter(counter_id=counter.pk, by=ben)] * 4,
        *[lambda: award_bid(bid_id=bid.pk, by=ada)] * 4,
    )

    assert outcomes[4:].count("done") == 1
    accepted = outcomes[:4].count("done")
    wording = json.loads(agreement_of(Contract.objects.get()).body)
    assert wording["milestones"][0]["amount"] == (60_000 if accepted else 80_000)
    counter.refresh_from_db()
    assert counter.status == ("accepted" if accepted else "lapsed")
