"""The doors of released money that goes back: the API, the pages, and the statements after it."""

import pytest
from django.core.management import call_command

from payments.payouts.models import Payout
from payments.payouts.services import schedule_payout
from projects.givebacks.models import GiveBack
from projects.givebacks.services import give_back
from tests.against_the_rules import force
from tests.projects.forging import make_anew
from tests.projects.giveback_world import PRICE, on, payable, released
from tests.projects.statement_world import checked, saved, statement_of, table_of
from tests.world import api_of, browser, funded_milestone

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_books_are_clean_in_the_end(db):
    yield
    call_command("check_ledger")


def test_a_program_asks_answers_and_lists(ada, ben):
    milestone = released(ada, ben)
    path = f"/api/v1/contracts/{milestone.contract.public_id}"
    (can,) = api_of(ada).get(f"{path}/returnable/").json()
    assert (can["of"], can["amount"]) == (milestone.escrow.public_id, PRICE)

    asked = api_of(ada).post(f"{path}/givebacks/", {"of": can["of"], "amount": 10_000})
    assert asked.status_code == 201
    assert asked.json()["next_steps"] == ["withdraw"]
    done = api_of(ben).post(f"/api/v1/givebacks/{asked.json()['id']}/accept/")
    assert (done.status_code, done.json()["status"]) == (200, "done")
    given = api_of(ben).post(f"{path}/givebacks/", {"of": can["of"], "amount": 1})
    assert (given.status_code, given.json()["status"]) == (201, "done")
    listed = api_of(ada).get(f"{path}/givebacks/").json()["results"]
    assert [one["amount"] for one in listed] == [1, 10_000]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"of": "es_nothing", "amount": 1_000}, "of"),
        ({"amount": 1_000}, "of"),
        ({"of": "", "amount": 0}, "amount"),
        ({"of": "", "amount": "1e3"}, "amount"),
        ({"of": "", "amount": 2**64}, "amount"),
        ({"of": "", "amount": PRICE + 1}, "amount"),
    ],
)
def test_a_program_hears_what_is_wrong_about_its_field(ada, ben, body, param):
    milestone = released(ada, ben)
    if body.get("of") == "":
        body = body | {"of": milestone.escrow.public_id}
    path = f"/api/v1/contracts/{milestone.contract.public_id}/givebacks/"
    answer = api_of(ada).post(path, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_both_see_it_on_the_contracts_page(ada, ben):
    milestone = released(ada, ben)
    path = f"/contracts/{milestone.contract.public_id}/"
    assert "Ask for money back" in browser(ada).get(path).content.decode()
    assert "Give money back" in browser(ben).get(path).content.decode()
    sent = {"of": milestone.escrow.public_id, "amount": "100", "note": "Half.", "once": "x"}

    shown = browser(ada).post(f"{path}give-back/", sent | {"preview": "1"}).content.decode()
    assert "$103.00" in shown and "$97.00" in shown
    assert browser(ada).post(f"{path}give-back/", sent | {"amount": "x"}).status_code == 400
    for _ in range(2):
        assert browser(ada).post(f"{path}give-back/", sent).status_code == 302
    asked = GiveBack.objects.get()
    accept = f"/givebacks/{asked.public_id}/accept/"
    assert accept in browser(ben).get(path).content.decode()
    assert accept not in browser(ada).get(path).content.decode()

    assert browser(ben).post(accept).status_code == 302
    assert "given back" in browser(ada).get(path).content.decode()


def test_a_page_says_why_nothing_can_be_given_back(ada, ben):
    milestone = funded_milestone(ada, ben)
    page = browser(ben).get(f"/contracts/{milestone.contract.public_id}/give-back/")
    assert "Nothing can be given back" in page.content.decode()


def test_a_page_refuses_in_words_what_is_with_the_bank_already(ada, ben):
    milestone = released(ada, ben)
    payout = schedule_payout(party_id=payable(milestone), currency="USD", by=ben)
    payout.attempts.create(number=1, destination="acct_1")
    force(Payout, status="sending")
    sent = {"of": milestone.escrow.public_id, "amount": "100", "note": "", "once": "x"}
    page = browser(ben).post(f"/contracts/{milestone.contract.public_id}/give-back/", sent)
    assert page.status_code == 400
    assert "is not with us any more" in page.content.decode()


def test_the_statements_of_all_prove_the_fees_on_what_stays(ada, ben, tmp_path):
    milestone = released(ada, ben)
    give_back(**on(milestone), by=ben, amount=33_333)
    give_back(**on(milestone), by=ben, amount=1)
    contract = milestone.contract
    paths = saved(tmp_path, *[statement_of(whose) for whose in (contract, ada, ben)])
    status, said = checked(paths)
    assert status == 0, said
    assert checked(saved(tmp_path, table_of(contract), table_of(ben)))[0] == 0


@pytest.mark.parametrize("kind", ["given_back", "freelancer_fee_back", "client_fee_back"])
def test_a_forger_who_computes_everything_anew_is_found_by_the_fees(ada, ben, tmp_path, kind):
    milestone = released(ada, ben)
    give_back(**on(milestone), by=ben, amount=33_333)
    statement = statement_of(milestone.contract)
    for changed in (kind, "refund"):
        (line,) = [line for line in statement["lines"] if line["kind"] == changed]
        line["amount"] += 100
    make_anew(statement)
    status, said = checked(saved(tmp_path, statement))
    assert status == 1
    assert "was charged" in said
