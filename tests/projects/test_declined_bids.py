"""Bids that nobody accepts: why they were declined, and those that are given back."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.notifications.models import Notification
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from projects.agreements.services import accept_offer, award_bid
from projects.bids.counters.models import CounterOffer
from projects.bids.declining import services
from projects.bids.declining.services import close_bidding, decline_bid, expire_bidding
from projects.bids.models import CLIENTS_REASONS, Bid, DeclinedFor
from projects.bids.selectors import expired_posting_ids
from projects.bids.services import offer_bid, return_bid, shortlist_bid, withdraw_bid
from projects.messages.rules import Talk
from projects.postings.models import TIME_TO_CHOOSE, Posting
from projects.tasks import expire_postings
from tests.projects.counter_world import countered
from tests.projects.test_posting_and_bid_pages import browser_of
from tests.races import at_once, meet_after
from tests.world import api_of, open_posting, submitted_bid

pytestmark = pytest.mark.django_db


@pytest.fixture
def bid(ada, ben) -> Bid:
    return submitted_bid(open_posting(ada), ben)


def told(kind: str) -> list[tuple[str, str]]:
    """Who was told something of this kind, and what."""
    found = Notification.objects.filter(kind=kind).order_by("pk")
    return [(notice.recipient.name, notice.text) for notice in found]


# --- Declined ------------------------------------------------------------------------------------


def test_a_client_declines_for_a_reason_and_with_a_sentence(bid, ada):
    shortlist_bid(bid_id=bid.pk, by=ada)

    decline_bid(bid_id=bid.pk, reason="price", note=" Over our  budget. ", by=ada)

    bid.refresh_from_db()
    assert (bid.status, bid.declined_for) == ("declined", "price")
    assert bid.status_reason == "Over our budget."
    assert bid.closed_at is not None
    ((name, text),) = told("bid_declined")
    assert (name, text) == (
        "Ben",
        f"Your bid on “{bid.posting.title}” was declined. The price does not fit: Over our budget.",
    )
    with pytest.raises(WrongState):
        decline_bid(bid_id=bid.pk, reason="price", by=ada)
    assert len(told("bid_declined")) == 1


@pytest.mark.parametrize("reason", [why for why in CLIENTS_REASONS if why != DeclinedFor.OTHER])
def test_a_reason_is_enough(bid, ada, reason):
    bid = decline_bid(bid_id=bid.pk, reason=reason, by=ada)
    assert bid.reason_in_words == f"{DeclinedFor(reason).label}."


def test_another_reason_is_said_in_a_sentence(bid, ada):
    bid = decline_bid(bid_id=bid.pk, reason="other", note="We are too small for you.", by=ada)
    assert bid.reason_in_words == "We are too small for you."


@pytest.mark.parametrize(
    ("reason", "note", "param"),
    [
        ("", "", "reason"),
        ("Over budget.", "", "reason"),
        (None, "", "reason"),
        (["price"], "", "reason"),
        ("nobody_hired", "", "reason"),  # the house says that, when the posting ends
        ("other", "", "note"),
        ("other", "   ", "note"),
        ("price", "x" * 301, "note"),
        ("price", "two\nlines", "note"),
        ("price", "\0", "note"),
        ("price", None, "note"),
    ],
)
def test_what_is_no_reason_declines_nothing(bid, ada, reason, note, param):
    with pytest.raises(InvalidInput) as refusal:
        decline_bid(bid_id=bid.pk, reason=reason, note=note, by=ada)
    assert refusal.value.param == param
    bid.refresh_from_db()
    assert (bid.status, bid.declined_for) == ("submitted", "")
    assert told("bid_declined") == []


@pytest.mark.parametrize("name", ["ben", "cleo", "dora", "mona"])
def test_only_the_client_declines(bid, name, request):
    with pytest.raises(NotAllowed):
        decline_bid(bid_id=bid.pk, reason="price", by=request.getfixturevalue(name))


@pytest.mark.parametrize(
    ("fields", "law"),
    [
        ({"status": "declined"}, "a_declined_bid_has_its_reason"),
        ({"status": "declined", "declined_for": "a whim"}, "a_declined_bid_has_its_reason"),
        ({"declined_for": "price"}, "a_declined_bid_has_its_reason"),
        (
            {"status": "declined", "declined_for": "other"},
            "another_reason_of_a_decline_is_a_sentence",
        ),
    ],
)
def test_the_database_keeps_the_reason_with_the_end(bid, fields, law):
    with pytest.raises(IntegrityError, match=law), transaction.atomic():
        Bid.objects.filter(pk=bid.pk).update(**fields)


def test_whoever_is_not_chosen_reads_that_somebody_else_was(ada, ben, cleo):
    posting = open_posting(ada)
    chosen, other = submitted_bid(posting, ben), submitted_bid(posting, cleo)
    contract = award_bid(bid_id=chosen.pk, by=ada)

    accept_offer(contract_id=contract.pk, by=ben)

    chosen.refresh_from_db()
    other.refresh_from_db()
    assert (other.declined_for, chosen.declined_for) == ("other_chosen", "")
    assert [(name, text.split(". ")[1]) for name, text in told("bid_declined")] == [
        ("Cleo", "Another bid was chosen.")
    ]


# --- Given back ----------------------------------------------------------------------------------


def test_a_posting_that_closes_gives_its_bids_back(ada, ben, cleo):
    posting = open_posting(ada)
    bens, cleos = submitted_bid(posting, ben), submitted_bid(posting, cleo)
    counter = countered(bens, ada)
    decline_bid(bid_id=cleos.pk, reason="plan", by=ada)

    close_bidding(posting_id=posting.pk, reason="", by=ada)

    for one in (bens, cleos, counter):
        one.refresh_from_db()
    assert (bens.declined_for, cleos.declined_for) == ("nobody_hired", "plan")
    assert (bens.state_in_words, cleos.state_in_words) == ("Given back", "Declined")
    assert "This bid is given back" in Talk(bens, None).is_over
    assert counter.status == CounterOffer.Status.LAPSED
    assert told("bid_given_back") == [
        (
            "Ben",
            "Your bid on “A shop for handmade lamps” is given back. "
            "The posting has ended, and nobody was hired.",
        )
    ]


@pytest.fixture
def left_open(ada, ben, later) -> Posting:
    """Its bids close an hour from the start; Ben's stands about as long as it may be chosen."""
    posting = open_posting(ada, bids_close_at=now() + timedelta(hours=1))
    submitted_bid(posting, ben, valid_until=now() + timedelta(days=60))
    later(days=59)
    return posting


