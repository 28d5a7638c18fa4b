"""Every forgery of a statement is found, and the checker says where.

What one statement alone cannot show is said as plainly: there the other side's finds it.
"""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.projects.forging import (
    Statement,
    chain_anew,
    first,
    hash_of,
    make_anew,
    renumber,
    shift,
    sum_anew,
)
from tests.projects.statement_world import (
    checked,
    lively_contract,
    saved,
    statement_of,
)

pytestmark = pytest.mark.django_db


# Made once: a statement is plain data, and each forger takes a copy.
_HONEST: list[str] = []


@pytest.fixture
def honest(ada, ben) -> Statement:
    if not _HONEST:
        _HONEST.append(json.dumps(statement_of(lively_contract(ada, ben))))
    return json.loads(_HONEST[0])


def lines(statement: Statement) -> list[dict[str, Any]]:
    return statement["lines"]


# --- Forgeries -----------------------------------------------------------------------------------

FORGERIES: dict[str, tuple[str, Callable[[Statement], Any]]] = {}


def forgery(found: str) -> Callable[[Callable[[Statement], Any]], Callable[[Statement], Any]]:
    """``found`` is what the checker says of it."""

    def listed(forge: Callable[[Statement], Any]) -> Callable[[Statement], Any]:
        FORGERIES[forge.__name__] = (found, forge)
        return forge

    return listed


@forgery("line 5 of {book} is not what was booked")
def an_amount_changed(s):
    lines(s)[4]["amount"] += 1


@forgery("line 2 of {book} stands where line 1 should")
def the_first_line_removed(s):
    del lines(s)[0]
    sum_anew(s)


@forgery("line 6 of {book} stands where line 5 should")
def a_line_in_the_middle_removed(s):
    del lines(s)[4]


@forgery("line 5 of {book} does not follow the line that stands before it")
def a_line_in_the_middle_removed_and_the_rest_renumbered(s):
    del lines(s)[4]
    renumber(s)
    sum_anew(s)


@forgery("{book} ends at line 10 with")
def the_last_line_removed(s):
    del lines(s)[-1]
    sum_anew(s)


@forgery("{book} ends at line 8 with")
def the_tail_cut_off(s):
    del lines(s)[8:]
    sum_anew(s)


@forgery("line 3 of {book} stands where line 2 should")
def two_lines_swapped(s):
    lines(s)[1], lines(s)[2] = lines(s)[2], lines(s)[1]


@forgery("line 2 of {book} does not follow the line that stands before it")
def two_lines_swapped_and_renumbered(s):
    lines(s)[1], lines(s)[2] = lines(s)[2], lines(s)[1]
    renumber(s)
    sum_anew(s)


@forgery("line 1 of {book} stands where line 2 should")
def a_line_doubled(s):
    lines(s).insert(1, copy.deepcopy(lines(s)[0]))


@forgery("line 5 of {book} is not what was booked")
def a_day_later(s):
    lines(s)[4]["at"] = "2031" + lines(s)[4]["at"][4:]


@forgery("line 5 of {book} is not what was booked")
def a_microsecond_later(s):
    at = lines(s)[4]["at"]
    lines(s)[4]["at"] = at[:-2] + ("1" if at[-2] != "1" else "2") + "Z"


@forgery("line 5 of {book} is not what was booked")
def paid_to_somebody_else(s):
    lines(s)[4]["target"] = "party:pa_somebodyElse:available:USD"


@forgery("line 6 of {book} is not what was booked")
def a_fee_called_a_release(s):
    lines(s)[5]["kind"] = "release"


@forgery("line 5 of {book} is not what was booked")
def another_currency(s):
    lines(s)[4]["currency"] = "EUR"


@forgery("line 5 of {book} is not what was booked")
def another_deed(s):
    lines(s)[4]["key"] = lines(s)[4]["key"].replace("release", "bonus")


@forgery("line 6 of {book} does not follow the line that stands before it")
def one_hash_computed_anew(s):
    lines(s)[4]["at"] = "2031" + lines(s)[4]["at"][4:]
    lines(s)[4]["hash"] = hash_of(lines(s)[4])


@forgery("{book} ends at line 11 with")
def the_chain_computed_anew_under_the_old_head(s):
    head = s["books"][0]["head"]
    lines(s)[4]["at"] = "2031" + lines(s)[4]["at"][4:]
    chain_anew(s)
    s["books"][0]["head"] = head


@forgery("the freelancer was charged 3001 in all, and 3000 are due")
def a_fee_of_one_unit_more(s):
    shift(s, 1)
    make_anew(s)


@forgery("the freelancer was charged 2999 in all, and 3000 are due")
def a_fee_of_one_unit_less(s):
    shift(s, -1)
    make_anew(s)


@forgery("the client was charged 3001 in all, and 3000 are due")
def the_clients_fee_of_one_unit_more(s):
    first(s, "client_fee")["amount"] += 1
    first(s, "fund")["amount"] += 1
    make_anew(s)


@forgery("the freelancer was charged 3000 in all, and 2500 are due")
def another_fee_in_the_policy(s):
    s["milestones"][0]["freelancer_fee_basis_points"] = 250


@forgery("100010 were released and only 100000 were agreed")
def a_lower_price_agreed(s):
    s["milestones"][0]["agreed"] = 100_000


