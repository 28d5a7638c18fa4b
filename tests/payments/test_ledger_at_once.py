"""Eight who move money at the same moment: a deed is done once, and each hears that it is done."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from payments.ledger import chart
from payments.ledger.checks import CHECKS
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.ledger.services import Deed, Move, move_money, move_money_in_batch
from tests.against_the_rules import as_the_owner
from tests.payments.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)

OUTSIDE, COSTS = chart.provider("USD"), chart.provider_costs("USD")
ADAS, BENS = "escrow:es_ofAda", "party:pa_ofBen:available:USD"


def fund(amount: int) -> None:
    move_money(Move("fund", OUTSIDE, ADAS, amount, "USD"), key="py_one:succeed", book="ct_one")


def release(amount: int, *, key: str = "es_ofAda:release") -> None:
    move_money(Move("release", ADAS, BENS, amount, "USD"), key=key, book="ct_one")


def assert_sound() -> None:
    assert [line for check in CHECKS for line in check()] == []


def test_eight_with_one_key_at_once_move_it_once():
    fund(1_000)

    assert at_once(lambda _: release(100)) == {"done": 8}

    assert (balance_of(ADAS), balance_of(BENS)) == (900, 100)


def test_eight_with_keys_of_their_own_never_overdraw():
    fund(500)

    outcomes = at_once(lambda number: release(100, key=f"es_ofAda:part:{number}"))

    assert outcomes == {"done": 5, "InsufficientFunds": 3}
    assert (balance_of(ADAS), balance_of(BENS)) == (0, 500)
    assert_sound()


# --- Deeds of no book ----------------------------------------------------------------------------


def empty_the_purse(*, part: int = 500, key: str = "po_one:set_aside") -> None:
    move_money(Move("payout", BENS, "leaving:po_one", part, "USD"), key=key)


def bear_a_cost(*, part: int = 1_500, key: str = "cb_one:fee") -> None:
    """Of accounts alone that keep no balance, and so hold nobody up."""
    move_money(Move("chargeback_fee", COSTS, OUTSIDE, part, "USD"), key=key)


@pytest.fixture
def purse() -> None:
    """Ben has 500, and no account is opened any more: whoever opens one would be waited for."""
    fund(501)
    release(501)
    empty_the_purse(part=1, key="po_before:set_aside")
    bear_a_cost(part=1, key="cb_before:fee")


def eight_while_the_first_is_about_to_commit(deed) -> Counter[str]:
    """All eight have begun and wait for somebody who has done the same and commits then."""
    is_done = threading.Event()

    def act(number: int) -> None:
        if number:
            assert is_done.wait(timeout=20)
            deed()
            return
        with transaction.atomic():
            deed()
            is_done.set()
            _until_others_wait(8)

    return at_once(act, people=9)


def _until_others_wait(people: int) -> None:
    until = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(
                "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid IN"
                " (SELECT pid FROM pg_stat_get_activity(NULL) WHERE datid ="
                " (SELECT oid FROM pg_database WHERE datname = current_database()))"
                " AND pg_stat_clear_snapshot() IS NOT NULL"
            )
            if cursor.fetchone()[0] >= people:
                return
            time.sleep(0.02)
    raise AssertionError("the others do not wait")


@pytest.fixture
def as_it_was_before() -> Iterator[None]:
    """The function that moves money, without the second look at deeds of no book."""
    present = _definition_of("payments_move_money")
    start = present.index("IF p_book = '' THEN\n            PERFORM FROM payments_ledger")
    end = present.index("v_hashes[0] := v_head")
    _define(present[:start] + "EXIT WHEN p_book = '';\n" + present[end:])
    yield
    _define(present)


def _definition_of(function: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [function])
        return cursor.fetchone()[0]


def _define(function: str) -> None:
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute(function)


# How somebody who was late was refused.
DEEDS = {empty_the_purse: "InsufficientFunds", bear_a_cost: "KeyReused"}


@pytest.mark.parametrize("deed", DEEDS)
def test_who_comes_while_it_is_being_done_hears_that_it_is_done(deed, purse):
    before = Transfer.objects.count()

    assert eight_while_the_first_is_about_to_commit(deed) == {"done": 9}

    assert Transfer.objects.count() == before + 1
    assert_sound()


@pytest.mark.parametrize("deed", DEEDS)
def test_without_the_second_look_they_are_refused_what_was_done(deed, purse, as_it_was_before):
    before = Transfer.objects.count()

    assert eight_while_the_first_is_about_to_commit(deed) == {"done": 1, DEEDS[deed]: 8}

    assert Transfer.objects.count() == before + 1


@pytest.mark.parametrize("deed", DEEDS)
def test_another_deed_with_its_key_is_refused_as_ever(deed, purse):
    parts = iter([500, *range(1, 9)])

    outcomes = eight_while_the_first_is_about_to_commit(lambda: deed(part=next(parts)))

    assert outcomes == {"done": 1, "KeyReused": 8}
    assert_sound()


# --- Batches -------------------------------------------------------------------------------------


def release_all(*, part: int = 10, of: str = "all") -> None:
    """Five deeds of five books, from one account to another."""
    move_money_in_batch(
        [
            Deed(f"{of}:{n}", [Move("release", ADAS, BENS, part, "USD")], book=f"ct_{n}")
            for n in range(5)
        ]
    )


@pytest.fixture
def full_escrow() -> None:
    """And every book and account is there: whoever opens one would be waited for."""
    fund(1_005)
    release_all(part=1, of="before")


@pytest.fixture
def unlocked_batches() -> Iterator[None]:
    """The function without the locks that it takes before it looks what was done."""
    present = _definition_of("payments_move_money_in_batch")
    unlocked = re.sub(r"PERFORM FROM [^;]* FOR UPDATE;", "", present)
    assert present.count("FOR UPDATE;") == 2 and "FOR UPDATE;" not in unlocked
    _define(unlocked)
    yield
    _define(present)


def test_a_batch_that_comes_while_it_is_being_done_hears_that_it_is_done(full_escrow):
    assert eight_while_the_first_is_about_to_commit(release_all) == {"done": 9}

    assert (balance_of(ADAS), balance_of(BENS)) == (950, 55)
    assert_sound()


def test_without_its_locks_it_comes_as_far_as_the_keys(full_escrow, unlocked_batches):
    outcomes = eight_while_the_first_is_about_to_commit(release_all)

    assert outcomes == {"done": 1, "KeyReused": 8}
    assert (balance_of(ADAS), balance_of(BENS)) == (950, 55)
    assert_sound()
