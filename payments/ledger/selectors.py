"""What the books say."""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Expression, QuerySet, Subquery, Sum, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Concat

from payments.ledger.models import LedgerAccount, Transfer

# By hand: Django takes several times as long to put this together as PostgreSQL to answer it.
_BALANCE = """
SELECT coalesce(a.balance, coalesce(s.balance, 0)
    + (SELECT coalesce(sum(amount), 0) FROM payments_transfer
       WHERE target_id = a.id AND written_in >= coalesce(s.horizon, 0))
    - (SELECT coalesce(sum(amount), 0) FROM payments_transfer
       WHERE source_id = a.id AND written_in >= coalesce(s.horizon, 0)))
FROM payments_ledgeraccount a
LEFT JOIN payments_accountsnapshot s
       ON s.account_id = a.id AND s.horizon <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
WHERE a.key = %s
"""


def balance_of(key: str) -> int:
    """What stands in the account, in minor units; 0 where nothing ever moved.

    An account that keeps no balance is its snapshot and what has moved since, so that this takes
    no longer for a million transfers than for ten.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BALANCE, [key])
        found = cursor.fetchone()
    return int(found[0]) if found else 0


def balances_of(keys: Iterable[str]) -> dict[str, int]:
    """The kept balances of many accounts at once; those where nothing ever moved are left out."""
    accounts = LedgerAccount.objects.filter(key__in=list(keys), balance__isnull=False)
    return {account.key: account.balance or 0 for account in accounts}


def lines_of(book: str) -> QuerySet[Transfer]:
    """A book's transfers in the order of its chain.

    That they are numbered is said, since the index of the numbers has nothing else.
    """
    numbered = Transfer.objects.filter(book=book, sequence__isnull=False)
    return numbered.select_related("source", "target").order_by("sequence")


def standing_in(*parts: Combinable) -> Coalesce:
    """For annotations: the kept balance of the account whose key these parts make; 0 if none."""
    accounts = LedgerAccount.objects.filter(key=Concat(*parts, output_field=TextField()))
    return Coalesce(Subquery(accounts.values("balance")), Value(0))


def moved_with(kinds: Iterable[str], *, side: str, parts: Iterable[Expression | Value]) -> Coalesce:
    """For annotations: what transfers of these kinds moved out of (``side`` source) or into
    (target) the account whose key these parts make.
    """
    moves = (
        Transfer.objects.filter(
            kind__in=list(kinds),
            **{f"{side}__key": Concat(*parts, output_field=TextField())},
        )
        .order_by()
        .values(side)
    )
    return Coalesce(Subquery(moves.annotate(total=Sum("amount")).values("total")), Value(0))
