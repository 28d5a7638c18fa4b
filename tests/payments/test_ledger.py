"""The books refuse what books must refuse, whatever code asks for it."""

import pytest
from django.db import connection, transaction

from marketplace.common.errors import InsufficientFunds, InvalidInput, KeyReused
from payments.ledger import chart
from payments.ledger.checks import CHECKS, link_hash
from payments.ledger.models import Book, LedgerAccount, Transfer
from payments.ledger.selectors import balance_of, lines_of
from payments.ledger.services import Move, move_money
from tests.against_the_rules import against_the_rules

pytestmark = pytest.mark.django_db

OUTSIDE = chart.provider("USD")
ADAS = "escrow:es_ofAda"
BENS = "party:pa_ofBen:available:USD"


def fund(amount: int = 1_000, *, key: str = "py_one:succeed", book: str = "ct_one"):
    return move_money(Move("fund", OUTSIDE, ADAS, amount, "USD"), key=key, book=book)


def release(amount: int, *, key: str = "es_ofAda:release"):
    return move_money(Move("release", ADAS, BENS, amount, "USD"), key=key, book="ct_one")


def findings() -> list[str]:
    return [finding for check in CHECKS for finding in check()]


def test_money_moves_from_one_account_to_another():
    fund(1_000)
    release(970)

    assert balance_of(ADAS) == 30
    assert balance_of(BENS) == 970
    assert balance_of(OUTSIDE) == -1_000
    assert findings() == []


def test_a_deed_is_one_round_trip(django_assert_num_queries):
    with django_assert_num_queries(1):
        fund(1_000)
    with django_assert_num_queries(1):
        move_money(
            Move("release", ADAS, BENS, 970, "USD"),
            Move("fee", ADAS, chart.platform_fees("USD"), 30, "USD"),
            key="es_ofAda:release",
            book="ct_one",
        )


def test_the_same_key_moves_nothing_twice():
    fund()
    fund()

    assert Transfer.objects.count() == 1
    assert balance_of(ADAS) == 1_000


def test_a_name_is_taken_as_it_is_written():
    odd = "NULL,\"{\\}' \n%s"
    move_money(Move(odd[:30], OUTSIDE, f"escrow:{odd}", 5, "USD"), key=odd, book=odd)

    (line,) = lines_of(odd)
    assert (line.key, line.kind, line.target.key) == (odd, odd[:30], f"escrow:{odd}")
    assert findings() == []


@pytest.mark.parametrize(
    "other",
    [
        Move("fund", OUTSIDE, ADAS, 999, "USD"),
        Move("fund", OUTSIDE, BENS, 1_000, "USD"),
        Move("gift", OUTSIDE, ADAS, 1_000, "USD"),
    ],
)
def test_the_same_key_with_other_moves_is_refused(other):
    fund()

    with pytest.raises(KeyReused), transaction.atomic():
        move_money(other, key="py_one:succeed", book="ct_one")

    assert balance_of(ADAS) == 1_000


def test_the_same_key_in_another_book_is_refused():
    fund()

    with pytest.raises(KeyReused), transaction.atomic():
        fund(book="ct_two")


def test_nobody_gives_more_than_they_have():
    fund(1_000)

    with pytest.raises(InsufficientFunds), transaction.atomic():
        release(1_001)

    assert (balance_of(ADAS), balance_of(BENS)) == (1_000, 0)


def test_a_deed_of_several_moves_happens_whole_or_not_at_all():
    fund(1_000)
    moves = [Move("release", ADAS, BENS, 600, "USD"), Move("release", ADAS, BENS, 600, "USD")]

    with pytest.raises(InsufficientFunds), transaction.atomic():
        move_money(*moves, key="es_ofAda:release", book="ct_one")

    assert (balance_of(ADAS), balance_of(BENS)) == (1_000, 0)


def test_an_account_has_one_currency():
    fund()

    with pytest.raises(InvalidInput), transaction.atomic():
        move_money(Move("fund", chart.provider("EUR"), ADAS, 5, "EUR"), key="k", book="")
    with pytest.raises(InvalidInput), transaction.atomic():
        move_money(Move("fund", OUTSIDE, ADAS, 5, "EUR"), key="k", book="")


@pytest.mark.parametrize(
    "amount", [0, -1, None, 0.5, 5.0, 1e30, "a lot", "", True, 2**63, -(2**63) - 1, 10**400]
)
def test_a_move_is_at_least_one_minor_unit_and_a_whole_number_of_them(amount):
    with pytest.raises(InvalidInput), transaction.atomic():
        fund(amount)

    assert balance_of(ADAS) == 0


def test_what_no_account_can_hold_is_refused():
    fund(2**63 - 1)

    with pytest.raises(InvalidInput), transaction.atomic():
        move_money(Move("fund", OUTSIDE, ADAS, 1, "USD"), key="one more", book="ct_one")

    assert balance_of(ADAS) == 2**63 - 1


def test_a_move_goes_somewhere():
    fund()

    with pytest.raises(InvalidInput), transaction.atomic():
        move_money(Move("loop", ADAS, ADAS, 1, "USD"), key="loop", book="")


# --- The chain -----------------------------------------------------------------------------------


def test_the_chain_can_be_computed_again_by_anybody():
    fund(1_000)
    release(600, key="one")
    release(400, key="two")

    head = ""
    for number, link in enumerate(lines_of("ct_one"), start=1):
        assert link.sequence == number
        assert link.previous_hash == head
        assert link.hash == link_hash(link, link.source.key, link.target.key)
        head = link.hash
    assert Book.objects.get(key="ct_one").head == head


def tamper(sql: str) -> None:
    """As a superuser could: with the triggers switched off."""
    with against_the_rules(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        ("UPDATE payments_transfer SET kind = 'gift' WHERE sequence = 2", "not what was signed"),
        ("DELETE FROM payments_transfer WHERE sequence = 2", "no line between 1 and 3"),
        ("DELETE FROM payments_transfer WHERE sequence = 3", "is not its last line"),
        ("UPDATE payments_transfer SET amount = 5 WHERE sequence = 3", "its transfers sum to"),
        ("UPDATE payments_ledgeraccount SET balance = 7 WHERE key LIKE 'party:%'", "keeps 7"),
        ("UPDATE payments_ledgeraccount SET balance = 7 WHERE key LIKE 'party:%'", "not to zero"),
        ("UPDATE payments_ledgeraccount SET balance = 7 WHERE key LIKE 'provider:%'", "keeps 7"),
        ("UPDATE payments_ledgeraccount SET currency = 'EUR' WHERE key LIKE 'party:%'", "EUR"),
        ("DELETE FROM payments_ledgeraccount WHERE key LIKE 'party:%'", "in USD and nothing"),
        ("DELETE FROM payments_book", "has lines and no head"),
    ],
)
def test_the_checks_find_what_was_tampered_with(sql, finding):
    fund(1_000)
    release(600, key="one")
    release(400, key="two")
    assert findings() == []

    tamper(sql)

    assert any(finding in found for found in findings())


def test_platform_accounts_keep_no_balance():
    fund()

    kept = dict(LedgerAccount.objects.values_list("key", "balance"))
    assert kept == {OUTSIDE: None, ADAS: 1_000}
