"""The books refuse what books must refuse, whatever code asks for it."""

import json
import threading

import pytest
from django.db import DatabaseError, connection, transaction

from marketplace.common.errors import InsufficientFunds, InvalidInput, KeyReused
from payments.ledger import chart
from payments.ledger.checks import CHECKS, link_hash
from payments.ledger.models import Book, LedgerAccount, Transfer
from payments.ledger.selectors import balance_of, lines_of
from payments.ledger.services import Move, move_money

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


def test_the_same_key_moves_nothing_twice():
    first = fund()
    again = fund()

    assert [one.pk for one in again] == [one.pk for one in first]
    assert balance_of(ADAS) == 1_000


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


@pytest.mark.parametrize("amount", [0, -1])
def test_a_move_is_at_least_one_minor_unit(amount):
    with pytest.raises(InvalidInput), transaction.atomic():
        fund(amount)


def test_a_move_goes_somewhere():
    fund()

    with pytest.raises(InvalidInput), transaction.atomic():
        move_money(Move("loop", ADAS, ADAS, 1, "USD"), key="loop", book="")


# --- By raw SQL ----------------------------------------------------------------------------------

COLUMNS = (
    "(key, position, kind, source_id, target_id, amount, currency,"
    " book, previous_hash, hash, created_at)"
)


def moved(source: str, target: str, amount: int, *, currency: str = "USD", key: str = "x") -> str:
    """A call of the one function that may write."""
    move = {"kind": "k", "source": source, "target": target, "amount": amount}
    moves = json.dumps([move | {"currency": currency}])
    return f"SELECT payments_move_money('{key}', 'ct_one', now(), '{moves}'::jsonb)"


FINAL = "transfers are final"
ATTACKS = [
    ("UPDATE payments_transfer SET amount = 1", FINAL),
    ("UPDATE payments_transfer SET created_at = now()", FINAL),
    ("DELETE FROM payments_transfer", FINAL),
    ("INSERT INTO payments_transfer SELECT * FROM payments_transfer", "payments_transfer_pkey"),
    (
        f"INSERT INTO payments_transfer {COLUMNS} SELECT key, position, kind, source_id, target_id,"
        " amount, currency, '', '', '', now() FROM payments_transfer",
        "transfer_happens_once",
    ),
    (
        f"INSERT INTO payments_transfer {COLUMNS} SELECT 'x', 0, kind, source_id, target_id,"
        " -5, currency, '', '', '', now() FROM payments_transfer",
        "a_transfer_moves_something",
    ),
    (
        f"INSERT INTO payments_transfer {COLUMNS} SELECT 'x', 0, kind, source_id, source_id,"
        " 5, currency, '', '', '', now() FROM payments_transfer",
        "a_transfer_goes_somewhere",
    ),
    (
        "UPDATE payments_ledgeraccount SET balance = -1 WHERE balance IS NOT NULL",
        "ledger_account_not_overdrawn",
    ),
    (moved("escrow:none", ADAS, 5), "escrow:none holds 0, not 5"),
    (moved(ADAS, "escrow:other", 5, currency="EUR"), "an account has one currency"),
    (moved(ADAS, "escrow:other", 5, key="py_one:succeed"), "came before with other moves"),
    (moved(ADAS, "escrow:other", 0), "at least one minor unit"),
    (moved(ADAS, "escrow:other", -5), "at least one minor unit"),
]


@pytest.mark.parametrize(("attack", "refusal"), ATTACKS)
def test_the_database_itself_refuses(attack, refusal):
    fund(1_000)

    with (
        pytest.raises(DatabaseError, match=refusal),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(attack)

    assert balance_of(ADAS) == 1_000
    assert Transfer.objects.count() == 1
    assert findings() == []


def test_a_role_that_may_only_call_the_function_writes_no_other_way():
    fund(1_000)
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE only_calls")
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO only_calls")
        cursor.execute("SET LOCAL ROLE only_calls")
        for attack in (
            f"INSERT INTO payments_transfer {COLUMNS} SELECT 'x', 0, kind, source_id, target_id,"
            " 5, currency, '', '', '', now() FROM payments_transfer",
            "UPDATE payments_ledgeraccount SET balance = 7",
            "UPDATE payments_book SET sequence = 7",
        ):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                cursor.execute(attack)
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            release(970)

        cursor.execute("RESET ROLE")
        cursor.execute("GRANT EXECUTE ON FUNCTION payments_move_money TO only_calls")
        cursor.execute("SET LOCAL ROLE only_calls")
        release(970)
        cursor.execute("RESET ROLE")
    assert (balance_of(ADAS), balance_of(BENS)) == (30, 970)
    assert findings() == []


def test_truncate_is_refused_but_in_a_test_database():
    """The rule reads the database's name, so it can be asked what it would say elsewhere."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'payments_transfer_is_final'")
        (rule,) = cursor.fetchone()
        assert "current_database() LIKE 'test\\_%'" in rule
        cursor.execute(
            "CREATE FUNCTION pg_temp.elsewhere() RETURNS trigger LANGUAGE plpgsql AS $f$"
            + rule.replace("current_database()", "'milepost'")
            + "$f$"
        )
        cursor.execute("CREATE TEMP TABLE like_transfers (id int)")
        cursor.execute(
            "CREATE TRIGGER stays BEFORE TRUNCATE ON like_transfers"
            " FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.elsewhere()"
        )
        with pytest.raises(DatabaseError, match="transfers are final"), transaction.atomic():
            cursor.execute("TRUNCATE like_transfers")


def test_there_is_a_trigger_for_each_way_to_change_a_transfer():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgtype FROM pg_trigger WHERE tgrelid = 'payments_transfer'::regclass"
            " AND NOT tgisinternal"
        )
        triggers = dict(cursor.fetchall())
    row, before, delete, update, truncate = 1, 2, 8, 16, 32
    assert triggers == {
        "transfer_is_final": row | before | delete | update,
        "transfers_stay": before | truncate,
    }


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
    """As the owner of the tables could: with the triggers switched off."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET session_replication_role = DEFAULT")


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


# --- Races ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_with_one_key_at_once_move_it_once():
    fund(1_000)
    outcomes, gate = [], threading.Barrier(8)

    def move():
        connection.ensure_connection()
        gate.wait()
        try:
            release(100)
            outcomes.append("done")
        finally:
            connection.close()

    threads = [threading.Thread(target=move) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == ["done"] * 8
    assert (balance_of(ADAS), balance_of(BENS)) == (900, 100)


@pytest.mark.django_db(transaction=True)
def test_eight_with_keys_of_their_own_never_overdraw():
    fund(500)
    outcomes, gate = [], threading.Barrier(8)

    def move(number: int):
        connection.ensure_connection()
        gate.wait()
        try:
            release(100, key=f"es_ofAda:part:{number}")
            outcomes.append("done")
        except InsufficientFunds:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["done"] * 5 + ["refused"] * 3
    assert (balance_of(ADAS), balance_of(BENS)) == (0, 500)
    assert findings() == []


def test_platform_accounts_keep_no_balance():
    fund()

    kept = dict(LedgerAccount.objects.values_list("key", "balance"))
    assert kept == {OUTSIDE: None, ADAS: 1_000}