def test_nobody_chosen_in_time_gives_the_bids_back(left_open, later):
    assert (expired_posting_ids(), expire_postings()["done"]) == ([], 0)
    later(days=1, hours=2)  # the bid itself is valid to the minute, if no sweep came before
    Bid.objects.update(valid_until=now() + timedelta(hours=1))

    assert expired_posting_ids() == [left_open.pk]
    assert expire_postings() == {"done": 1, "failed": 0}
    assert expire_postings() == {"done": 0, "failed": 0}

    left_open.refresh_from_db()
    assert (left_open.status, Bid.objects.get().declined_for) == ("expired", "nobody_hired")
    assert [name for name, _ in told("bid_given_back")] == ["Ben"]
    assert [name for name, _ in told("posting_expired")] == ["Ada"]


def test_while_it_may_be_chosen_it_stands(left_open):
    with pytest.raises(WrongState, match="bids to choose from"):
        expire_bidding(posting_id=left_open.pk, by=SYSTEM)
    assert left_open.choose_by == left_open.bids_close_at + TIME_TO_CHOOSE


def test_an_offer_that_is_out_is_answered_first(left_open, ada, ben, later):
    bid = offer_bid(bid_id=Bid.objects.get().pk, by=ada)
    later(days=2)

    assert expired_posting_ids() == []
    with pytest.raises(WrongState, match="offer out"):
        expire_bidding(posting_id=left_open.pk, by=SYSTEM)

    return_bid(bid_id=bid.pk, by=ben)
    assert expire_postings() == {"done": 1, "failed": 0}
    assert Bid.objects.get().declined_for == "nobody_hired"


# --- At once -------------------------------------------------------------------------------------


def eight_declines(bid: Bid, ada: User) -> list[str]:
    return at_once(*[lambda: decline_bid(bid_id=bid.pk, reason="price", by=ada)] * 8)


