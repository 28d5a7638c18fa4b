"""What the books say."""

from collections.abc import Iterable

from django.db.models import Expression, QuerySet, Subquery, Sum, TextField, Value
from django.db.models.functions import Coalesce, Concat

from payments.ledger import chart
from payments.ledger.models import LedgerAccount, Transfer


def balance_of(key: str) -> int:
    """What stands in the account, in minor units; 0 where nothing ever moved."""
    account = LedgerAccount.objects.filter(key=key).first()
    if account is None:
        return 0
    if chart.is_platform(key):
        return sum_of(account)
    assert account.balance is not None  # kept, as for every account that is not the platform's
    return account.balance


def balances_of(keys: Iterable[str]) -> dict[str, int]:
    """The kept balances of many accounts at once; those where nothing ever moved are left out."""
    accounts = LedgerAccount.objects.filter(key__in=list(keys), balance__isnull=False)
    return {account.key: account.balance or 0 for account in accounts}


def sum_of(account: LedgerAccount) -> int:
    """The account's transfers, added up: in less out."""

    def total(transfers: QuerySet[Transfer]) -> int:
        return transfers.aggregate(total=Coalesce(Sum("amount"), 0))["total"]

    return total(account.incoming.all()) - total(account.outgoing.all())


def lines_of(book: str) -> QuerySet[Transfer]:
    """A book's transfers in the order of its chain.

    That they are numbered is said, since the index of the numbers has nothing else.
    """
    numbered = Transfer.objects.filter(book=book, sequence__isnull=False)
    return numbered.select_related("source", "target").order_by("sequence")


def standing_in(*parts: Expression | Value) -> Coalesce:
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
