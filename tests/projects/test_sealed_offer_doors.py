"""Sealed figures on the page and over the API: each side sees its own, and nothing else."""

import re

import pytest

from accounts.people.models import User
from marketplace.common.clock import imagined, now
from payments.models import Payment
from projects.disputes.models import Dispute
from projects.disputes.sealed.models import MOST_FIGURES, SealedOffer
from projects.disputes.sealed.services import seal_figure
from projects.milestones.services import release_milestone
from tests.payments.chargeback_world import Bank
from tests.world import api_of, browser, opened_dispute, reviewed_dispute, ruled

pytestmark = pytest.mark.django_db

_FORGERY_GUARD = re.compile(r'csrfmiddlewaretoken" value="[^"]+"')


def place_of(dispute: Dispute) -> str:
    return f"/api/v1/disputes/{dispute.public_id}/sealed-offers/"


def main_of(user: User, path: str) -> str:
    answer = browser(user).get(path)
    assert answer.status_code == 200
    # Without what differs from one answer to the next.
    return _FORGERY_GUARD.sub("", answer.text.split("<main")[1].split("</main>")[0])


# --- The API -------------------------------------------------------------------------------------


def test_programs_seal_replace_and_withdraw(ada, ben):
    dispute = opened_dispute(ada, ben)
    program, place = api_of(ada), place_of(dispute)
    empty = {
        "dispute": dispute.public_id,
        "dispute_status": "opened",
        "currency": "USD",
        "amount": None,
        "sealed_at": None,
        "is_in_force": False,
        "figures_left": MOST_FIGURES,
    }
    assert program.get(place).json() == empty

    sealed = program.put(place, {"amount": 40_000})
    assert sealed.status_code == 200
    own = sealed.json()
    assert (own["amount"], own["is_in_force"], own["figures_left"]) == (40_000, True, 4)
    assert program.put(place, {"amount": 40_000}).json() == own == program.get(place).json()
    assert program.put(place, {"amount": 30_000}).json()["figures_left"] == 3
    assert api_of(ben).get(place).json() == empty, "of the other side's nothing is known"
    assert program.delete(place).json() == empty | {"figures_left": 3}
    assert program.delete(place).status_code == 200

    program.put(place, {"amount": 60_000})
    settled = api_of(ben).put(place, {"amount": 40_000}).json()
    assert settled == empty | {"dispute_status": "closed", "figures_left": 0}
    shown = program.get(f"/api/v1/disputes/{dispute.public_id}/").json()
    assert (shown["status"], shown["to_freelancer"], shown["rulings"]) == ("closed", 50_000, [])
    assert shown["outcome"] == {
        "freelancer_gets": 48_500,
        "freelancer_fee": 1_500,
        "client_fee": 1_500,
        "client_gets_back": 51_500,
    }
    assert program.put(place, {"amount": 1}).status_code == 409
    assert program.delete(place).status_code == 409


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 100_000}, "amount"),
        ({"amount": 100_001}, "amount"),
        ({"amount": 10**30}, "amount"),
        ({"amount": 0.5}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": "x"}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": [1]}, "amount"),
        ([], None),
        ("x", None),
    ],
)
def test_what_programs_may_not_seal_is_refused(ada, ben, body, param):
    dispute = opened_dispute(ada, ben)
    answer = api_of(ben).put(place_of(dispute), body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not SealedOffer.objects.exists()


def test_programs_of_others_find_nothing(ada, ben, cleo, dora):
    dispute = opened_dispute(ada, ben)
    seal_figure(dispute_id=dispute.pk, by=ada, amount=40_000)
    for user in (cleo, dora):
        program = api_of(user)
        assert program.get(place_of(dispute)).status_code == 404
        assert program.put(place_of(dispute), {"amount": 40_000}).status_code == 404
        assert program.delete(place_of(dispute)).status_code == 404
    assert api_of().get(place_of(dispute)).status_code == 401
    assert SealedOffer.objects.get().amount == 40_000


# --- Nothing of the other side's -----------------------------------------------------------------


def test_whatever_is_shown_is_the_same_whether_the_other_side_has_sealed_or_not(ada, ben, dora):
    dispute = reviewed_dispute(ada, ben)
    contract = dispute.milestone.contract.public_id
    pages = [
        (ben, dispute.path),
        (ben, f"/contracts/{contract}/"),
        (dora, f"/desk/disputes/{dispute.public_id}/"),
    ]
    calls = [
        (ben, f"/api/v1/disputes/{dispute.public_id}/"),
        (ben, place_of(dispute)),
        (ben, f"/api/v1/contracts/{contract}/next/"),
        (dora, f"/api/v1/desk/disputes/{dispute.public_id}/"),
        (dora, f"/api/v1/desk/disputes/{dispute.public_id}/timeline/"),
    ]

    moment = now()

    def seen() -> list[object]:
        with imagined(moment):  # so that only what was done can differ
            return [main_of(*page) for page in pages] + [
                api_of(user).get(path).json() for user, path in calls
            ]

    before = seen()
    seal_figure(dispute_id=dispute.pk, by=ada, amount=31_313)
    assert seen() == before
    ruled(dispute, dora, 10_000, "A part.")
    assert not any("313.13" in str(one) or "31313" in str(one) for one in seen())


# --- Pages ---------------------------------------------------------------------------------------


def test_the_page_seals_replaces_withdraws_and_settles(ada, ben):
    dispute = opened_dispute(ada, ben)
    url, visitor = f"{dispute.path}sealed-offer/", browser(ada)
    first = main_of(ada, dispute.path)
    assert "Settle by sealed figures" in first and "Seal the most" in first
    assert "Seal the least" in main_of(ben, dispute.path)
    assert 'name="withdraw"' not in first

    assert visitor.post(url, {"amount": "400.50"})["Location"] == dispute.path
    own = main_of(ada, dispute.path)
    assert "$400.50" in own and "4 more figures" in own and 'name="withdraw"' in own
    assert "400.50" not in main_of(ben, dispute.path)
    visitor.post(url, {"withdraw": "1"})
    assert "$400.50" not in main_of(ada, dispute.path)
    visitor.post(url, {"amount": "600"})

    answer = browser(ben).post(url, {"amount": "400"}, follow=True)

    assert "Both figures have met" in answer.text
    for user in (ada, ben):
        page = main_of(user, dispute.path)
        assert "both sealed figures met" in page
        assert "$485.00" in page and "$515.00" in page
        assert "Settle by sealed figures" not in page
        assert "600.00" not in page and "400.00" not in page
    assert visitor.post(url, {"amount": "1"}).status_code == 409
    assert visitor.post(url, {"withdraw": "1"}).status_code == 409


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "required"),
        ("-1", "at least 0"),
        ("1000", "approve the work instead"),
        ("1000.01", "not more"),
        ("0.001", "2 digits"),
        ("9" * 19, "larger"),
        ("NaN", "as a number"),
        ("<script>", "as a number"),
        ("4\x00", "Null characters"),
    ],
)
def test_what_the_form_cannot_use_is_said_beside_the_field(ada, ben, value, words):
    dispute = opened_dispute(ada, ben)
    answer = browser(ada).post(f"{dispute.path}sealed-offer/", {"amount": value})
    assert answer.status_code == 400
    assert list(answer.context["figure_form"].errors) == ["amount"] and words in answer.text
    assert not SealedOffer.objects.exists()


def test_the_page_says_when_a_figure_is_in_force_no_more_and_when_there_are_no_more(ada, ben):
    dispute = opened_dispute(ada, ben)
    url, visitor = f"{dispute.path}sealed-offer/", browser(ada)
    for number in range(1, MOST_FIGURES + 1):
        visitor.post(url, {"amount": str(number)})
    assert "as many figures as a side can" in main_of(ada, dispute.path)
    assert visitor.post(url, {"amount": "9"}).status_code == 409
    Bank(Payment.objects.get(paid_for=dispute.milestone.escrow.public_id)).takes()
    assert "Not in force" in main_of(ada, dispute.path)
    assert api_of(ada).get(place_of(dispute)).json()["is_in_force"] is False


def test_the_pages_of_others_are_not_there(ada, ben, cleo, dora):
    dispute = opened_dispute(ada, ben)
    for user in (cleo, dora):
        answer = browser(user).post(f"{dispute.path}sealed-offer/", {"amount": "400"})
        assert answer.status_code == 404
    release_milestone(milestone_id=dispute.milestone_id, by=ada)
    assert browser(ben).post(f"{dispute.path}sealed-offer/", {"amount": "4"}).status_code == 409
