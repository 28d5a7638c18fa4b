"""Statements: what each reader gets, that it is true, and what it costs."""

import ast
import csv
import hashlib
import io
import json
import sys
from pathlib import Path

import pytest
from babel.numbers import list_currencies
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.parties.selectors import own_party_of
from accounts.people.services import grant_staff_roles
from marketplace.common.currencies import exponent, is_carried
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.money import MAX_AMOUNT
from payments.escrow.banks.services import bring_back, take_back
from payments.escrow.services import split
from payments.fundings.models import Payment
from payments.gateway.base import RemoteRefund, State
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of, lines_of
from payments.ledger.services import Move, move_money
from payments.policies.fees import fee_on
from payments.refunds.models import Refund
from payments.refunds.services import record_refund
from payments.statements import selectors, verify_statement
from payments.statements.writing import COLUMNS, as_json, harmless
from projects.contracts.statements import scope_of_contract
from projects.milestones.parts.services import release_part
from projects.milestones.services import release_milestone
from tests.projects.statement_world import (
    CHECKER,
    checked,
    lively_contract,
    paid_out,
    saved,
    statement_of,
    table_of,
)
from tests.world import active_contract, api_of, browser, fund, funded_milestone, person

pytestmark = pytest.mark.django_db


def text_of(answer) -> str:
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content).decode()


