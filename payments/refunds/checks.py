"""Proof that what goes back stands in its own account until it is gone."""

from django.db.models import BigIntegerField, Case, F, OuterRef, Value, When

from payments.ledger import chart
from payments.ledger.selectors import standing_in
from payments.refunds.models import Refund

S = Refund.Status


def refunds_leave_once() -> list[str]:
    """Gone, or ours: nothing is left in ``leaving``. Else, if failed too, all of it is there."""
    wrong = Refund.objects.annotate(
        stands=standing_in(Value(chart.leaving("")), OuterRef("public_id")),
        expected=Case(
            When(status__in=[S.SUCCEEDED, S.COVERED, S.SETTLED], then=Value(0)),
            default=F("amount"),
            output_field=BigIntegerField(),
        ),
    ).exclude(stands=F("expected"))
    return [
        f"{refund} ({refund.status}): {refund.stands} stands in leaving, not {refund.expected}."
        for refund in wrong.order_by("pk")
    ]


def refunds_that_succeeded_are_the_providers() -> list[str]:
    wrong = Refund.objects.filter(status=S.SUCCEEDED, remote_id="").order_by("pk")
    return [f"{refund} succeeded, and the provider knows nothing of it." for refund in wrong]


def refunds_under_way_are_looked_after() -> list[str]:
    """A sweep has each on its list, or it is given up and stands on the desk's (failed)."""
    left = Refund.objects.filter(status__in=[S.REQUESTED, S.SENDING], next_check_at=None)
    return [f"{refund} ({refund.status}) is left lying." for refund in left.order_by("pk")]


CHECKS = [
    refunds_leave_once,
    refunds_that_succeeded_are_the_providers,
    refunds_under_way_are_looked_after,
]
