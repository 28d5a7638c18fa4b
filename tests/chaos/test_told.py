"""What the clients wrote down of what they were told is held against the books."""

import json

import pytest
from django.db.models import F

from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from projects.agreements.proposals.services import propose_ending
from projects.bonuses.services import give_bonus
from projects.givebacks.services import ask_back
from projects.management.simulation.http import Instance, Person
from projects.milestones.services import fund_milestone
from tests.against_the_rules import against_the_rules, force
from tests.chaos.told import KEPT, what_is_not_so
from tests.payments.payout_world import scheduled
from tests.projects.giveback_world import on, released
from tests.world import (
    Program,
    active_contract,
    funded_milestone,
    planned_milestone,
    submitted_milestone,
    token_of,
)

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


def a_bonus(ada, ben, _):
    return give_bonus(contract_id=active_contract(ada, ben).pk, by=ada, amount=5_000)[0], 5_000


def a_giveback(ada, ben, _):
    return ask_back(**on(released(ada, ben)), by=ada, amount=5_000), 5_000


def a_payment(ada, ben, _):
    payment = fund_milestone(milestone_id=planned_milestone(ada, ben).pk, by=ada)
    return payment, payment.amount


def a_payout(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox)
    return payout, payout.amount


def a_proposal(ada, ben, _):
    milestone = funded_milestone(ada, ben)
    return propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=5_000), 5_000


MADE = {
    "bonus": a_bonus,
    "giveback": a_giveback,
    "payment": a_payment,
    "payout": a_payout,
    "proposal": a_proposal,
}


@pytest.mark.parametrize("kind", KEPT)
def test_a_sum_that_is_another_now_is_not(told, ada, ben, sandbox, kind):
    made, amount = MADE[kind](ada, ben, sandbox)
    line = {"deed": "x", "id": made.public_id}

    assert told(line | {KEPT[kind]: amount}) == []
    (wrong,) = told(line | {KEPT[kind]: amount + 1})
    assert f"it is of {amount}" in wrong


def test_a_bonus_has_become_what_its_escrow_has(told, ada, ben):
    bonus, _ = a_bonus(ada, ben, None)
    line = {"deed": "x", "id": bonus.public_id}

    assert told(line | {"status": "awaiting"}) == []
    (wrong,) = told(line | {"status": "released"})
    assert "it is awaiting, and nothing leads" in wrong


def test_what_was_paid_and_is_not_there_is_not_so(told, ada, ben, sandbox):
    scheduled(ada, ben, sandbox)
    payment = Payment.objects.latest("pk")
    line = {"paid": payment.public_id, "amount": payment.amount}
    assert told(line) == []

    (wrong,) = told(line | {"amount": payment.amount - 1})
    assert f"it is of {payment.amount}" in wrong

    force(Payment.objects.filter(pk=payment.pk), status="open")
    (wrong,) = told(line)
    assert "the payment is open" in wrong
    (wrong,) = told({"paid": "py_8rmNGr4v8C6S4fqapr84SD", "amount": 1})
    assert "there is no such thing" in wrong


def test_a_thing_without_a_life_of_its_own_is_held_to_nothing_but_its_sum(told, ada, ben):
    contract = planned_milestone(ada, ben).contract

    assert told({"deed": "x", "id": contract.client.public_id, "status": None}) == []


# --- What is written down of a real answer -------------------------------------------------------


class Door(Instance):
    """The house itself, without a network between."""

    def ask(self, method, url, *, json=None, headers, **_):
        answer = getattr(Program(), method.lower())(url, json, headers=headers)
        answer.ok = answer.status_code < 400
        return answer


@pytest.mark.parametrize(
    ("path", "body", "things"),
    [
        ("milestones/{milestone}/fund/", {}, ["payment"]),
        ("contracts/{contract}/bonuses/", {"amount": 5_000}, ["bonus", "payment"]),
    ],
)
def test_each_thing_that_an_answer_names_is_held_to_its_sum(
    tmp_path, ada, ben, sandbox, path, body, things
):
    milestone = planned_milestone(ada, ben)
    ids = {"milestone": milestone.public_id, "contract": milestone.contract.public_id}
    path, written = path.format(**ids), tmp_path / "told.jsonl"

    answer = Person(Door("", told=written), "Ada", token_of(ada)).post(path, body)

    assert [json.loads(line) for line in written.read_text().splitlines()] == [
        {"deed": path} | {name: answer[thing][name] for name in ("id", "status", "amount")}
        for thing in things
    ]
    assert what_is_not_so(written) == []

    with against_the_rules():
        Payment.objects.update(amount=F("amount") + 1)
        Escrow.objects.update(amount=F("amount") + 1)
    wrong = what_is_not_so(written)
    assert [line.rpartition(": ")[2] for line in wrong] == [
        f"it is of {answer[thing]['amount'] + 1}" for thing in things
    ]
