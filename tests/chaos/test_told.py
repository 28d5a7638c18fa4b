"""What the clients wrote down of what they were told is held against the books."""

import json

import pytest

from payments.fundings.models import Payment
from tests.against_the_rules import force
from tests.chaos.told import what_is_not_so
from tests.payments.payout_world import scheduled
from tests.world import planned_milestone, submitted_milestone

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(tmp_path):
    """``told({...}, {...})``: the file with these lines."""

    def write(*lines: dict) -> list[str]:
        path = tmp_path / "told.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return what_is_not_so(path)

    return write


def test_that_nobody_was_told_anything_is_not_so(told):
    assert told() == ["Nobody was told anything."]


def test_what_moved_on_as_its_table_allows_is_so(told, ada, ben):
    milestone = submitted_milestone(ada, ben)

    for status in ("planned", "submitted"):
        assert told({"deed": "x", "id": milestone.public_id, "status": status}) == []


@pytest.mark.parametrize("status", ["released", "refunded", "cancelled"])
def test_what_had_ended_and_is_open_again_is_not(told, ada, ben, status):
    milestone = submitted_milestone(ada, ben)

    (wrong,) = told({"deed": "x", "id": milestone.public_id, "status": status})
    assert "it is submitted, and nothing leads from one to the other" in wrong


def test_what_is_nowhere_is_not(told):
    (wrong,) = told({"deed": "x", "id": "ms_8rmNGr4v8C6S4fqapr84SD", "status": "planned"})
    assert "there is no such thing" in wrong


def test_an_answer_about_no_thing_says_nothing(told):
    assert told({"deed": "x", "id": None, "status": None}) == []


def test_a_sum_that_is_another_now_is_not(told, ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox)
    line = {"deed": "payouts/", "id": payout.public_id, "status": payout.status}

    assert told(line | {"amount": payout.amount}) == []
    (wrong,) = told(line | {"amount": payout.amount + 1})
    assert f"it is of {payout.amount}" in wrong


def test_what_was_paid_and_is_not_there_is_not_so(told, ada, ben, sandbox):
    scheduled(ada, ben, sandbox)
    payment = Payment.objects.latest("pk")
    assert told({"paid": payment.public_id}) == []

    force(Payment.objects.filter(pk=payment.pk), status="open")
    (wrong,) = told({"paid": payment.public_id})
    assert "the payment is open" in wrong


def test_a_thing_without_a_life_of_its_own_is_held_to_nothing_but_its_sum(told, ada, ben):
    contract = planned_milestone(ada, ben).contract

    assert told({"deed": "x", "id": contract.client.public_id, "status": None}) == []
