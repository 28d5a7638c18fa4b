"""What the books say."""

from collections.abc import Iterable

from django.db.models import (
    BigIntegerField,
    Expression,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat

from payments.ledger.models import LedgerAccount, PresentHorizon, Transfer


def balance_of(key: str) -> int:
    """What stands in the account, in minor units; 0 where nothing ever moved.

    An account that keeps no balance is its snapshot and what has moved since, so that this takes
    no longer for a million transfers than for ten.
    """
    valid = Q(snapshot__horizon__lte=PresentHorizon())
    accounts = (
        LedgerAccount.objects.filter(key=key)
        .annotate(valid=FilteredRelation("snapshot", condition=valid))
        .annotate(
            standing=Coalesce(
                F("balance"),
                Coalesce(F("valid__balance"), 0) + _moved_since("target") - _moved_since("source"),
            )
        )
    )
    return accounts.values_list("standing", flat=True).first() or 0


def _moved_since(side: str) -> Coalesce:
    """What has moved on that side of an account since its snapshot, or ever."""
    moves = (
        Transfer.objects.filter(
            **{side: OuterRef("pk")}, written_in__gte=Coalesce(OuterRef("valid__horizon"), 0)
        )
        .order_by()
        .values(side)
    )
    return Coalesce(
        Subquery(
            moves.annotate(total=Cast(Sum("amount"), BigIntegerField())).values("total"),
            output_field=BigIntegerField(),
        ),
        0,
    )


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
