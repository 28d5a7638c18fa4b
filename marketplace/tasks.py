"""What the house does for itself."""

import logging

from celery import Celery, Task, shared_task
from celery.signals import beat_init, task_prerun, worker_ready
from celery.worker.consumer import Consumer
from django.conf import settings
from django.db import close_old_connections

from marketplace import heartbeats
from marketplace.common import clock, idempotency
from marketplace.common.outages.selectors import WEB
from marketplace.common.outages.services import forget_web, note_heard

logger = logging.getLogger(__name__)


@worker_ready.connect
def show_signs_of_life(sender: Consumer, **_: object) -> None:
    """Through each queue, so that the whole way is proved without waiting for beat."""
    app: Celery = sender.app
    for queue in app.amqp.queues.consume_from:
        greet.apply_async(queue=queue)


@beat_init.connect
def ring_at_once(**_: object) -> None:
    """Nobody waits for the first interval to pass to know that beat is there."""
    beat_heart.apply_async(retry=False)


@task_prerun.connect
def live_in_the_present(**_: object) -> None:
    """Each task starts by asking what time it is, on a connection that is proved to be there."""
    close_old_connections()
    clock.refresh()


@task_prerun.connect
def be_seen_at_work(task: Task, **_: object) -> None:
    """Whoever takes a task serves the queue that it lay in."""
    if queue := (task.request.delivery_info or {}).get("routing_key"):
        heartbeats.note(heartbeats.line_of(queue))


@shared_task(name="marketplace.greet")
def greet() -> None:
    """There is nothing to do: that somebody took this from the queue says all."""


@shared_task(name="marketplace.beat_heart")
def beat_heart() -> None:
    """Beat rings, and here it is answered."""
    note_heard()


@shared_task(name="marketplace.look_for_web")
def look_for_web() -> bool:
    """Whether web answers at the address that this worker was told, if it was told one."""
    if not settings.WEB_WATCH_URL:
        forget_web()
        return False
    if not heartbeats.web_answers(settings.WEB_WATCH_URL):
        logger.warning("web does not answer at %s", settings.WEB_WATCH_URL)
        return False
    note_heard(WEB)
    return True


@shared_task(name="marketplace.prune_idempotency_records")
def prune_idempotency_records() -> int:
    """Answers that were kept for a repeated call, a week ago."""
    return idempotency.prune(limit=1_000)
