"""Which disputes have a time that ends soon."""

from datetime import timedelta

from django.db.models import F, Q

from marketplace.common.clock import now
from projects.disputes.models import Dispute

S = Dispute.Status

# So long before its end the sides are reminded of a time of theirs.
AHEAD = timedelta(days=1)
CLOCKS = {
    S.OPENED: "answer_due_at",
    S.NEGOTIATING: "negotiation_ends_at",
    S.DECIDED: "appeal_ends_at",
    S.APPEALED: "reply_until",
}


def ending_soon_ids(*, limit: int) -> list[int]:
    """Disputes with a time that ends within a day, of which nobody was reminded; the next first.

    Each state has an index of its clock, which this reads a day of.
    """
    found: list[int] = []
    for status, clock in CLOCKS.items():
        ends = {f"{clock}__gt": now(), f"{clock}__lte": now() + AHEAD}
        untold = Q(reminded_of=None) | ~Q(reminded_of=F(clock))
        due = Dispute.objects.filter(untold, status=status, milestone__closed_at=None, **ends)
        found += due.order_by(clock).values_list("pk", flat=True)[: limit - len(found)]
    return found
