"""The statement of a contract as it stood at an earlier moment, for who may read no further."""

from collections import Counter
from copy import copy
from dataclasses import replace
from datetime import datetime

from django.db.models import Q

from payments.escrow.models import Adjustment, Escrow, Roll
from payments.escrow.selectors import closing_keys_of
from payments.ledger import chart
from payments.ledger.models import Book, Transfer
from payments.ledger.selectors import lines_of
from payments.statements.models import Scope


def scope_until(scope: Scope, until: datetime, *, ended: Escrow) -> Scope:
    """What the same statement of one book said ``until`` then, with the deed that closed ``ended``,
    which was paid in: its lines are booked a moment after.

    The first lines of a chain are a chain, and what was agreed is told as it was then: so the
    checker proves it as it proves the whole. In four queries.
    """
    is_read = Q(created_at__lte=until) | Q(key__in=closing_keys_of(ended.public_id))
    last = lines_of(ended.book).filter(is_read).last()
    assert last is not None and last.sequence, "what ended was paid in"
    at = max(until, ended.closed_at or until, last.created_at)
    adjusted, rolled = _agreed_since(last.book, at)
    paid_in = _paid_in(last)
    escrows = {}
    for name, one in scope.escrows.items():
        if one.created_at > at:
            continue
        escrows[name] = then = copy(one)
        then.adjusted -= adjusted[one.pk]
        then.amount -= adjusted[one.pk] + rolled[one.pk]
        if one.closed_at is None or one.closed_at > at:
            is_paid_in = chart.escrow(name) in paid_in
            then.status = Escrow.Status.HELD if is_paid_in else Escrow.Status.AWAITING
    return replace(
        scope,
        made_at=at,
        heads={last.book: Book(key=last.book, sequence=last.sequence, head=last.hash)},
        escrows=escrows,
    )


def _agreed_since(book: str, at: datetime) -> tuple[Counter[int], Counter[int]]:
    """By how much more (or less) was agreed after ``at``, by primary key of the escrow: on another
    price, and by what moved on.
    """
    adjusted, rolled = Counter[int](), Counter[int]()
    for one in Adjustment.objects.filter(escrow__book=book, created_at__gt=at):
        adjusted[one.escrow_id] += one.after - one.before
    for roll in Roll.objects.filter(source__book=book, created_at__gt=at):
        rolled[roll.source_id] -= roll.price
        rolled[roll.target_id] += roll.price
    return adjusted, rolled


def _paid_in(last: Transfer) -> set[str]:
    """Every account that a line of the same book has brought money to, up to that one."""
    lines = Transfer.objects.filter(book=last.book, sequence__lte=last.sequence)
    return set(lines.values_list("target__key", flat=True).distinct())
