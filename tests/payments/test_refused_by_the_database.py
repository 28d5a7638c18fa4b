"""PostgreSQL itself refuses what books must refuse, whoever writes: one attack a test, by raw SQL.

``BY_HAND`` are what somebody with every right might try past the function that moves money.
``BY_HAND_UNDER_ITS_NAME`` the same from one who also calls themselves by its name: then what is
left are the constraints and, of what none of them refuses (``FOUND``), the proofs of the books.
``BY_THE_FUNCTION`` are calls of the function itself.
"""

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from payments.ledger import chart
from payments.ledger.checks import CHECKS, transfers_join_accounts_of_one_currency
from payments.ledger.models import Book, LedgerAccount, Transfer
from payments.ledger.selectors import balance_of
from payments.ledger.services import Move, move_money

pytestmark = [pytest.mark.django_db, pytest.mark.about_roles]

OUTSIDE = chart.provider("USD")
ADAS = "escrow:es_ofAda"
BENS = "party:pa_ofBen:available:USD"

COLUMNS = (
    "(key, position, kind, source_id, target_id, amount, currency,"
    " book, previous_hash, hash, created_at)"
)


@pytest.fixture
def books() -> list[tuple]:
    """Ada's escrow holds 700 USD, Ben has 300; how everything stands, to be compared with."""
    move_money(Move("fund", OUTSIDE, ADAS, 1_000, "USD"), key="py_one:succeed", book="ct_one")
    move_money(Move("release", ADAS, BENS, 300, "USD"), key="es_ofAda:release", book="ct_one")
    move_money(Move("fund", chart.provider("EUR"), "escrow:es_euro", 5, "EUR"), key="py_euro")
    return _as_it_stands()


def _as_it_stands() -> list[tuple]:
    return [
        row
        for model in (Transfer, LedgerAccount, Book)
        for row in model.objects.order_by("pk").values_list()
    ]


def written(**other: str) -> str:
    """A transfer written by hand: one more of Ada's 5 USD to Ben, but for what is said."""
    parts = {
        "key": "'by hand'",
        "position": "0",
        "kind": "'gift'",
        "source_id": _id(ADAS),
        "target_id": _id(BENS),
        "amount": "5",
        "currency": "'USD'",
    } | other
    return (
        f"INSERT INTO payments_transfer {COLUMNS}"
        f" VALUES ({', '.join(parts.values())}, '', '', '', now())"
    )


def _id(key: str) -> str:
    return f"(SELECT id FROM payments_ledgeraccount WHERE key = '{key}')"


def moved(source: str, target: str, amount: object, *, currency="USD", key="new") -> str:
    """A call of the one function that may write."""
    each = "{%s}"
    moves = ["k", source, target, "NULL" if amount is None else amount, currency]
    arrays = ", ".join(f"'{each % part}'" for part in moves)
    return f"SELECT payments_move_money('{key}', 'ct_one', now(), {arrays})"


FINAL, ONE_WRITER = "transfers are final", "payments_move_money alone writes the books"
SAME_AGAIN = {"key": "'py_one:succeed'"}

BY_HAND = {
    "change the amount of a transfer": ("UPDATE payments_transfer SET amount = 1", FINAL),
    "change its date": ("UPDATE payments_transfer SET created_at = now()", FINAL),
    "change one link of a chain": ("UPDATE payments_transfer SET hash = 'x'", FINAL),
    "delete a transfer": ("DELETE FROM payments_transfer WHERE key = 'py_euro'", FINAL),
    "write a transfer that moves no balance": (written(), ONE_WRITER),
    "write one in another currency": (written(currency="'EUR'"), ONE_WRITER),
    "write one between two currencies": (written(target_id=_id("escrow:es_euro")), ONE_WRITER),
    "write one of nothing": (written(amount="0"), ONE_WRITER),
    "write one that takes": (written(amount="-5"), ONE_WRITER),
    "write one that goes nowhere": (written(target_id=_id(ADAS)), ONE_WRITER),
    "write one from an account that is none": (written(source_id="0"), ONE_WRITER),
    "write one that was": (written(**SAME_AGAIN), ONE_WRITER),
    "copy them all": ("INSERT INTO payments_transfer SELECT * FROM payments_transfer", ONE_WRITER),
    "raise a balance": ("UPDATE payments_ledgeraccount SET balance = balance + 1", ONE_WRITER),
    "lower a balance": (
        "UPDATE payments_ledgeraccount SET balance = 0 WHERE balance IS NOT NULL",
        ONE_WRITER,
    ),
    "keep a balance no more": ("UPDATE payments_ledgeraccount SET balance = NULL", ONE_WRITER),
    "give an account to another": (
        f"UPDATE payments_ledgeraccount SET key = 'escrow:mine' WHERE key = '{ADAS}'",
        ONE_WRITER,
    ),
    "change an account's currency": (
        "UPDATE payments_ledgeraccount SET currency = 'KWD'",
        ONE_WRITER,
    ),
    "delete an account": (f"DELETE FROM payments_ledgeraccount WHERE key = '{ADAS}'", ONE_WRITER),
    "make an account with money in it": (
        "INSERT INTO payments_ledgeraccount (key, currency, balance) VALUES ('mine', 'USD', 9)",
        ONE_WRITER,
    ),
    "put a chain's head back": ("UPDATE payments_book SET sequence = 1", ONE_WRITER),
    "sign a chain's head anew": ("UPDATE payments_book SET head = 'x'", ONE_WRITER),
    "delete a chain's head": ("DELETE FROM payments_book", ONE_WRITER),
    "begin a chain": ("INSERT INTO payments_book VALUES ('mine', 7, 'x')", ONE_WRITER),
}

