"""The letterbox: which letters are to be read, which lie there for a person."""

from datetime import datetime

from django.db.models import QuerySet

from payments.gateway.base import RemoteMovement
from payments.incoming.models import WebhookEvent
from payments.ledger.models import Transfer


def due_event_ids(at: datetime, *, limit: int) -> list[int]:
    return list(
        WebhookEvent.objects.filter(next_try_at__lte=at)
        .order_by("next_try_at")
        .values_list("pk", flat=True)[:limit]
    )


def unexplained_events() -> QuerySet[WebhookEvent]:
    """For the desk: kept with a problem, and no longer tried."""
    return WebhookEvent.objects.filter(handled_at=None, next_try_at=None).order_by("-pk")


def own_funds_key(movement: RemoteMovement) -> str:
    return f"{movement.remote_id}:own_funds"


def is_booked(movement: RemoteMovement) -> bool:
    """Whether a movement of the platform's own money is in our books."""
    return Transfer.objects.filter(key=own_funds_key(movement)).exists()