def rows_of(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"), newline="")))


# --- They are true -------------------------------------------------------------------------------


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_every_statement_and_table_passes_the_checker(ada, ben, tmp_path, settings, currency):
    settings.CURRENCIES = ["USD", "JPY", "KWD"]
    contract = active_contract(ada, ben, [100_000, 30_000, 70_000, 50_000], currency=currency)
    done, part, *_ = (fund(milestone) for milestone in contract.milestones.order_by("position"))
    split(escrow_id=done.escrow_id, to_payee=100_000, reason="done")
    split(escrow_id=part.escrow_id, to_payee=10_000, reason="agreed")
    paid_out(ben, 1_000, currency=currency)

    status, said = checked(
        saved(
            tmp_path,
            *(statement_of(about) for about in (contract, ada, ben)),
            *(table_of(about) for about in (contract, ada, ben)),
        )
    )

    assert (status, "WRONG" in said) == (0, False), said


def test_what_is_released_in_parts_and_taken_by_a_bank_and_brought_again_passes(ada, ben, tmp_path):
    milestone = funded_milestone(ada, ben, 100_001)
    for part in (33_333, 33_333):
        release_part(milestone_id=milestone.pk, by=ada, amount=part)
    payment = Payment.objects.get(paid_for=milestone.escrow.public_id)
    taken = take_back(payment_id=payment.pk, amount=70_000, chargeback="cb_1", movement="1")
    halfway = [statement_of(about) for about in (milestone.contract, ada, ben)]
    bring_back(payment_id=payment.pk, taken=taken, chargeback="cb_1", movement="2")
    release_milestone(milestone_id=milestone.pk, by=ada)

    in_the_end = [statement_of(about) for about in (milestone.contract, ada, ben)]
    for statements in (halfway, in_the_end):
        status, said = checked(saved(tmp_path, *statements))
        assert (status, "WRONG" in said) == (0, False), said
    assert taken.released > 0, "it also took what had been released"


def test_money_that_a_bank_took_may_be_paid_in_again(ada, ben, tmp_path):
    milestone = funded_milestone(ada, ben)
    purse, outside = chart.escrow(milestone.escrow.public_id), chart.provider("USD")
    for kind, *ends in (("chargeback", purse, outside), ("fund", outside, purse)):
        move_money(
            Move(kind, *ends, 103_000, "USD"), key=f"cb_1:{kind}", book=milestone.contract.public_id
        )

    status, said = checked(saved(tmp_path, statement_of(milestone.contract)))

    assert (status, "WRONG" in said) == (0, False), said


def test_nobody_without_a_contract_has_an_empty_one_that_passes(cleo, tmp_path):
    status, _ = checked(saved(tmp_path, statement_of(cleo), table_of(cleo)))

    assert status == 0


def test_both_sides_get_the_same_of_their_contract(ada, ben):
    path = f"/api/v1/contracts/{lively_contract(ada, ben).public_id}/statement/"
    of_ada, of_ben = (json.loads(text_of(api_of(who).get(path))) for who in (ada, ben))

    assert of_ada.pop("made_at") != of_ben.pop("made_at")
    assert of_ada == of_ben
    assert of_ada["balances"] == {"USD": {"held": 80_103}}


def test_the_page_and_the_api_give_out_the_same(ada, ben):
    path = f"/contracts/{lively_contract(ada, ben).public_id}/statement"
    page = text_of(browser(ada).get(f"{path}.csv"))
    api = text_of(api_of(ada).get(f"/api/v1{path}.csv"))

    assert [row | {"made_at": ""} for row in rows_of(page)] == [
        row | {"made_at": ""} for row in rows_of(api)
    ]


def test_what_is_available_is_what_the_ledger_says(ada, ben):
    lively_contract(ada, ben)
    paid_out(ben, 50_000)

    said = statement_of(ben)["balances"]["USD"]
    assert said["available"] == balance_of(chart.available(own_party_of(ben), "USD")) > 0
    assert said["held"] == 0


# --- Of others, nothing but hashes ---------------------------------------------------------------


def test_a_payee_reads_what_they_got_and_what_it_cost_them(ada, ben):
    lively_contract(ada, ben)
    shown = [line for line in statement_of(ben)["lines"] if "amount" in line]
    hidden = [line for line in statement_of(ben)["lines"] if "amount" not in line]

    assert {line["kind"] for line in shown} == {"release", "freelancer_fee"}
    assert len(hidden) == 7
    assert all(set(line) == {"book", "sequence", "hash"} for line in hidden)


def test_a_client_reads_all_that_became_of_what_they_paid(ada, ben):
    lively_contract(ada, ben)
    statement = statement_of(ada)

    assert all("amount" in line for line in statement["lines"])
    assert statement["balances"]["USD"] == {"held": 80_103, "available": 0}


def test_a_refund_is_the_clients_until_it_has_arrived(ada, ben):
    """Its last leg touches no account that names the client."""
    lively_contract(ada, ben)
    refund, done = Refund.objects.get(), State.DONE
    record_refund(
        remote=RemoteRefund("re_1", refund.public_id, 1, "ch_1", done, refund.amount, "USD")
    )

    for who, shown in ((ada, ["refund", "refund_succeed"]), (ben, [])):
        kinds = [line.get("kind", "") for line in statement_of(who)["lines"]]
        assert [kind for kind in kinds if kind.startswith("refund")] == shown


def test_somebody_elses_payouts_are_in_no_statement_of_mine(ada, ben):
    lively_contract(ada, ben)
    paid_out(ben, 50_000)

    assert [line for line in statement_of(ada)["lines"] if line["book"].startswith("book:")] == []
    of_ben = [line for line in statement_of(ben)["lines"] if line["book"].startswith("book:")]
    assert [line["what"] for line in of_ben] == ["Payout set aside", "Payout arrived"]


@pytest.mark.parametrize("role", ["finance", "support"])
def test_who_keeps_the_books_reads_those_of_a_contract(ada, ben, role):
    contract = lively_contract(ada, ben)
    keeper = grant_staff_roles(user_id=person("Kim").pk, roles={role}, by=SYSTEM)

    assert browser(keeper).get(f"/contracts/{contract.public_id}/statement/").status_code == 200


@pytest.mark.parametrize("role", ["moderator", "mediator"])
def test_the_rest_of_the_staff_does_not(ada, ben, role):
    contract = lively_contract(ada, ben)
    other = grant_staff_roles(user_id=person("Kim").pk, roles={role}, by=SYSTEM)

    assert browser(other).get(f"/contracts/{contract.public_id}/statement/").status_code == 404


def test_nobody_reads_another_partys_statement(ada, ben):
    own, other = (own_party_of(who).public_id for who in (ada, ben))
    assert api_of(ada).get("/api/v1/me/statement/", {"party": own}).status_code == 200
    assert api_of(ada).get("/api/v1/me/statement/", {"party": other}).status_code == 404


# --- Tables for spreadsheets ---------------------------------------------------------------------


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_is_no_formula(title):
    assert harmless(title) == f"'{title}"


def test_a_title_that_would_be_a_formula_is_text_and_passes(ada, ben, tmp_path):
    milestone = funded_milestone(ada, ben)
    milestone.escrow.title = '=HYPERLINK("http://evil.example","Click"),\n"x"'
    milestone.escrow.save()
    table = table_of(milestone.contract)

    assert [row["title"][:11] for row in rows_of(table)] == ["'=HYPERLINK"]
    assert checked(saved(tmp_path, table))[0] == 0


def test_a_table_opens_in_a_spreadsheet(ada, ben):
    table = table_of(lively_contract(ada, ben))

    assert table.startswith("\ufeffstatement_of,")
    assert rows_of(table)[0].keys() == dict.fromkeys(COLUMNS).keys()
    assert {row["currency"] for row in rows_of(table)} == {"USD"}
    assert rows_of(table)[0]["amount"] == "1030.10"


# --- What they cost ------------------------------------------------------------------------------


@pytest.mark.parametrize("whose", ["contract", "ada", "ben"])
def test_more_lines_cost_no_more_queries(ada, ben, whose):
    def cost() -> int:
        contract = lively_contract(ada, ben)
        about = {"contract": contract, "ada": ada, "ben": ben}[whose]
        with CaptureQueriesContext(connection) as queries:
            statement_of(about)
        return len(queries)

    assert cost() == cost() <= 7


def test_a_page_is_found_by_the_index_of_its_lines_however_many_there_are(ada, ben):
    contract = lively_contract(ada, ben)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        # Whatever the planner believes of tables that other tests have filled and emptied.
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    newest = lines_of(contract.public_id).order_by("-sequence")[:21]

    assert "a_book_has_one_line_per_number" in newest.explain()
    assert "Sort" not in newest.explain()


def test_it_is_the_same_in_chunks_of_any_size(ada, ben, monkeypatch):
    lively_contract(ada, ben)
    lively_contract(ada, ben)
    paid_out(ben, 50_000)
    whole = statement_of(ben)
    monkeypatch.setattr(selectors, "CHUNK", 3)

    assert statement_of(ben) | {"made_at": ""} == whole | {"made_at": ""}


def test_what_is_booked_while_it_is_written_waits_for_the_next(ada, ben, tmp_path):
    contract = lively_contract(ada, ben)
    writing = as_json(scope_of_contract(contract))
    begun = next(writing)
    split(escrow_id=contract.milestones.get(position=3).escrow_id, to_payee=77_770, reason="late")
    statement = json.loads(begun + "".join(writing))

    assert len(statement["lines"]) == statement["books"][0]["lines"] == 11
    assert checked(saved(tmp_path, statement))[0] == 0


# --- The checker itself --------------------------------------------------------------------------


@settings(deadline=None)
@given(
    released=st.integers(min_value=0, max_value=MAX_AMOUNT),
    basis_points=st.integers(min_value=0, max_value=10_000),
)
def test_its_formula_is_ours(released, basis_points):
    assert verify_statement.fee(released, basis_points) == fee_on(released, basis_points)


def test_it_counts_currencies_as_we_do():
    carried = [currency for currency in list_currencies() if is_carried(currency)]

    assert {exponent(currency) for currency in carried} == {0, 2, 3}
    assert all(verify_statement.exponent(currency) == exponent(currency) for currency in carried)


def test_it_needs_nothing_but_python_3_9():
    tree = ast.parse(Path(CHECKER).read_text(), feature_version=(3, 9))
    imported = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }

    assert imported <= sys.stdlib_module_names


