"""Which rulings are waited for, and which of them had to be there by now."""

from datetime import timedelta

from django.db.models import Q, QuerySet

from marketplace.common.clock import now
from payments.chargebacks.selectors import contested_ids
from projects.disputes.models import JUDGED, Dispute

# So often the staff is told of a ruling that nobody has made in time.
URGED_EVERY = timedelta(days=1)


def waiting_for_ruling() -> QuerySet[Dispute]:
    """Those that wait for a mediator. An appeal that nobody has heard in time does not: the first
    decision stands.
    """
    unheard = Q(status=Dispute.Status.APPEALED, ruling_due_at__lte=now())
    waiting = Dispute.objects.filter(status__in=JUDGED, milestone__closed_at__isnull=True)
    return waiting.exclude(unheard)


def missed_rulings() -> QuerySet[Dispute]:
    """Those of which both sides were told that nobody has decided in time, and nobody has since.
    Not those of which a bank wants money back: nobody may decide these.
    """
    missed = Dispute.objects.filter(
        status=Dispute.Status.UNDER_REVIEW,
        ruling_missed_at__isnull=False,
        milestone__closed_at__isnull=True,
    )
    return missed.exclude(milestone__escrow__public_id__in=contested_ids())


def unurged_ids(*, limit: int) -> list[int]:
    """Of which the staff was not told for a day; those of longest ago first."""
    due = missed_rulings().filter(ruling_urged_at__lte=now() - URGED_EVERY)
    return list(due.order_by("ruling_urged_at", "pk").values_list("pk", flat=True)[:limit])
