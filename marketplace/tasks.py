"""What the house does for itself."""

from celery import shared_task
from celery.signals import task_prerun, worker_ready
from django.utils import timezone

from marketplace.common import clock, idempotency
from marketplace.common.models import Heartbeat


@worker_ready.connect
def show_signs_of_life(**_: object) -> None:
    """Through the queue, so that the whole way is proved without waiting for beat."""
    beat_heart.delay()


@task_prerun.connect
def live_in_the_present(**_: object) -> None:
    """Each task starts by asking what time it is."""
    clock.refresh()


@shared_task(name="marketplace.beat_heart")
def beat_heart() -> None:
    """Beat rings, a worker answers: both were alive at this moment of wall time."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"seen_at": timezone.now()})


@shared_task(name="marketplace.prune_idempotency_records")
def prune_idempotency_records() -> int:
    """Answers that were kept for a repeated call, a week ago."""
    return idempotency.prune(limit=1_000)
