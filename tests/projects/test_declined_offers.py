"""Offers that the freelancer declines: why, and where the client reads it."""

import pytest
from django.db import IntegrityError, transaction

from accounts.notifications.models import Notification
from marketplace.common.errors import InvalidInput, NotAllowed
from projects.agreements import services
from projects.agreements.services import award_bid, decline_offer, lapse_offer, withdraw_offer
from projects.bids.models import Bid
from projects.contracts.models import FREELANCERS_REASONS, Contract, DeclinedFor, Event
from tests.projects.test_posting_and_bid_pages import browser_of
from tests.races import at_once, meet_after
from tests.world import api_of, offered_contract

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer(ada, ben) -> Contract:
    return offered_contract(ada, ben)


def told() -> list[tuple[str, str]]:
    found = Notification.objects.filter(kind="contract_declined").order_by("pk")
    return [(notice.recipient.name, notice.text) for notice in found]


def test_a_freelancer_declines_for_a_reason_and_with_a_sentence(offer, ben):
    note = "I am on the road until May."
    decline_offer(contract_id=offer.pk, reason="unavailable", note=note, by=ben)

    offer.refresh_from_db()
    assert (offer.declined_for, offer.status_reason) == ("unavailable", note)
    said = f"No longer available: {note}"
    assert told() == [("Ada", f"The offer “{offer.title}” is declined. {said}")]
    assert Event.objects.get(kind="contract_declined").detail["reason"] == said


@pytest.mark.parametrize("reason", [why for why in FREELANCERS_REASONS if why != "other"])
def test_a_reason_is_enough(offer, ben, reason):
    declined = decline_offer(contract_id=offer.pk, reason=reason, by=ben)
    assert declined.reason_in_words == f"{DeclinedFor(reason).label}."


@pytest.mark.parametrize(
    ("reason", "note", "param"),
    [
        ("", "", "reason"),
        ("Too busy.", "", "reason"),
        ("experience", "", "reason"),  # a client's, not a freelancer's
        ("unsaid", "", "reason"),  # of offers that were declined before a reason was asked for
        (None, "", "reason"),
        ("other", " ", "note"),
        ("price", "x" * 301, "note"),
        ("price", "a\x00b", "note"),
        ("price", None, "note"),
    ],
)
def test_what_is_no_reason_declines_nothing(offer, ben, reason, note, param):
    with pytest.raises(InvalidInput) as refusal:
        decline_offer(contract_id=offer.pk, reason=reason, note=note, by=ben)
    assert refusal.value.param == param
    assert Contract.objects.get().status == "offered"
    assert Bid.objects.get().status == "offered"
    assert told() == []


def test_only_the_freelancer_declines(offer, ada, cleo, dora):
    for person in (ada, cleo, dora):
        with pytest.raises(NotAllowed):
            decline_offer(contract_id=offer.pk, reason="price", by=person)


@pytest.mark.parametrize(
    ("fields", "law"),
    [
        ({"status": "declined"}, "a_declined_offer_has_its_reason"),
        ({"status": "declined", "declined_for": "a whim"}, "a_declined_offer_has_its_reason"),
        ({"declined_for": "price"}, "a_declined_offer_has_its_reason"),
        (
            {"status": "declined", "declined_for": "other"},
            "another_reason_of_an_answer_is_a_sentence",
        ),
    ],
)
def test_the_database_keeps_the_reason_with_the_end(offer, fields, law):
    with pytest.raises(IntegrityError, match=law), transaction.atomic():
        Contract.objects.filter(pk=offer.pk).update(**fields)


def test_what_the_client_or_time_ended_has_no_freelancers_reason(offer, ada, later):
    withdraw_offer(contract_id=offer.pk, by=ada, reason="We wait.")
    again = award_bid(bid_id=offer.bid_id, by=ada)
    later(days=8)
    lapse_offer(contract_id=again.pk)

    ended = Contract.objects.order_by("pk").values_list("status", "declined_for", "status_reason")
    assert list(ended) == [("withdrawn", "", "We wait."), ("lapsed", "", "")]


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_answers_at_once_are_one(offer, ben):
    outcomes = at_once(*[lambda: decline_offer(contract_id=offer.pk, reason="price", by=ben)] * 8)
    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert len(told()) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_all_would_judge_it_open(offer, ben, monkeypatch):
    def unlocked(contract_id: int) -> Contract:
        sides = Contract.objects.select_related("client", "freelancer", "policy", "posting")
        return sides.get(pk=contract_id)

    monkeypatch.setattr(services, "_lock", unlocked)
    meet_after(monkeypatch, services, "_lock")
    monkeypatch.setattr(services.bids, "return_bid", lambda **_: None)
    outcomes = at_once(*[lambda: decline_offer(contract_id=offer.pk, reason="price", by=ben)] * 8)
    assert outcomes == ["done"] * 8


# --- Doors ---------------------------------------------------------------------------------------


def test_the_page_asks_for_one_of_the_reasons(offer, ada, ben):
    page, browser = f"/contracts/{offer.public_id}/decline/", browser_of(ben)

    shown = browser.get(page).content.decode()
    assert all(f'value="{why}"' in shown for why in FREELANCERS_REASONS)
    assert 'value="unsaid"' not in shown
    for sent in ({"reason": "whim"}, {"reason": "other"}, {"note": "No."}):
        assert browser.post(page, sent).status_code == 400
    sent = {"reason": "terms", "note": "Two revisions are too many."}
    assert browser.post(page, sent).status_code == 302
    assert browser.post(page, sent).status_code == 409

    said = "The terms of the contract do not fit: Two revisions are too many."
    for person, title in ((ada, "Ben declined your offer"), (ben, "You declined the offer")):
        for path in (f"/contracts/{offer.public_id}/", offer.bid.path):
            assert said in browser_of(person).get(path).content.decode()
        assert title in browser_of(person).get(offer.bid.path).content.decode()


def test_an_offer_that_follows_hides_the_earlier_answer(offer, ada, ben):
    decline_offer(contract_id=offer.pk, reason="price", by=ben)
    award_bid(bid_id=offer.bid_id, by=ada)
    assert "declined your offer" not in browser_of(ada).get(offer.bid.path).content.decode()


def test_programs_name_the_reason_and_read_it(offer, ada, ben):
    door = f"/api/v1/contracts/{offer.public_id}/"
    for sent, param in [
        ({}, "reason"),
        ({"reason": "Too busy."}, "reason"),
        ({"reason": [1]}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": "other"}, "note"),
        ({"reason": "price", "note": "a\x00b"}, "note"),
    ]:
        refused = api_of(ben).post(f"{door}decline/", sent, format="json")
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)
    assert api_of(ada).get(door).json()["declined_for"] is None

    answer = api_of(ben).post(f"{door}decline/", {"reason": "timing"}, format="json").json()

    assert (answer["status"], answer["declined_for"]) == ("declined", "timing")
    assert api_of(ada).get(door).json()["status_reason"] == "The time does not fit."
