"""What one statement alone cannot show, two can; and tables are checked as statements are."""

import copy
import json
from typing import Any

import pytest

from projects.agreements.changes.services import accept_change
from projects.contracts.selectors import agreement_of
from projects.milestones.services import release_milestone
from tests.projects.change_world import price_to
from tests.projects.forging import Statement, make_anew
from tests.projects.statement_world import (
    checked,
    lively_contract,
    saved,
    statement_of,
    table_of,
)
from tests.world import funded_milestone

pytestmark = pytest.mark.django_db


@pytest.fixture
def honest(ada, ben) -> Statement:
    return statement_of(lively_contract(ada, ben))


def lines(statement: Statement) -> list[dict[str, Any]]:
    return statement["lines"]


def beside(tmp_path, forged: Statement, other: Any) -> tuple[int, str]:
    """Alone nothing is to be seen; then what is found beside another file."""
    status, said = checked(saved(tmp_path, forged))
    assert status == 0, said
    return checked(saved(tmp_path, forged, other))


def test_a_chain_made_anew_is_found_beside_the_other_sides(honest, tmp_path):
    forged = copy.deepcopy(honest)
    lines(forged)[4]["at"] = "2031" + lines(forged)[4]["at"][4:]
    make_anew(forged)

    status, said = beside(tmp_path, forged, honest)

    assert status == 1
    assert f"line 5 of {honest['of']['id']} is one thing in" in said


def test_a_tail_cut_off_under_a_new_head_is_found_beside_the_other_sides(ada, ben, tmp_path, later):
    contract = lively_contract(ada, ben)
    later(hours=1)
    honest = statement_of(contract)
    forged = copy.deepcopy(honest)
    del lines(forged)[8:]
    make_anew(forged)

    status, said = beside(tmp_path, forged, honest)

    assert status == 1
    assert f"line 9 of {contract.public_id} is in" in said


def test_an_older_statement_agrees_as_far_as_it_goes(ada, ben, tmp_path, later):
    contract = lively_contract(ada, ben)
    older = statement_of(contract)
    later(hours=1)
    release_milestone(milestone_id=contract.milestones.get(position=3).pk, by=ada)

    status, said = checked(saved(tmp_path, older, statement_of(contract)))

    assert status == 0
    assert "says less: it should be the older one" in said


def test_a_statement_from_before_another_price_was_agreed_is_no_contradiction(
    ada, ben, tmp_path, later
):
    milestone = funded_milestone(ada, ben, 100_000)
    before = statement_of(milestone.contract)
    later(hours=1)
    accept_change(order_id=price_to(70_000, milestone, ben).pk, by=ada)
    after = statement_of(milestone.contract)
    assert (after["milestones"][0]["agreed"], after["milestones"][0]["adjusted"]) == (
        70_000,
        -30_000,
    )
    assert checked(saved(tmp_path, after, before))[0] == 0
    assert checked(saved(tmp_path, table_of(milestone.contract)))[0] == 0

    after["milestones"][0]["adjusted"] = 0
    status, said = checked(saved(tmp_path, after, before))
    assert status == 1 and "was agreed otherwise in" in said


@pytest.mark.parametrize("term", ["much", 1.5, None])
def test_another_price_that_is_no_number_is_found(honest, tmp_path, term):
    honest["milestones"][0]["adjusted"] = term
    status, said = checked(saved(tmp_path, honest))
    assert status == 1 and "is no whole number" in said


@pytest.mark.parametrize(("term", "value"), [("agreed", 200_000), ("payee", "pa_somebodyElse")])
def test_other_terms_are_found_beside_the_other_sides(honest, tmp_path, term, value):
    forged = copy.deepcopy(honest)
    forged["milestones"][0][term] = value

    status, said = beside(tmp_path, forged, honest)

    assert status == 1
    assert "was agreed otherwise in" in said


def test_other_terms_are_found_beside_the_agreement(ada, ben, tmp_path):
    contract = lively_contract(ada, ben)
    forged, agreement = statement_of(contract), json.loads(agreement_of(contract).body)
    forged["milestones"][2]["agreed"] = 200_000

    (tmp_path / "agreement.json").write_bytes(agreement_of(contract).body.encode())
    status, said = checked([*saved(tmp_path, forged), tmp_path / "agreement.json"])
    assert status == 1
    assert "“Part 3” for 77770 was signed and is not there" in said

    agreement["milestones"][2]["amount"] = 200_000
    (tmp_path / "agreement.json").write_text(json.dumps(agreement))
    status, said = checked([*saved(tmp_path, forged), tmp_path / "agreement.json"])
    assert status == 1
    assert "is not the wording that was signed" in said


