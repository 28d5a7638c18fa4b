"""Which rulings are waited for, and which of them had to be there by now."""

from datetime import timedelta

from django.db.models import Q, QuerySet

from marketplace.common.clock import now
from projects.disputes.models import JUDGED, Dispute
from projects.disputes.rulings.selectors import free_of_banks

# So often the staff is told of a ruling that nobody has made in time.
URGED_EVERY = timedelta(days=1)


def waiting_for_ruling() -> QuerySet[Dispute]:
    """Those that wait for a mediator. An appeal that nobody has heard in time does not: the first
    decision stands.
    """
    unheard = Q(status=Dispute.Status.APPEALED, ruling_due_at__lte=now())
    waiting = Dispute.objects.filter(status__in=JUDGED, milestone__closed_at__isnull=True)
    return waiting.exclude(unheard)


def late_ruling_ids(*, limit: int) -> list[int]:
    """Disputes whose ruling was expected by now, and nobody has been told yet that it is late. Not
    those that wait for a bank: nobody may decide these.
    """
    late = waiting_for_ruling().filter(ruling_late_at=None, ruling_expected_at__lte=now())
    late = free_of_banks(late).order_by("ruling_expected_at")
    return list(late.values_list("pk", flat=True)[:limit])


def overdue_ruling_ids(*, limit: int) -> list[int]:
    """Disputes that had to be decided by now, and nobody has been told yet that they are not; those
    that wait for a bank as above.
    """
    overdue = _unjudged().filter(ruling_missed_at=None, ruling_due_at__lte=now())
    overdue = free_of_banks(overdue).order_by("ruling_due_at")
    return list(overdue.values_list("pk", flat=True)[:limit])


def missed_rulings() -> QuerySet[Dispute]:
    """Those of which both sides were told that nobody has decided in time, and nobody has since;
    those that wait for a bank as above.
    """
    return free_of_banks(_unjudged().filter(ruling_missed_at__isnull=False))


def unurged_ids(*, limit: int) -> list[int]:
    """Of which the staff was not told for a day; those of longest ago first."""
    due = missed_rulings().filter(ruling_urged_at__lte=now() - URGED_EVERY)
    return list(due.order_by("ruling_urged_at", "pk").values_list("pk", flat=True)[:limit])


def _unjudged() -> QuerySet[Dispute]:
    """Those that no mediator has decided: of an appeal one has."""
    return waiting_for_ruling().filter(status=Dispute.Status.UNDER_REVIEW)