BY_HAND_UNDER_ITS_NAME = {
    "write a transfer of nothing": (written(amount="0"), "a_transfer_moves_something"),
    "write one that takes": (written(amount="-5"), "a_transfer_moves_something"),
    "write one that goes nowhere": (written(target_id=_id(ADAS)), "a_transfer_goes_somewhere"),
    "write one that was": (written(**SAME_AGAIN), "transfer_happens_once"),
    "copy them all": (BY_HAND["copy them all"][0], "duplicate key"),
    "overdraw an account": (
        f"UPDATE payments_ledgeraccount SET balance = -1 WHERE key = '{ADAS}'",
        "ledger_account_not_overdrawn",
    ),
    **{
        what: attack
        for what, attack in BY_HAND.items()
        if what.startswith(("change", "delete", "give an account"))
    },
}

REFUSED = {statement for statement, _ in BY_HAND_UNDER_ITS_NAME.values()}
FOUND = {what: statement for what, (statement, _) in BY_HAND.items() if statement not in REFUSED}
UNDER_ITS_NAME = "SET LOCAL search_path = public, pg_temp, payments_move_money"

BY_THE_FUNCTION = {
    "take more than is there": (moved(ADAS, BENS, 701), "holds 700, not 701"),
    "take from an account that is none": (moved("escrow:none", ADAS, 5), "holds 0, not 5"),
    "move nothing": (moved(ADAS, BENS, 0), "at least one minor unit"),
    "move less than nothing": (moved(ADAS, BENS, -5), "at least one minor unit"),
    "move an unknown amount": (moved(ADAS, BENS, None), "at least one minor unit"),
    "move half a unit": (moved(ADAS, BENS, 0.5), "bigint"),
    "move more than there can be": (moved(ADAS, BENS, 2**63), "out of range"),
    "move from here to here": (moved(ADAS, ADAS, 5), "a_transfer_goes_somewhere"),
    "move another currency": (moved(ADAS, BENS, 5, currency="EUR"), "has one currency"),
    "move into another currency": (moved(ADAS, "escrow:es_euro", 5), "has one currency"),
    "use a key again": (moved(ADAS, BENS, 5, key="py_one:succeed"), "came before with other moves"),
}


