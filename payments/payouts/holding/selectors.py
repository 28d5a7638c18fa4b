"""Which payouts a hold keeps no longer, since the provider does not."""

from collections import Counter
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from accounts.holds.models import Hold
from marketplace.common.clock import now
from marketplace.common.currencies import least_payout
from payments.payees.models import ConnectedAccount
from payments.payouts.models import BEFORE_LIMIT, UNDER_WAY, Earning, Payout
from payments.payouts.recovering.selectors import OWES
from payments.payouts.selectors import LEAST, READY

S = Payout.Status


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
    return Payout.objects.filter(status=S.HELD, cancel_wished_at=None)


def held_payout_ids_to_let_go(at: datetime, *, limit: int) -> list[int]:
    """Held still, and near the provider's limit."""
    found = near_limit(held_payouts(), at).order_by("pk")
    return list(found.values_list("pk", flat=True)[:limit])


def leaves_despite(hold: Hold, payout: Payout | None = None) -> datetime | None:
    """When the first of what it holds, or this payout, goes out all the same, which is not before
    now; None where that is not before its end, or nothing can go out.

    By the rule of ``near_limit``: once so much comes near as a bank is sent.
    """
    account = ConnectedAccount.objects.filter(party=hold.party_id).first()
    if account is None or account.status != ConnectedAccount.Status.ACTIVE:
        return None
    kept = Q(payout=None, recovery=None) | Q(payout__in=held_payouts())
    held = Earning.objects.filter(kept, ~Exists(OWES), party=hold.party_id)
    if payout:
        held = held.filter(Q(payout=payout) | Q(payout=None), currency=payout.currency)
    # Behind one that has left, or failed, nothing goes out for now.
    gone = Payout.objects.filter(party=hold.party_id, status__in=UNDER_WAY | {S.FAILED})
    blocked = set(gone.exclude(status=S.HELD).values_list("currency", flat=True))
    near: Counter[tuple[int | None, str]] = Counter()
    soon = held.filter(limit_at__lt=hold.closes_at + BEFORE_LIMIT).order_by("limit_at")
    for into, currency, amount, limit_at in soon.values_list(
        "payout_id", "currency", "amount", "limit_at"
    ):
        near[into, currency] += amount
        if near[into, currency] >= least_payout(currency, account.country) and not (
            into is None and currency in blocked
        ):
            return max(limit_at - BEFORE_LIMIT, now())
    return None
