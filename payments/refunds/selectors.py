"""Refunds: which are to be looked after, by the sweep or by a person."""

from datetime import datetime

from django.db.models import QuerySet

from payments.refunds.models import Refund


def failed_refunds() -> QuerySet[Refund]:
    """For the desk: their money stands in ``leaving`` until somebody finds a way."""
    return Refund.objects.filter(status=Refund.Status.FAILED).select_related("payment__payer")


def due_refund_ids(at: datetime, *, limit: int) -> list[int]:
    """To be sent, asked about or tried again."""
    return list(
        Refund.objects.filter(next_check_at__lte=at)
        .order_by("next_check_at")
        .values_list("pk", flat=True)[:limit]
    )
