"""The end of a contract by the pages and by the API."""

import pytest

from projects.agreements.changes.models import ChangeOrder
from projects.contracts.models import Contract
from tests.projects.ending_world import contract_at_work, part, states_of, to_end
from tests.world import SIGNED, active_contract, api_of, browser

pytestmark = pytest.mark.django_db


def shown(person, path: str, status: int = 200) -> str:
    answer = browser(person).get(path)
    assert answer.status_code == status
    return answer.content.decode()


def test_by_the_pages_from_proposal_to_the_end(ada, ben):
    contract = contract_at_work(ada, ben)
    page, path = f"/contracts/{contract.public_id}/", f"/contracts/{contract.public_id}/end/"
    assert path in shown(ben, page)
    first = shown(ben, path)
    assert "$3,090.00" in first, "at first all of it goes back"
    said = {part(contract, 1).public_id: "400", "note": "<b>Let us part.</b>"} | SIGNED

    preview = browser(ben).post(path, said | {"preview": "1"}).content.decode()
    for amount in ("$388.00", "$24.00", "$618.00", "$2,678.00", "$3,090.00"):
        assert amount in preview, amount
    assert 'value="400"' in preview and not ChangeOrder.objects.exists()
    assert browser(ben).post(path, said).status_code == 302

    order = ChangeOrder.objects.get()
    accept = f"/change-orders/{order.public_id}/accept/"
    for person in (ada, ben):
        text = shown(person, page)
        assert "&lt;b&gt;Let us part." in text and "$2,678.00" in text and path not in text
    assert "Ben proposes to end the contract" in shown(ada, page)
    assert browser(ben).get(path).status_code == 302, "the one that waits is shown instead"
    signing = shown(ada, accept)
    assert "Sign the end of the contract" in signing and "$388.00" in signing
    wrong = browser(ada).post(accept, {"password": "wrong"})
    assert wrong.status_code == 400 and order.state == "proposed"
    assert browser(ada).post(accept, SIGNED).status_code == 302

    assert states_of(contract) == ["split", "cancelled", "cancelled", "cancelled"]
    assert "This contract is completed" in shown(ben, page)
    assert "all of it back to the client" in shown(ben, f"{page}agreement/")
    assert browser(ben).get(path).status_code == 409


def test_an_ending_is_answered_by_another_on_the_same_page(ada, ben):
    contract = contract_at_work(ada, ben)
    first = to_end(contract, ada)
    path = f"/change-orders/{first.public_id}/counter/"
    assert "Propose another ending" in shown(ben, path)
    said = {part(contract, 1).public_id: "1000", "note": ""} | SIGNED
    assert browser(ben).post(path, said).status_code == 302
    second = ChangeOrder.objects.get(counters=first)
    assert second.is_ending and second.changes[0]["end"]["to_freelancer"] == 100_000


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("1000.01", "not more"),
        ("-1", "at least 0"),
        ("0.001", "2 digits"),
        ("NaN", "as a number"),
        ("4\x00", "Null characters"),
        ("9" * 19, "larger"),
    ],
)
@pytest.mark.parametrize("preview", [{}, {"preview": "1"}])
def test_what_the_form_cannot_use_is_said_beside_the_field(ada, ben, value, words, preview):
    contract = contract_at_work(ada, ben)
    said = {part(contract, 2).public_id: value, "note": ""} | SIGNED | preview
    answer = browser(ada).post(f"/contracts/{contract.public_id}/end/", said)
    assert answer.status_code == 400 and words in answer.content.decode()
    assert not ChangeOrder.objects.exists()


def test_where_nothing_is_held_no_money_moves(ada, ben):
    contract = active_contract(ada, ben, [100_000, 50_000])
    path = f"/contracts/{contract.public_id}/end/"
    assert "No money is held" in shown(ada, path)
    assert browser(ada).post(path, SIGNED).status_code == 302
    assert "No money moves: nothing is held." in shown(ben, f"/contracts/{contract.public_id}/")