def refusal_of(*statements: str) -> str:
    with (
        pytest.raises(DatabaseError) as refusal,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("; ".join(statements))
    return str(refusal.value)


@pytest.mark.parametrize("attack", BY_HAND)
def test_nobody_writes_the_books_by_hand(books, attack):
    statement, refusal = BY_HAND[attack]

    assert refusal in refusal_of(statement)

    assert _as_it_stands() == books


@pytest.mark.parametrize("attack", BY_HAND_UNDER_ITS_NAME)
def test_nor_under_the_name_of_the_function(books, attack):
    statement, refusal = BY_HAND_UNDER_ITS_NAME[attack]

    assert refusal in refusal_of(UNDER_ITS_NAME, statement)

    assert _as_it_stands() == books


@pytest.mark.parametrize("attack", FOUND)
def test_what_no_constraint_refuses_is_found(books, attack):
    with connection.cursor() as cursor:
        cursor.execute(f"{UNDER_ITS_NAME}; {FOUND[attack]}; SET LOCAL search_path = DEFAULT")
    assert _as_it_stands() != books

    assert [finding for check in CHECKS for finding in check()] != []
    if attack in ("write one in another currency", "write one between two currencies"):
        assert transfers_join_accounts_of_one_currency() != []


@pytest.mark.parametrize("attack", BY_THE_FUNCTION)
def test_the_function_refuses_what_the_books_cannot_bear(books, attack):
    statement, refusal = BY_THE_FUNCTION[attack]

    assert refusal in refusal_of(statement)

    assert _as_it_stands() == books
    assert [finding for check in CHECKS for finding in check()] == []


@pytest.mark.django_db(transaction=True)
def test_a_key_is_used_once_also_by_eight_at_once_over_other_accounts():
    """They share no lock, so that only the key itself can stop them."""
    move_money(Move("fund", OUTSIDE, ADAS, 1_000, "USD"), key="py_one:succeed")
    outcomes, gate = [], threading.Barrier(8)

    def move(number: int) -> None:
        try:
            with connection.cursor() as cursor:
                gate.wait(timeout=20)
                cursor.execute(
                    moved(OUTSIDE, f"escrow:es_{number}", 5, key="one").replace("ct_one", "")
                )
            outcomes.append("done")
        except DatabaseError as refusal:
            outcomes.append(refusal.__cause__.pgcode)
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    unique_violation, came_before = "23505", "MP001"
    assert outcomes.count("done") == 1
    assert set(outcomes) <= {"done", unique_violation, came_before}
    assert balance_of(OUTSIDE) == -1_005


# --- TRUNCATE, which only a test database allows --------------------------------------------------


@pytest.mark.parametrize(
    ("function", "refusal"),
    [("payments_transfer_is_final", FINAL), ("payments_books_have_one_writer", ONE_WRITER)],
)
def test_truncate_is_refused_but_in_a_test_database(function, refusal):
    """The rule reads the database's name, so it can be asked what it would say elsewhere."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = %s", [function])
        (rule,) = cursor.fetchone()
        assert "current_database() LIKE 'test\\_%'" in rule
        cursor.execute(
            "CREATE FUNCTION pg_temp.elsewhere() RETURNS trigger LANGUAGE plpgsql AS $f$"
            + rule.replace("current_database()", "'milepost'")
            + "$f$"
        )
        cursor.execute("CREATE TEMP TABLE like_books (id int)")
        cursor.execute(
            "CREATE TRIGGER stays BEFORE TRUNCATE ON like_books"
            " FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.elsewhere()"
        )
    assert refusal in refusal_of("TRUNCATE like_books")


def test_there_is_a_trigger_for_each_way_to_write():
    """That each stands and is switched on: what only these tests delete, nobody must have lost."""
    # Without "row" it fires once a statement.
    row, before, insert, delete, update, truncate = 1, 2, 4, 8, 16, 32
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname, tgtype FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgenabled = 'O' AND tgrelid IN ('payments_transfer'"
            "::regclass, 'payments_ledgeraccount'::regclass, 'payments_book'::regclass)"
        )
        found = {(table, name): kind for table, name, kind in cursor.fetchall()}

    assert found == {
        ("payments_transfer", "transfers_have_one_writer"): before | insert,
        ("payments_transfer", "transfer_is_final"): row | before | delete | update,
        ("payments_transfer", "transfers_stay"): before | truncate,
        ("payments_ledgeraccount", "accounts_have_one_writer"): before | insert | update,
        ("payments_ledgeraccount", "accounts_stay_what_they_are"): before | update,
        ("payments_ledgeraccount", "accounts_stay"): row | before | delete,
        ("payments_ledgeraccount", "accounts_stay_all"): before | truncate,
        ("payments_book", "heads_have_one_writer"): before | insert | update,
        ("payments_book", "heads_stay"): row | before | delete,
        ("payments_book", "heads_stay_all"): before | truncate,
    }


# --- The function's own rights -------------------------------------------------------------------


def test_every_function_that_writes_the_books_says_its_name_and_hides_no_table():
    """Its search path names pg_temp late and its own mark last (migration 0012)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, proconfig::text FROM pg_proc"
            " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        )
        found = cursor.fetchall()
    assert "payments_move_money" in {name for name, _ in found}
    for name, settings in found:
        assert "search_path=public, pg_temp, payments_move_money" in settings, (
            f"{name} acts with its owner's rights: SET search_path = public, pg_temp, "
            "payments_move_money, as migration 0012 says."
        )


def test_a_temporary_table_is_not_taken_for_the_books(books):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE payments_ledgeraccount (LIKE payments_ledgeraccount)")
        cursor.execute(
            "INSERT INTO pg_temp.payments_ledgeraccount"
            f" SELECT id, key, currency, 9000 FROM public.payments_ledgeraccount"
            f" WHERE key IN ('{ADAS}', '{BENS}')"
        )
    assert "holds 700, not 9000" in refusal_of(moved(ADAS, BENS, 9_000))
