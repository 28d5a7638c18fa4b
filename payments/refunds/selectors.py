"""Refunds: which are to be looked after, by the sweep or by a person."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from payments.refunds.models import Refund


def failed_refunds() -> QuerySet[Refund]:
    """For the desk: their money stands in ``leaving`` until somebody finds a way.

    Those that a bank's demand holds up are among them: nothing of that payment can be refunded.
    """
    held_up = Q(status=Refund.Status.REQUESTED, payment__charged_back_at__isnull=False)
    stuck = Refund.objects.filter(Q(status=Refund.Status.FAILED) | held_up)
    return stuck.select_related("payment__payer")


def refunds_named(public_ids: Iterable[str]) -> dict[str, Refund]:
    """These refunds, by public id, in one query."""
    found = Refund.objects.filter(public_id__in=list(public_ids)).order_by("pk")
    return {refund.public_id: refund for refund in found}


def due_refund_ids(at: datetime, *, limit: int) -> list[int]:
    """To be sent, asked about or tried again."""
    return list(
        Refund.objects.filter(next_check_at__lte=at)
        .order_by("next_check_at")
        .values_list("pk", flat=True)[:limit]
    )
