"""Whose turn it is to be paid out by itself: by the plan that they chose, or because the provider
holds their money no longer.
"""

from datetime import datetime, timedelta

from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)

from payments.payouts.models import BEFORE_LIMIT, UNDER_WAY, Earning, Payout
from payments.payouts.plans.selectors import Every, turn_before
from payments.payouts.recovering.selectors import OWES
from payments.payouts.selectors import LEAST, READY

# "Every day": by itself a payee is paid once a day, whatever cleared since.
EVERY = timedelta(days=1)

Group = tuple[int, str]


def due_groups(at: datetime, *, limit: int) -> list[Group]:
    """(party, currency) whose turn it is: enough has cleared, an account is finished, and nothing
    stands in the way.

    What the provider holds no longer comes first, then what has waited longest: a group that cannot
    go out keeps nobody else waiting.
    """
    found = [*pressing_groups(at, limit=limit), *_groups_by_plan(at, limit=limit)]
    return list(dict.fromkeys(found))[:limit]


def pressing_groups(at: datetime, *, limit: int) -> list[Group]:
    """Those of which something comes near the provider's limit, whatever their payees chose.

    A payout made or cancelled a moment ago does not put that off. What does: one that is under way
    or has failed, what is owed, no finished account, and less than a bank is sent.
    """
    mine = {"party": OuterRef("party"), "currency": OuterRef("currency")}
    near = _cleared(at).filter(**mine, limit_at__lte=at + BEFORE_LIMIT)
    in_the_way = Payout.objects.filter(**mine, status__in=[*UNDER_WAY, Payout.Status.FAILED])
    ready = _cleared(at).filter(Exists(near), ~Exists(in_the_way))
    return _grouped(ready, by="limit_at", limit=limit)


def _groups_by_plan(at: datetime, *, limit: int) -> list[Group]:
    week, month = turn_before(Every.WEEK, at), turn_before(Every.MONTH, at)
    in_the_way = Payout.objects.filter(
        Q(status__in=[*UNDER_WAY, Payout.Status.FAILED])
        | Q(created_at__gt=OuterRef("paid_since"))
        | Q(status=Payout.Status.CANCELLED, closed_at__gt=OuterRef("paid_since")),
        party=OuterRef("party"),
        currency=OuterRef("currency"),
    )
    turns = Earning.objects.annotate(
        paid_since=_by_plan(week=week, month=month, otherwise=at - EVERY),
        cleared_by=_by_plan(week=week, month=month, otherwise=at),
    ).exclude(party__payout_plan__every=Every.HAND)
    ready = turns.filter(
        ~Exists(in_the_way), payout=None, recovery=None, clears_at__lte=F("cleared_by")
    )
    return _grouped(ready, by="clears_at", limit=limit)


def _cleared(at: datetime) -> QuerySet[Earning]:
    return Earning.objects.filter(payout=None, recovery=None, clears_at__lte=at)


def _grouped(earnings: QuerySet[Earning], *, by: str, limit: int) -> list[Group]:
    """Of whom a bank is sent that much and who owes nothing, the earliest first."""
    return list(
        earnings.filter(Exists(READY), ~Exists(OWES))
        .values_list("party_id", "currency")
        .annotate(first=Min(by), waits=Sum("amount"))
        .filter(waits__gte=LEAST)
        .order_by("first", "party_id", "currency")
        .values_list("party_id", "currency")[:limit]
    )


def _by_plan(*, week: datetime, month: datetime, otherwise: datetime) -> Case:
    return Case(
        When(party__payout_plan__every=Every.WEEK, then=Value(week)),
        When(party__payout_plan__every=Every.MONTH, then=Value(month)),
        default=Value(otherwise),
        output_field=DateTimeField(),
    )