def test_the_agreement_itself_passes(ada, ben, tmp_path):
    contract = lively_contract(ada, ben)
    (tmp_path / "agreement.json").write_bytes(agreement_of(contract).body.encode())

    status, said = checked([*saved(tmp_path, statement_of(contract)), tmp_path / "agreement.json"])

    assert (status, "WRONG" in said) == (0, False)


def test_fees_and_policy_changed_together_are_found_beside_the_agreement(ada, ben, tmp_path):
    contract = lively_contract(ada, ben)
    forged = statement_of(contract)
    for milestone in forged["milestones"]:
        milestone["freelancer_fee_basis_points"] = 400
    for line in lines(forged):
        if line["kind"] == "freelancer_fee":
            extra = line["amount"] // 3  # a third more: 4 % instead of 3
            line["amount"] += extra
            lines(forged)[lines(forged).index(line) - 1]["amount"] -= extra
    make_anew(forged)
    (tmp_path / "agreement.json").write_bytes(agreement_of(contract).body.encode())

    assert checked(saved(tmp_path, forged))[0] == 0
    status, said = checked([*saved(tmp_path, forged), tmp_path / "agreement.json"])
    assert status == 1
    assert "has other fees than those that were signed" in said


def test_a_line_of_ones_own_that_is_hidden_is_found_beside_the_contracts(ada, ben, tmp_path):
    contract = lively_contract(ada, ben)
    forged, whole = statement_of(ben), statement_of(contract)
    for line in lines(forged)[:]:
        if line.get("key") == f"{forged['milestones'][3]['id']}:release":
            for name in set(line) - {"book", "sequence", "hash"}:
                del line[name]
    forged["balances"]["USD"]["available"] = 97_010
    for one in forged["sums"]:
        one["lines"], one["amount"] = 1, 97_010 if one["kind"] == "release" else 3_000

    status, said = beside(tmp_path, forged, whole)

    assert status == 1
    assert "is hidden in" in said


def test_a_book_left_out_is_found_beside_the_contracts(ada, ben, tmp_path, later):
    contract = lively_contract(ada, ben)
    later(hours=1)
    forged, whole = statement_of(ben), statement_of(contract)
    forged |= {"books": [], "lines": [], "milestones": [], "sums": [], "balances": {}}

    status, said = beside(tmp_path, forged, whole)

    assert status == 1
    assert f"line 5 of {contract.public_id} is in" in said


# --- Tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "becomes", "found"),
    [
        (",970.10,97010,", ",9701.0,97010,", "9701.0 USD are not 97010 units"),
        (",970.10,97010,", ",970.11,97011,", "line 5 of {book} is not what was booked"),
        (",release,", ",bonus,", "line 5 of {book} is not what was booked"),
        (",103010,103010,", ",103010,103011,", "line 1 of {book}: held is said to be 103011"),
    ],
)
def test_a_forged_table_is_found(ada, ben, tmp_path, was, becomes, found):
    contract = lively_contract(ada, ben)
    table = table_of(contract)
    assert was in table

    status, said = checked(saved(tmp_path, table.replace(was, becomes, 1)))

    assert status == 1
    assert found.format(book=contract.public_id) in said


def test_a_table_whose_terms_change_from_row_to_row_is_none(ada, ben, tmp_path):
    table = table_of(lively_contract(ada, ben))

    status, said = checked(
        saved(tmp_path, table.replace(",100010,0,300,300,", ",100010,0,300,400,", 1))
    )

    assert status == 2
    assert "change from row to row" in said


def test_a_row_removed_from_a_table_is_found(ada, ben, tmp_path):
    contract = lively_contract(ada, ben)
    rows = table_of(contract).splitlines(keepends=True)
    del rows[3]

    status, said = checked(saved(tmp_path, "".join(rows)))

    assert status == 1
    assert f"line 4 of {contract.public_id} stands where line 3 should" in said


def test_a_table_cut_off_is_found_beside_the_statement(ada, ben, tmp_path, later):
    contract = lively_contract(ada, ben)
    later(hours=1)
    cut = "".join(table_of(contract).splitlines(keepends=True)[:-3])

    status, said = beside(tmp_path, cut, statement_of(contract))

    assert status == 1
    assert f"line 9 of {contract.public_id} is in" in said
