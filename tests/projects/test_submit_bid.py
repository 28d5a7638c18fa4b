"""Submitting a bid."""

from datetime import timedelta

import pytest

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from projects.bids.declining.services import close_bidding
from projects.bids.models import Bid
from projects.bids.services import withdraw_bid
from tests.races import at_once
from tests.world import draft_posting, open_posting, plan_of, submitted_bid

pytestmark = pytest.mark.django_db


def test_it_stands_on_the_posting_and_the_client_is_told(ada, ben):
    posting = open_posting(ada)

    bid = submitted_bid(posting, ben, price=90_000, plan=plan_of(30_000, 60_000))

    assert (bid.status, bid.price, bid.currency, bid.version) == ("submitted", 90_000, "USD", 1)
    notice = Notification.objects.get(kind="bid_submitted")
    assert notice.recipient == ada
    assert notice.path == f"/bids/{bid.public_id}/"
    assert "$900.00" in notice.text


def test_a_second_one_is_refused_until_the_first_is_gone(ada, ben):
    posting = open_posting(ada)
    first = submitted_bid(posting, ben)

    with pytest.raises(WrongState) as refusal:
        submitted_bid(posting, ben)
    assert refusal.value.code == "already_bid"
    assert Bid.objects.count() == 1

    withdraw_bid(bid_id=first.pk, by=ben)
    assert submitted_bid(posting, ben).status == "submitted"


def test_nobody_bids_on_their_own_posting(ada):
    with pytest.raises(NotAllowed):
        submitted_bid(open_posting(ada), ada)


def test_only_an_open_posting_takes_bids(ada, ben):
    with pytest.raises(WrongState):
        submitted_bid(draft_posting(ada), ben)

    closed = open_posting(ada)
    close_bidding(posting_id=closed.pk, reason="Done already", by=ada)
    with pytest.raises(WrongState):
        submitted_bid(closed, ben)


def test_the_time_for_bids_ends(ada, ben, time_machine):
    posting = open_posting(ada, bids_close_at=now() + timedelta(days=3))
    time_machine.move_to(now() + timedelta(days=3, minutes=1))

    with pytest.raises(WrongState):
        submitted_bid(posting, ben)


@pytest.mark.parametrize(
    ("terms", "param"),
    [
        ({"price": 0}, "price"),
        ({"price": -1}, "price"),
        ({"price": 10.5}, "price"),
        ({"price": True}, "price"),
        ({"price": 10**15}, "price"),
        ({"days": 0}, "days"),
        ({"days": "20"}, "days"),
        ({"days": 10_000}, "days"),
        ({"letter": ""}, "letter"),
        ({"letter": "  \n "}, "letter"),
        ({"letter": "x" * 10_001}, "letter"),
        ({"letter": "a\0b"}, "letter"),
        ({"letter": 7}, "letter"),
        ({"currency": "EUR"}, "currency"),
        ({"plan": []}, "plan"),
        ({"plan": "all of it"}, "plan"),
        ({"plan": ["all of it"]}, "plan"),
        ({"plan": plan_of(*[10_000] * 21)}, "plan"),
        ({"plan": plan_of(79_999)}, "plan"),
        ({"plan": plan_of(79_501, 499)}, "plan[1].amount"),
        ({"plan": [{"title": "All", "amount": 80_000.0, "days": 5}]}, "plan[0].amount"),
        ({"plan": [{"title": "All", "days": 5}]}, "plan[0].amount"),
        ({"plan": [{"title": "", "amount": 80_000, "days": 5}]}, "plan[0].title"),
        ({"plan": [{"title": "x" * 151, "amount": 80_000, "days": 5}]}, "plan[0].title"),
        ({"plan": [{"title": "All", "amount": 80_000, "days": 21}]}, "plan[0].days"),
        ({"plan": [{"title": "All", "amount": 80_000, "days": None}]}, "plan[0].days"),
        ({"plan": [{"title": "All", "amount": 80_000, "days": 5, "x": 1}]}, "plan[0].x"),
        (
            {"plan": [{"title": "All", "amount": 80_000, "days": 5, "criteria": "good"}]},
            "plan[0].criteria",
        ),
        (
            {"plan": [{"title": "All", "amount": 80_000, "days": 5, "criteria": ["x" * 301]}]},
            "plan[0].criteria",
        ),
        (
            {
                "plan": [
                    {"title": "Late", "amount": 40_000, "days": 9},
                    {"title": "Early", "amount": 40_000, "days": 8},
                ]
            },
            "plan[1].days",
        ),
        ({"plan": plan_of(80_000, criteria=["It is fast.", " It is fast."])}, "plan[0].criteria"),
        ({"valid_until": "tomorrow"}, "valid_until"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_their_field(ada, ben, terms, param):
    posting = open_posting(ada)
    terms = {"plan": plan_of(80_000), **terms}

    with pytest.raises(InvalidInput) as refusal:
        submitted_bid(posting, ben, **terms)

    assert refusal.value.param == param
    assert not Bid.objects.exists()


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=12), timedelta(days=61)])
def test_it_is_valid_for_one_to_sixty_days(ada, ben, ahead):
    with pytest.raises(InvalidInput) as refusal:
        submitted_bid(open_posting(ada), ben, valid_until=now() + ahead)
    assert refusal.value.param == "valid_until"


@pytest.mark.parametrize("days", [1, 60])
def test_the_ends_of_that_range_are_taken(ada, ben, days):
    bid = submitted_bid(open_posting(ada), ben, valid_until=now() + timedelta(days=days))
    assert bid.status == "submitted"


@pytest.mark.parametrize(("currency", "least"), [("JPY", 50), ("USD", 500), ("KWD", 5_000)])
def test_the_smallest_milestone_is_five_units_or_what_a_card_can_bear(ada, ben, currency, least):
    posting = open_posting(ada, currency=currency, budget_least=None, budget_most=None)

    with pytest.raises(InvalidInput):
        submitted_bid(posting, ben, price=least - 1)
    assert submitted_bid(posting, ben, price=least).currency == currency


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_leave_one_live_bid(ada, ben):
    posting = open_posting(ada)

    outcomes = at_once(*[lambda: submitted_bid(posting, ben)] * 8)

    assert sorted(outcomes) == ["already_bid"] * 7 + ["done"]
    assert Bid.objects.count() == 1
    assert Notification.objects.filter(kind="bid_submitted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_none_slips_in_while_the_posting_closes(ada, ben, cleo):
    posting = open_posting(ada)

    at_once(
        lambda: submitted_bid(posting, ben),
        lambda: submitted_bid(posting, cleo),
        lambda: close_bidding(posting_id=posting.pk, reason="", by=ada),
    )

    posting.refresh_from_db()
    assert posting.status == "closed"
    assert set(Bid.objects.values_list("status", flat=True)) <= {"declined"}
