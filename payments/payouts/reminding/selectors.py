"""Who has to be reminded of money that cannot reach their bank before they do something."""

from datetime import datetime, timedelta

from django.db.models import Exists, Min, Q, QuerySet, Sum
from django.db.models.functions import Greatest

from payments.payouts.models import ASKS_ITS_PAYEE, WAITS_FOR_PAYEE, Earning, Payout
from payments.payouts.selectors import READY, UNRETURNED, cleared

REMIND_EVERY = timedelta(days=7)
S = Payout.Status


def without_account() -> QuerySet[Earning]:
    """What is in no payout, since its payee has no account that takes money."""
    return Earning.objects.filter(~Exists(READY), payout=None, recovery=None)


def party_ids_to_remind(at: datetime, *, limit: int) -> list[int]:
    """Who has earned and cannot be paid out, and was not told so for a week."""
    untold = Q(reminded_at=None) | Q(reminded_at__lte=at - REMIND_EVERY)
    found = without_account().filter(untold).values_list("party_id", flat=True)
    return list(found.distinct()[:limit])


def payouts_to_remind_of(at: datetime) -> QuerySet[Payout]:
    """Those that wait for their payee, who was not told so for a week; not those of which only
    finance can say what becomes of them.
    """
    # The newest of what there is: PostgreSQL passes over what is null.
    told_at = Greatest("created_at", "closed_at", "reminded_at")
    waiting = Payout.objects.filter(WAITS_FOR_PAYEE, cancel_wished_at=None).exclude(UNRETURNED)
    return waiting.annotate(told_at=told_at).filter(told_at__lte=at - REMIND_EVERY)


def payout_ids_to_remind_of(at: datetime, *, limit: int) -> list[int]:
    """The same for a sweep, the oldest first."""
    found = payouts_to_remind_of(at).order_by("created_at", "pk")
    return list(found.values_list("pk", flat=True)[:limit])


def kind_of_reminder(payout: Payout) -> str:
    """By which notice its payee is reminded of it now, or ''."""
    if payout.cancel_wished_at is not None:
        return ""
    if payout.status == S.FAILED:
        return "payout_still_failed"
    waits = payout.status == S.SCHEDULED and payout.failure_code in ASKS_ITS_PAYEE
    return "payout_still_waits" if waits else ""


def behind(payout: Payout, at: datetime) -> int:
    """What has cleared since and waits until it is out of the way, in its minor units."""
    waiting = cleared(payout.party, payout.currency, at)
    return waiting.aggregate(sum=Sum("amount", default=0))["sum"]


def held_until(payout: Payout) -> datetime | None:
    """Until when the provider holds the first of it, and of what waits behind it."""
    mine = Earning.objects.filter(
        Q(payout=payout) | Q(payout=None, recovery=None),
        party=payout.party,
        currency=payout.currency,
    )
    return mine.aggregate(first=Min("limit_at"))["first"]
