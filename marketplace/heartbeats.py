"""Who was last seen at work, and whose silence that is: of a worker, or of beat.

All of it in wall time: a moved sandbox clock makes nobody late.
"""

import time
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import requests
from celery import current_app
from django.conf import settings
from django.utils import timezone

from marketplace.common.models import Heartbeat
from marketplace.common.outages.selectors import BEAT
from marketplace.programs import QUEUES

# Beat rings every few seconds; a few of them may be late, and a sweep may take 45 seconds.
LATEST = timedelta(seconds=60)
# Seconds for which one process does not repeat what it said: a busy one takes many tasks.
_REST = 5
_said_at: dict[str, float] = {}


def line_of(queue: str) -> str:
    """The name under which whoever serves this queue is seen."""
    return f"worker:{queue}"


def note(name: str) -> None:
    """Seen at work just now."""
    if time.monotonic() - _said_at.get(name, float("-inf")) < _REST:
        return
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, seen_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["seen_at"],
    )
    # Said only once it is written: after a lost connection the next task says it again.
    _said_at[name] = time.monotonic()


def web_answers(address: str) -> bool:
    """Whether anything but a failure comes back from there in a few seconds: a redirect, too."""
    site = urlsplit(settings.SITE_URL).netloc
    try:
        answer = requests.get(address, headers={"Host": site}, timeout=5, allow_redirects=False)
    except requests.RequestException:
        return False
    return answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR


def ages() -> dict[str, timedelta]:
    """How long ago each was seen; who never was is absent."""
    at = timezone.now()
    return {
        name: at - seen_at for name, seen_at in Heartbeat.objects.values_list("name", "seen_at")
    }


def waiting_in(queue: str) -> int:
    """How many tasks lie in this queue of the broker."""
    with current_app.connection_for_read() as line:
        try:
            return line.default_channel.queue_declare(queue, passive=True).message_count
        except line.channel_errors:  # an empty one is not there at all
            return 0


def judge_worker() -> str:
    """ "ok", or which queue nobody serves although something waits in it.

    What tells an idle worker from one without work is the queue: beat rings in each of them every
    few seconds. A worker that is merely busy takes task after task.
    """
    seen = ages()
    for queue in QUEUES.split(","):
        age = seen.get(line_of(queue))
        if age is not None and age < LATEST:
            continue
        if waiting := waiting_in(queue):
            idle = f"for {age.total_seconds():.0f} seconds" if age else "and was never seen"
            return f"idle beside {waiting} waiting in “{queue}” {idle}"
        if age is None:
            return "was never seen"
    return "ok"


def judge_beat() -> str:
    """ "ok", or how long ago its last ring was answered.

    An idle worker answers none: while there is one, nothing can be said against beat.
    """
    age = ages().get(BEAT)
    if age is not None and age < LATEST:
        return "ok"
    if judge_worker() != "ok":
        return "ok"
    return "was never heard" if age is None else f"last heard {age.total_seconds():.0f} seconds ago"