@forgery("80103 were paid in and kept, and 72100 are agreed with the fee")
def a_lower_price_agreed_while_held(s):
    s["milestones"][2]["agreed"] = 70_000


@forgery("line 3 of {book}: held is said to be 1, and is 214013")
def a_running_balance_changed(s):
    lines(s)[2]["held"] = 1


@forgery("at the end there stands")
def the_closing_balance_changed(s):
    s["balances"]["USD"]["held"] += 1


@forgery("the sum of USD release escrow party is not")
def a_sum_changed(s):
    next(one for one in s["sums"] if one["kind"] == "release")["amount"] += 1


@forgery("there is no sum of USD release escrow party")
def a_sum_removed(s):
    s["sums"] = [one for one in s["sums"] if one["kind"] != "release"]


@forgery("line 12 of {book}: it is hidden, and the statement of a contract hides none")
def a_hidden_line_inserted(s):
    lines(s).append({"book": s["of"]["id"], "sequence": 12, "hash": "0" * 64})
    s["books"][0] |= {"lines": 12, "head": "0" * 64}


@forgery("line 5 of {book}: it is hidden")
def a_line_hidden(s):
    lines(s)[4] = {name: lines(s)[4][name] for name in ("book", "sequence", "hash")}


@forgery("line 5 of {book}: it is shown in part")
def a_line_half_hidden(s):
    del lines(s)[4]["amount"]


@forgery("line 1 of ct_another: it is not in the book of")
def the_book_of_another_contract(s):
    for line in lines(s):
        line["book"] = "ct_another"
    s["books"][0]["book"] = "ct_another"
    make_anew(s)


@forgery("line 1 of ct_another: it is not in the book of")
def a_line_of_another_book(s):
    lines(s).append(lines(s)[4] | {"book": "ct_another", "sequence": 1, "milestone": "es_x"})


@forgery("falls to -50010")
def more_paid_out_than_was_held(s):
    first(s, "fund")["amount"] = 50_000
    make_anew(s)


@forgery("line 5 of {book}: the amount is -97010")
def a_negative_amount(s):
    lines(s)[4]["amount"] *= -1


@forgery("line 5 of {book}: the amount is 0")
def an_amount_of_nothing(s):
    lines(s)[4]["amount"] = 0


@forgery("line 5 of {book}: the amount is 97010.0")
def an_amount_with_a_point(s):
    lines(s)[4]["amount"] = float(lines(s)[4]["amount"])


@forgery("line 5 of {book}: the amount is '97010'")
def an_amount_in_quotes(s):
    lines(s)[4]["amount"] = str(lines(s)[4]["amount"])


@forgery("line 5 of {book}: the amount is True")
def an_amount_that_is_a_word(s):
    lines(s)[4]["amount"] = True


@forgery("line 5 of {book}: the amount is 9223372036854775808")
def an_amount_beyond_any_ledger(s):
    lines(s)[4]["amount"] = 2**63
    make_anew(s)


@forgery("line 5 of {book}: it moves nothing")
def money_that_goes_round(s):
    lines(s)[4]["target"] = lines(s)[4]["source"]
    make_anew(s)


@forgery("line 5 of {book}: there is no key")
def fields_that_run_into_each_other(s):
    lines(s)[4]["key"] += "|0"
    make_anew(s)


@forgery("line 5 of {book}: it is of es_")
def a_release_booked_on_another_milestone(s):
    lines(s)[4]["milestone"] = s["milestones"][4]["id"]


@forgery("USD has 2 digits after the point, not 0")
def the_point_moved(s):
    s["currencies"]["USD"] = 0


def test_an_honest_one_passes(honest, tmp_path):
    status, said = checked(saved(tmp_path, honest))

    assert (status, "WRONG" in said) == (0, False)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_found(honest, tmp_path, name):
    found, forge = FORGERIES[name]
    forge(honest)

    status, said = checked(saved(tmp_path, honest))

    assert status == 1
    assert found.format(book=honest["of"]["id"]) in said
    assert "Everything is as it says" not in said


# --- What is no statement ------------------------------------------------------------------------

NO_STATEMENTS = {
    "not JSON": '{"format": "milepost-statement/1", "lines": [',
    "nothing": "",
    "another version": '{"format": "milepost-statement/2"}',
    "no version": "{}",
    "half of it": '{"format": "milepost-statement/1", "lines": []}',
    "a name twice": '{"format": "milepost-statement/2", "format": "milepost-statement/1"}',
    "a number of 5,000 digits": '{"format": ' + "9" * 5_000 + "}",
    "a hole without a bottom": '{"a":' * 20_000,
    "a picture": "\x89PNG\x00\xff",
    "another table": "name,amount\nAda,1\n",
}


@pytest.mark.parametrize("what", NO_STATEMENTS)
def test_what_cannot_be_read_is_no_statement(tmp_path, what):
    path = tmp_path / "statement.json"
    path.write_bytes(NO_STATEMENTS[what].encode("latin-1"))

    status, said = checked([path])

    assert status == 2
    assert "  ok  " not in said


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    status, said = checked([tmp_path / "statement.json"])

    assert status == 2
    assert "cannot be read" in said
