"""The only code that moves money."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DatabaseError, connection, transaction

from marketplace.common.clock import now
from marketplace.common.errors import DomainError, InsufficientFunds, InvalidInput, KeyReused


@dataclass(frozen=True)
class Move:
    """``amount`` minor units of ``currency`` from one account to another (keys of the chart)."""

    kind: str
    source: str
    target: str
    amount: int
    currency: str


@dataclass(frozen=True)
class Deed:
    """What is moved together, once for each ``key``; ``book`` is the chain that it belongs to."""

    key: str
    moves: Sequence[Move]
    book: str = ""


def move_money(*moves: Move, key: str, book: str = "") -> None:
    """Make all the moves, or none, and only once per key: one round trip.

    The SQL function ``payments_move_money`` links the book's hash chain, updates the kept balances,
    each locked in its turn, refuses what the books cannot bear and inserts the transfers. The same
    key with the same moves moves nothing again.

    Raises KeyReused (same key, other moves), InsufficientFunds or InvalidInput (mixed currency,
    an amount below one, source = target).
    """
    assert moves, "a deed that moves nothing must not call"
    with connection.cursor() as cursor, _refusals_in_words():
        cursor.execute(
            "SELECT payments_move_money(%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                *(key, book, now()),
                _array(move.kind for move in moves),
                _array(move.source for move in moves),
                _array(move.target for move in moves),
                _array(str(move.amount) for move in moves),
                _array(move.currency for move in moves),
            ],
        )


def _array(parts: Iterable[str]) -> str:
    """As PostgreSQL writes an array: it reads that much faster than the driver's ARRAY[…], and
    rounds no number on the way.
    """
    escaped = (part.replace("\\", "\\\\").replace('"', '\\"') for part in parts)
    return "{" + ",".join(f'"{part}"' for part in escaped) + "}"


def move_money_in_batch(deeds: Sequence[Deed]) -> None:
    """Do many deeds in one round trip and one transaction: all of them, or none.

    The same rules hold for each, and all locks are taken first, in the order of a single deed. Who
    gets a refusal does the deeds again one by one. Raises as ``move_money`` does.
    """
    assert all(deed.moves for deed in deeds), "a deed that moves nothing must not call"
    told = [
        {"key": deed.key, "book": deed.book, "moves": [vars(move) for move in deed.moves]}
        for deed in deeds
    ]
    with connection.cursor() as cursor, _refusals_in_words():
        cursor.execute(
            "SELECT payments_move_money_in_batch(%s, %s::jsonb)", [now(), json.dumps(told)]
        )


# One statement and so one view: whatever it may see below the horizon is all there will ever be.
# A horizon beyond the present one comes from another server's backup, and means nothing here.
# Its rows come in one order, whatever plan finds them: two at once wait for each other in turn.
_TAKE_SNAPSHOTS = """
INSERT INTO payments_accountsnapshot AS s (account_id, horizon, balance, taken_at)
SELECT a.id, present.horizon,
       coalesce(old.balance, 0)
       + (SELECT coalesce(sum(t.amount), 0) FROM payments_transfer t WHERE t.target_id = a.id
          AND t.written_in >= coalesce(old.horizon, 0) AND t.written_in < present.horizon)
       - (SELECT coalesce(sum(t.amount), 0) FROM payments_transfer t WHERE t.source_id = a.id
          AND t.written_in >= coalesce(old.horizon, 0) AND t.written_in < present.horizon),
       %s
FROM payments_ledgeraccount a
CROSS JOIN (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon) present
LEFT JOIN payments_accountsnapshot old
       ON old.account_id = a.id AND old.horizon <= present.horizon
WHERE a.balance IS NULL
ORDER BY a.id
ON CONFLICT (account_id) DO UPDATE
SET horizon = EXCLUDED.horizon, balance = EXCLUDED.balance, taken_at = EXCLUDED.taken_at
"""


def take_snapshots() -> int:
    """Add up what has moved since the last time, for each account that keeps no balance. Returns
    how many there are.

    While a transaction is left open anywhere, the horizon stays below it: balances stay right, and
    only become slower to read.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_SNAPSHOTS, [now()])
        return cursor.rowcount


@contextmanager
def still_picture() -> Iterator[None]:
    """Everything read in here is of one moment, whatever is moved meanwhile.

    Within a transaction that is under way, its own view of things is what is read.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


_REFUSALS: dict[str, DomainError] = {
    "MP001": KeyReused("This key was used before for another movement."),
    "MP002": InvalidInput("An account has one currency; this movement mixes two."),
    "MP003": InsufficientFunds("The account does not hold that much."),
    "MP004": InvalidInput("A movement is at least one minor unit."),
    # PostgreSQL's own: what is no whole number, and what no account can hold.
    "22P02": InvalidInput("An amount is a whole number of minor units."),
    "22003": InvalidInput("That amount is larger than any account can hold."),
}
_CONSTRAINTS: dict[str, DomainError] = {
    "transfer_happens_once": KeyReused("This key was used before for another movement."),
    "ledger_account_not_overdrawn": InsufficientFunds("The account does not hold that much."),
    "a_transfer_goes_somewhere": InvalidInput("A movement goes from one account to another."),
}


@contextmanager
def _refusals_in_words() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        cause = error.__cause__
        refusal = _REFUSALS.get(getattr(cause, "pgcode", None) or "")
        if refusal is None:
            named = re.search(r'constraint "(\w+)"', str(error))
            refusal = _CONSTRAINTS.get(named[1]) if named else None
        if refusal is None:
            raise
        raise type(refusal)(refusal.message) from error
