"""Proof that each payment was taken in once, and that what was given back is accounted for."""

from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Concat

from payments.fundings.models import OPEN, Payment
from payments.ledger.models import Transfer

S = Payment.Status


def payments_are_taken_in_once() -> list[str]:
    """What succeeded came into the books whole; what did not, not at all."""
    key = Concat(OuterRef("public_id"), Value(":succeed"))
    came = Transfer.objects.filter(key=key, currency=OuterRef("currency")).order_by().values("key")
    payments = Payment.objects.annotate(
        came=Coalesce(Subquery(came.annotate(total=Sum("amount")).values("total")), Value(0))
    )
    never = Q(status__in=[*OPEN, S.CANCELLED, S.EXPIRED])
    wrong = payments.filter(never & ~Q(came=0) | ~never & ~Q(came=F("amount"))).order_by("pk")
    return [
        f"{payment} ({payment.status}) is about {payment.amount}; {payment.came} came in."
        for payment in wrong
    ]


def paid_payments_have_a_charge() -> list[str]:
    lacking = Payment.objects.filter(succeeded_at__isnull=False, charge_id="").order_by("pk")
    return [f"{payment} is paid and has no charge." for payment in lacking]


def refunded_is_what_was_given_back() -> list[str]:
    payments = Payment.objects.annotate(
        given_back=Coalesce(Sum("refunds__amount", filter=~Q(refunds__status="covered")), Value(0))
    ).exclude(refunded=F("given_back"))
    return [
        f"{payment} says that {payment.refunded} went back; its refunds are {payment.given_back}."
        for payment in payments.order_by("pk")
    ]


CHECKS = [
    payments_are_taken_in_once,
    paid_payments_have_a_charge,
    refunded_is_what_was_given_back,
]
