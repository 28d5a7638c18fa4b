"""Offers, bids and other terms while their posting is suspended, and once it is restored."""

from datetime import timedelta

import pytest

from accounts.notifications.models import Notification
from accounts.people.models import User
from marketplace.common.clock import now
from projects.agreements.outlook import prospects_of
from projects.agreements.services import accept_offer, award_bid, decline_offer
from projects.agreements.suspending.services import restore_posting, suspend_posting
from projects.agreements.turns import turn_of
from projects.bids.counters.selectors import open_steps, standing_on, waiting_for
from projects.bids.models import Bid
from projects.reasons.services import why_gone
from projects.tasks import (
    lapse_bids,
    lapse_counters,
    lapse_offers,
    remind_of_bids,
)
from tests.projects.counter_world import countered
from tests.projects.test_downtime import walk_to
from tests.world import GROUNDS, browser, offered_contract, open_posting, submitted_bid

pytestmark = pytest.mark.django_db

NOTHING, ONE = {"done": 0, "failed": 0}, {"done": 1, "failed": 0}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def bid(ada, ben) -> Bid:
    posting = open_posting(ada, bids_close_at=now() + timedelta(days=20))
    return submitted_bid(posting, ben, valid_until=now() + timedelta(days=7))


def suspend(posting_id: int, mona: User, days: int = 20) -> None:
    suspend_posting(**GROUNDS | {"days": days}, posting_id=posting_id, reason="Hm.", by=mona)


def as_it_is(thing):
    return type(thing).objects.get(pk=thing.pk)


def told(kind: str) -> list[str]:
    notes = Notification.objects.filter(kind=kind).select_related("recipient").order_by("pk")
    return [note.recipient.name for note in notes]


def test_an_offer_waits_and_has_as_much_longer(ada, ben, mona, later):
    contract = offered_contract(ada, ben)
    suspend(contract.posting_id, mona)
    later(days=9)
    assert lapse_offers() == NOTHING
    prospects = prospects_of(as_it_is(contract))
    (strike,) = prospects.strikes
    assert strike.at is None and "stands still" in strike.text
    for role, step in (("client", "withdraw"), ("freelancer", "decline")):
        turn = turn_of(prospects, role)
        assert (turn.at, turn.waits, turn.step) == (None, True, step)

    restore_posting(posting_id=contract.posting_id, by=mona)
    moved = as_it_is(contract).offer_lapses_at - contract.offer_lapses_at
    assert timedelta(days=9) <= moved < timedelta(days=9) + MINUTE
    assert lapse_offers() == NOTHING
    assert (told("offer_goes_on"), told("bid_goes_on")) == (["Ben"], [])
    note = Notification.objects.get(kind="offer_goes_on")
    assert why_gone([note]) == {note.pk: ""}
    assert accept_offer(contract_id=contract.pk, by=ben).status == "active"
    assert why_gone([note]) == {note.pk: "The offer is open no longer."}


def test_an_offer_whose_time_was_over_before_lapses_once_it_is_restored(ada, ben, mona, later):
    contract = offered_contract(ada, ben)
    later(days=7, hours=1)
    suspend(contract.posting_id, mona)
    later(days=2)
    restore_posting(posting_id=contract.posting_id, by=mona)
    assert told("offer_goes_on") == []
    assert lapse_offers() == ONE


def test_a_bid_returned_meanwhile_has_its_three_days_and_no_more(bid, ada, ben, mona, later):
    contract = award_bid(bid_id=bid.pk, by=ada)
    later(days=6)
    suspend(bid.posting_id, mona)
    later(days=10)
    decline_offer(contract_id=contract.pk, reason="timing", by=ben)
    later(days=2)
    restore_posting(posting_id=bid.posting_id, by=mona)
    left = as_it_is(bid).valid_until - now()
    assert timedelta(days=3) - MINUTE < left < timedelta(days=3) + MINUTE
    assert lapse_bids() == NOTHING


def test_other_terms_wait_and_have_as_much_longer(bid, ada, ben, mona, later):
    counter = countered(bid, ada)
    suspend(bid.posting_id, mona)
    later(days=9)
    assert lapse_counters() == NOTHING
    counter = as_it_is(counter)
    assert (counter.state, counter.is_moot) == ("proposed", False)
    assert standing_on(as_it_is(bid)) == counter
    assert open_steps(counter, "freelancer") == ["decline"]
    assert waiting_for(ben, limit=3) == []
    assert "the time to answer stands still" in browser(ben).get(bid.path).text

    restore_posting(posting_id=bid.posting_id, by=mona)
    assert lapse_counters() == NOTHING
    moved = as_it_is(counter).answer_due_at - counter.answer_due_at
    assert timedelta(days=9) <= moved < timedelta(days=9) + MINUTE
    assert open_steps(as_it_is(counter), "freelancer") == ["accept", "decline", "counter"]
    later(days=3, minutes=1)
    assert lapse_counters() == ONE


def test_whoever_has_bid_reads_until_when_it_binds_and_is_reminded_of_that(bid, ben, mona, later):
    later(days=5)
    assert remind_of_bids() == ONE
    assert as_it_is(bid).remind_at is None
    suspend(bid.posting_id, mona)
    later(days=10)
    restore_posting(posting_id=bid.posting_id, by=mona)

    stands = as_it_is(bid)
    note = Notification.objects.get(kind="bid_goes_on")
    assert (note.recipient, note.path) == (ben, bid.path)
    assert f"{stands.valid_until:%d}".lstrip("0") in str(note.text)
    assert now() < stands.remind_at < stands.valid_until
    walk_to(stands.remind_at + MINUTE, later)
    assert remind_of_bids() == ONE
    assert told("bid_lapses_soon") == ["Ben", "Ben"]


@pytest.mark.parametrize("days", [1, 9])
@pytest.mark.parametrize("page", ["renew", "award"])
def test_its_pages_say_that_it_stands_still(bid, ada, ben, mona, later, page, days):
    suspend(bid.posting_id, mona)
    later(days=days)
    shown = browser(ben if page == "renew" else ada).get(f"{bid.path}{page}/")
    assert shown.status_code == 409
    assert "its bids stand still" in shown.text