@pytest.mark.django_db(transaction=True)
def test_eight_declines_at_once_are_one(bid, ada):
    assert sorted(eight_declines(bid, ada)) == ["done"] + ["wrong_state"] * 7
    assert len(told("bid_declined")) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_all_eight_would_tell(bid, ada, monkeypatch):
    def unlocked(bid_id: int) -> Bid:
        return Bid.objects.select_related("posting__client", "freelancer").get(pk=bid_id)

    monkeypatch.setattr(services, "lock_bid", unlocked)
    meet_after(monkeypatch, services, "lock_bid")
    assert eight_declines(bid, ada) == ["done"] * 8
    assert len(told("bid_declined")) == 8


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", ["decline", "withdraw", "offer"])
def test_a_bid_ends_once_while_its_posting_closes(bid, ada, ben, other):
    deeds: dict[str, Callable[[], object]] = {
        "decline": lambda: decline_bid(bid_id=bid.pk, reason="plan", by=ada),
        "withdraw": lambda: withdraw_bid(bid_id=bid.pk, by=ben),
        "offer": lambda: offer_bid(bid_id=bid.pk, by=ada),
    }
    close = lambda: close_bidding(posting_id=bid.posting_id, reason="", by=ada)  # noqa: E731

    outcomes = at_once(*[close] * 4, *[deeds[other]] * 4)

    bid.refresh_from_db()
    closed, done = outcomes[:4].count("done"), outcomes[4:].count("done")
    ended = {"decline": "plan", "withdraw": "", "offer": ""}[other] if done else "nobody_hired"
    assert (bid.declined_for, done <= 1) == (ended, True)
    # An offer keeps its posting open; whatever else happens to the bid does not.
    assert closed == (0 if other == "offer" and done else 1)
    assert len(told("bid_given_back")) == (0 if done else 1)


# --- Doors ---------------------------------------------------------------------------------------


def test_the_page_asks_for_one_of_the_reasons(bid, ada, ben):
    page, browser = f"{bid.path}decline/", browser_of(ada)

    shown = browser.get(page).content.decode()
    assert all(f'value="{why}"' in shown for why in CLIENTS_REASONS)
    assert 'value="nobody_hired"' not in shown
    for sent in ({}, {"reason": "whim"}, {"reason": "other"}, {"reason": "nobody_hired"}):
        assert browser.post(page, sent).status_code == 400
    answer = browser.post(page, {"reason": "other", "note": " "})
    assert "Say the reason in a sentence." in answer.content.decode()
    sent = {"reason": "experience", "note": "We need somebody who knows lamps."}
    assert browser.post(page, sent).status_code == 302
    assert browser.post(page, sent).status_code == 409

    for person in (ada, ben):
        shown = browser_of(person).get(bid.path).content.decode()
        assert "Other experience is needed: We need somebody who knows lamps." in shown
    assert browser_of(ben).get(page).status_code == 403


def test_programs_name_the_reason_and_read_it(bid, ada, ben):
    door = f"/api/v1/bids/{bid.public_id}/"
    for sent, param in [
        ({}, "reason"),
        ({"reason": "Over budget."}, "reason"),
        ({"reason": "nobody_hired"}, "reason"),
        ({"reason": "other"}, "note"),
        ({"reason": "price", "note": "x" * 301}, "note"),
    ]:
        refused = api_of(ada).post(f"{door}decline/", sent, format="json")
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)
    before = api_of(ben).get(door).json()
    assert (before["declined_for"], before["status_reason"]) == (None, "")

    sent = {"reason": "price", "note": "Over our budget."}
    api_of(ada).post(f"{door}decline/", sent, format="json")

    after = api_of(ben).get(door).json()
    assert (after["status"], after["declined_for"]) == ("declined", "price")
    assert after["status_reason"] == "The price does not fit: Over our budget."


def test_what_is_given_back_is_not_called_declined(bid, ada, ben):
    close_bidding(posting_id=bid.posting_id, reason="We do it ourselves.", by=ada)

    browser = browser_of(ben)
    for page in (bid.path, reverse("my-bids")):
        shown = browser.get(page).content.decode()
        assert "Given back" in shown
        assert "Declined" not in shown
    told_why = "The posting has ended, and nobody was hired: We do it ourselves."
    assert told_why in browser.get(bid.path).content.decode()
    read = api_of(ben).get(f"/api/v1/bids/{bid.public_id}/").json()
    assert (read["declined_for"], read["status_reason"]) == ("nobody_hired", told_why)


def test_a_client_reads_until_when_to_choose(ada, ben, later):
    posting = open_posting(ada, bids_close_at=now() + timedelta(days=3))
    submitted_bid(posting, ben, valid_until=now() + timedelta(days=50))
    later(days=4)

    posting.refresh_from_db()
    shown = browser_of(ada).get(posting.path).content.decode()
    assert f"{posting.choose_by:%Y-%m-%dT%H:%M}" in shown
    read = api_of(ada).get(f"/api/v1/postings/{posting.public_id}/").json()
    assert read["choose_by"][:16] == f"{posting.choose_by:%Y-%m-%dT%H:%M}"
