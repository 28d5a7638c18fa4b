"""Which times of disputes end behind the provider's limit."""

from django.db.models import F, OuterRef, Value

from marketplace.common.clock import now
from payments.escrow.models import Escrow
from payments.ledger import chart
from payments.ledger.selectors import standing_in
from projects.disputes.models import Dispute

S = Dispute.Status

# The clock that runs in each state.
CLOCKS = {
    S.OPENED: "answer_due_at",
    S.NEGOTIATING: "negotiation_ends_at",
    S.UNDER_REVIEW: "ruling_due_at",
    S.DECIDED: "appeal_ends_at",
    S.APPEALED: "ruling_due_at",
}


def behind_limit_ids(*, limit: int) -> list[int]:
    """Disputes with a time that ends only once the provider holds their money no longer: the limit
    was another when it began. Where it has passed, what is left to do is done by its own sweep.

    Each state has an index of its clock.
    """
    found: list[int] = []
    for status, clock in CLOCKS.items():
        behind = Dispute.objects.filter(
            status=status,
            milestone__closed_at=None,
            milestone__escrow__status=Escrow.Status.HELD,
            milestone__escrow__limit_at__gt=now(),
            **{f"{clock}__gt": now(), f"{clock}__gte": F("milestone__escrow__limit_at")},
        )
        # Of an empty escrow it is an old limit: the next payment has its own.
        purse = Value(chart.escrow("")), OuterRef("milestone__escrow__public_id")
        behind = behind.annotate(stands=standing_in(*purse)).filter(stands__gt=0)
        found += behind.order_by(clock).values_list("pk", flat=True)[: limit - len(found)]
    return found