def test_programs_propose_and_answer(ada, ben):
    contract = contract_at_work(ada, ben)
    path = f"/api/v1/contracts/{contract.public_id}/endings/"
    body = {
        "parts": [{"milestone": part(contract, 2).public_id, "to_freelancer": 40_000}],
        "note": "Let us part.",
    } | SIGNED

    sent = api_of(ada).post(path, body, headers={"Idempotency-Key": "a"})
    again = api_of(ada).post(path, body, headers={"Idempotency-Key": "a"})

    said = sent.json()
    assert (sent.status_code, again.json()) == (201, said)
    assert (said["is_ending"], said["next_steps"]) == (True, ["withdraw"])
    assert said["effect"] == {
        "price": 40_000,
        "returned": 267_800,
        "missing": 0,
        "is_unguarded": False,
        "paid": 38_800,
    }
    assert [one["title"] for one in said["ended"]] == ["Part 1", "Part 2", "Part 3", "Part 4"]
    assert said["ended"][1]["shares"] == {
        "freelancer_gets": 38_800,
        "freelancer_fee": 1_200,
        "client_fee": 1_200,
        "client_gets_back": 61_800,
    }
    turn = api_of(ben).get(f"/api/v1/contracts/{contract.public_id}/next/").json()["your_turn"]
    assert (turn["step"], turn["about"]) == ("accept", said["id"])
    accept = f"/api/v1/change-orders/{said['id']}/accept/"
    assert api_of(ben).post(accept, {}).json()["error"]["param"] == "password"
    done = api_of(ben).post(accept, SIGNED).json()
    assert (done["status"], done["ended"], done["effect"]) == ("accepted", [], None)
    assert api_of(ben).post(accept, SIGNED).status_code == 409
    contract.refresh_from_db()
    assert contract.status == Contract.Status.COMPLETED


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ([{"milestone": "ms_none", "to_freelancer": 0}], "parts[0].milestone"),
        ([{"milestone": "2", "to_freelancer": 100_001}], "parts[0].to_freelancer"),
        ([{"milestone": "4", "to_freelancer": 1}], "parts[0].to_freelancer"),
        ([{"milestone": "2", "to_freelancer": -1}], "parts[0].to_freelancer"),
        ([{"milestone": "2", "to_freelancer": 0.5}], "parts[0].to_freelancer"),
        ([{"milestone": "2", "to_freelancer": None}], "parts[0].to_freelancer"),
        ([{"milestone": "2", "to_freelancer": 10**30}], "parts[0].to_freelancer"),
        ([{"milestone": "2"}], "parts[0].to_freelancer"),
        ([{"to_freelancer": 1}], "parts[0].milestone"),
        ([{"milestone": "2", "to_freelancer": 0}] * 2, "parts"),
        ("x", "parts"),
        ([1], "parts[0]"),
        (None, "parts"),
    ],
)
def test_what_programs_may_not_say_is_refused(ada, ben, parts, param):
    contract = contract_at_work(ada, ben)
    names = {str(one.position): one.public_id for one in contract.milestones.all()}
    for one in parts if isinstance(parts, list) else []:
        if isinstance(one, dict) and "milestone" in one:
            one["milestone"] = names.get(one["milestone"], one["milestone"])
    path = f"/api/v1/contracts/{contract.public_id}/endings/"
    answer = api_of(ada).post(path, {"parts": parts} | SIGNED)
    assert answer.status_code == 400, answer.json()
    assert (answer.json()["error"]["param"] or "").startswith(param), answer.json()
    assert not ChangeOrder.objects.exists()


def test_programs_of_others_find_nothing(ada, ben, cleo, dora):
    contract = contract_at_work(ada, ben)
    path = f"/api/v1/contracts/{contract.public_id}/endings/"
    for person in (cleo, dora):
        assert api_of(person).post(path, SIGNED).status_code == 404
        assert browser(person).get(f"/contracts/{contract.public_id}/end/").status_code == 404
    assert api_of().post(path, SIGNED).status_code == 401
    wrong = api_of(ada).post(path, {"password": "wrong"})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "password")


def test_a_program_reads_what_an_end_would_bring_before_anybody_signs(ada, ben):
    contract = contract_at_work(ada, ben)
    path = f"/api/v1/contracts/{contract.public_id}/"
    gets = {part(contract, 1).public_id: 40_000}
    named = [one.public_id for one in contract.milestones.order_by("place")]
    ends = [{"milestone": one, "to_freelancer": gets.get(one, 0)} for one in named]

    read = api_of(ben).post(f"{path}change-orders/preview/", {"changes": ends})

    assert read.status_code == 200, read.json()
    assert not ChangeOrder.objects.exists()
    made = api_of(ben).post(f"{path}endings/", {"parts": ends} | SIGNED).json()
    assert read.json() == {name: made[name] for name in ("differences", "effect", "ended")}
    assert [one["to_freelancer"] for one in made["ended"]] == [40_000, 0, 0, 0]
