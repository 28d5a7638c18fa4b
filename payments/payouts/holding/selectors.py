"""Which payouts a hold keeps no longer, since the provider does not."""

from datetime import datetime

from django.db.models import Exists, Min, OuterRef, Q, QuerySet, Sum

from accounts.holds.models import Hold
from payments.payouts.models import BEFORE_LIMIT, Earning, Payout
from payments.payouts.recovering.selectors import OWES
from payments.payouts.selectors import LEAST, READY


def near_limit(payouts: QuerySet[Payout], at: datetime) -> QuerySet[Payout]:
    """Those of them that no hold of ours keeps any longer, since the provider does not: for what
    they pay out, or for what has cleared, waits behind them and goes out next.

    Less than a bank is sent lets nothing go: a rest that was left over would free a whole payout.
    """
    near = Earning.objects.filter(
        party=OuterRef("party"), currency=OuterRef("currency"), limit_at__lte=at + BEFORE_LIMIT
    )
    behind = near.filter(
        Exists(READY), ~Exists(OWES), payout=None, recovery=None, clears_at__lte=at
    )
    paid_out = near.filter(payout=OuterRef("pk"))
    return payouts.filter(_are_enough(paid_out) | _are_enough(behind))


def _are_enough(earnings: QuerySet[Earning]) -> Exists:
    """Whether they come to as much as a bank is sent."""
    summed = earnings.order_by().values("party", "currency").annotate(sum=Sum("amount"))
    return Exists(summed.filter(sum__gte=LEAST))


def held_payouts() -> QuerySet[Payout]:
    """Not those that are being called back: they go nowhere."""
    return Payout.objects.filter(status=Payout.Status.HELD, cancel_wished_at=None)


def held_payout_ids_to_let_go(at: datetime, *, limit: int) -> list[int]:
    """Held still, and near the provider's limit."""
    found = near_limit(held_payouts(), at).order_by("pk")
    return list(found.values_list("pk", flat=True)[:limit])


def leaves_despite(hold: Hold, payout: Payout | None = None) -> datetime | None:
    """When the first of what it holds, or of this payout, goes out all the same; None where that is
    not before its end.
    """
    kept = Q(payout=payout) if payout else Q(payout=None) | Q(payout__status=Payout.Status.HELD)
    held = Earning.objects.filter(kept, party=hold.party_id, recovery=None)
    limit_at = held.aggregate(first=Min("limit_at"))["first"]
    leaves_by = limit_at and limit_at - BEFORE_LIMIT
    return leaves_by if leaves_by and leaves_by < hold.closes_at else None
