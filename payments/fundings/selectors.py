"""Payments: whose they are, what is left of them, which are to be asked about."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from accounts.parties.selectors import parties_of
from accounts.people.models import User
from payments.fundings.models import Payment

# Why a payment goes back by itself, as its refund says it.
NOT_WANTED, DISPUTED_CARD, UNUSABLE_CARD = "not_wanted", "disputed_card", "unusable_card"
PAID = (Payment.Status.SUCCEEDED, Payment.Status.PARTLY_REFUNDED, Payment.Status.REFUNDED)


def payments_of(user: User) -> QuerySet[Payment]:
    """The payments that this person makes, for themselves or for a party of theirs."""
    return Payment.objects.filter(payer__in=parties_of(user))


def payments_for(paid_for: Iterable[str]) -> QuerySet[Payment]:
    """What was paid for these, also where it went back since; newest first."""
    paid = Payment.objects.filter(paid_for__in=list(paid_for), status__in=PAID)
    return paid.order_by("-succeeded_at", "-pk")


def is_with_a_bank(paid_for: Iterable[str]) -> bool:
    """Whether somebody has paid for one of these, and their bank takes days to bring it."""
    sent_off = Payment.objects.filter(status=Payment.Status.REQUIRES_ACTION, sent_at__isnull=False)
    return sent_off.filter(paid_for__in=paid_for).exists()


def why_not_with_this_card(payment: Payment) -> str:
    """Why its money is not kept: ``disputed_card`` where the bank of its card has an earlier
    payment of this payer, or wants it; ``unusable_card`` where it has won one of another payer,
    which is nobody's to know. '' where nothing is known against the card.
    """
    if not payment.card:
        return ""
    taken_back = Payment.objects.filter(card=payment.card, charged_back_at__isnull=False)
    taken_back = taken_back.exclude(pk=payment.pk)
    if taken_back.filter(payer=payment.payer_id).exists():
        return DISPUTED_CARD
    # One that its bank has only asked for may be somebody's mistake: it blocks nobody else.
    return UNUSABLE_CARD if taken_back.filter(is_lost=True).exists() else ""


def due_payment_ids(at: datetime, *, limit: int) -> list[int]:
    """Open payments, and paid ones without their provider's fee, that nobody told us about."""
    return list(
        Payment.objects.filter(next_check_at__lte=at)
        .order_by("next_check_at")
        .values_list("pk", flat=True)[:limit]
    )


def return_paths(paid_for: Iterable[str]) -> dict[str, str]:
    """The pages of what was paid for, by its public id: both sides of it may follow them."""
    return dict(
        Payment.objects.filter(paid_for__in=list(paid_for)).values_list("paid_for", "return_path")
    )
