"""The only code that moves money."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from django.db import DatabaseError, connection, transaction

from marketplace.common.clock import now
from marketplace.common.errors import DomainError, InsufficientFunds, InvalidInput, KeyReused
from payments.ledger.models import Transfer

_COLUMNS = [field.attname for field in Transfer._meta.concrete_fields]
_CALL = f"SELECT {', '.join(_COLUMNS)} FROM payments_move_money(%s, %s, %s, %s::jsonb)"  # noqa: S608


@dataclass(frozen=True)
class Move:
    """``amount`` minor units of ``currency`` from one account to another (keys of the chart)."""

    kind: str
    source: str
    target: str
    amount: int
    currency: str


def move_money(*moves: Move, key: str, book: str = "") -> list[Transfer]:
    """Make all the moves, or none, and only once per key: one round trip.

    The SQL function ``payments_move_money`` locks the book and the kept accounts in order, refuses
    what the books cannot bear, inserts the transfers, updates the kept balances and links the
    book's hash chain. The same key with the same moves returns what was done then.

    Raises KeyReused (same key, other moves), InsufficientFunds or InvalidInput (mixed currency,
    an amount below one, source = target).
    """
    assert moves, "a deed that moves nothing must not call"
    rows = json.dumps([asdict(move) for move in moves])
    with connection.cursor() as cursor, _refusals_in_words():
        cursor.execute(
            _CALL,
            [key, book, now(), rows],
        )
        found = cursor.fetchall()
    return [Transfer.from_db(connection.alias, _COLUMNS, row) for row in found]


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