def test_anybody_may_have_it_and_its_hash_stands_beside_it(ada, ben):
    answer = Client().get("/verify_statement.py")

    assert answer.content == Path(CHECKER).read_bytes()
    digest = hashlib.sha256(answer.content).hexdigest()
    contract = lively_contract(ada, ben)
    for path in ("/statements/", f"/contracts/{contract.public_id}/statement/"):
        assert digest in browser(ada).get(path).content.decode()


# --- Pages ---------------------------------------------------------------------------------------


def test_the_page_of_a_contract_shows_each_movement_once(ada, ben):
    contract = lively_contract(ada, ben)
    lively = browser(ben).get(f"/contracts/{contract.public_id}/statement/").content.decode()

    for line in Transfer.objects.filter(book=contract.public_id):
        assert lively.count(f"{line.sequence} · {line.hash[:12]}") == 1
    assert "Ben, available" in lively


def test_the_page_before_any_money_says_so(ada, ben):
    contract = active_contract(ada, ben)
    page = browser(ada).get(f"/contracts/{contract.public_id}/statement/").content.decode()

    assert "Nothing has moved yet" in page


def test_a_client_finds_what_they_paid_and_a_freelancer_what_they_got(ada, ben):
    contract = lively_contract(ada, ben)
    for who, sum_, words in ((ada, "$1,545.10", "you pay"), (ben, "$1,455.10", "you are paid")):
        page = browser(who).get("/statements/").content.decode()
        assert f"/contracts/{contract.public_id}/statement/" in page
        assert words in page
        assert sum_ in page
