"""Keys that clients of the API choose, so that a repeated call is one deed with one answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from rest_framework.utils.encoders import JSONEncoder

from marketplace.common.errors import KeyInUse, KeyReused
from marketplace.common.models import IdempotencyRecord

# How long an answer is kept. Wall time, here and below: a worker that died is dead for a minute of
# it, however far the sandbox clock was moved meanwhile.
KEPT_FOR = timedelta(days=7)
# How long one worker alone goes on with what was begun; two at once would do no harm.
GOES_ON_FOR = timedelta(minutes=1)
# Seconds after which a deed that is under way just now is worth asking about again.
SOON = 1


@dataclass(frozen=True)
class Answered:
    """The deed is done, or refused, and this is what was said."""

    status: int
    body: object


@dataclass(frozen=True)
class Begun:
    """The deed is done and something follows outside the transaction: its arguments, as JSON."""

    arguments: dict[str, Any]


Came = Answered | Begun
# What a refusal is to be answered with, each time; None for trouble that may be gone next time.
RefusalOf = Callable[[Exception], Answered | None]


def find(*, user, key: str, request_sha256: str) -> IdempotencyRecord | None:
    """What this key has done, if anything. Raises KeyReused."""
    record = IdempotencyRecord.objects.filter(user=user, key=key).first()
    if record is not None and record.request_sha256 != request_sha256:
        raise KeyReused(
            "This Idempotency-Key came before with another request.", param="Idempotency-Key"
        )
    return record


@transaction.atomic
def do_once(
    *, user, key: str, request_sha256: str, deed: Callable[[], Came], refusal_of: RefusalOf
) -> tuple[IdempotencyRecord, bool]:
    """Do the deed and keep what came of it in one transaction, or find what the key has done.

    The second value says whether this was found. Raises KeyReused (another request) or KeyInUse
    (the first one is under way); where ``deed`` meets trouble nothing is kept, and the key is free.
    """
    _be_alone(f"{user.pk}:{key}")
    record = find(user=user, key=key, request_sha256=request_sha256)
    if record is None:
        try:
            with transaction.atomic():
                came = deed()
        except Exception as refusal:
            came = _answer_to(refusal, refusal_of)
        record = IdempotencyRecord(user=user, key=key, request_sha256=request_sha256)
        record.started_at = timezone.now()
        if isinstance(came, Begun):
            record.begun, record.busy_until = came.arguments, timezone.now() + GOES_ON_FOR
        else:
            record.status, record.body = came.status, _as_json(came.body)
        record.save(force_insert=True)
        return record, False
    if record.status is None:
        _take_up(record)
    return record, True


def go_on(
    record: IdempotencyRecord,
    *,
    step: Callable[[dict[str, Any]], Answered],
    refusal_of: RefusalOf,
) -> IdempotencyRecord:
    """Go on with what was begun, outside any transaction, and keep the answer. Not atomic.

    Where ``step`` meets trouble, whoever asks again goes on at once.
    """
    try:
        answered = step(record.begun or {})
    except Exception as refusal:
        try:
            answered = _answer_to(refusal, refusal_of)
        except Exception:
            IdempotencyRecord.objects.filter(pk=record.pk).update(busy_until=None)
            raise
    return _finish(record, answered)


@transaction.atomic
def prune(*, limit: int) -> int:
    """Delete the oldest answers that nobody will ask for again; how many.

    What another sweep deletes at this moment is passed over: two never wait for each other.
    """
    old = IdempotencyRecord.objects.filter(started_at__lt=timezone.now() - KEPT_FOR)
    free = old.order_by("started_at").select_for_update(skip_locked=True)
    oldest = free.values_list("pk", flat=True)[:limit]
    return IdempotencyRecord.objects.filter(pk__in=list(oldest)).delete()[0]


@transaction.atomic
def _finish(record: IdempotencyRecord, answered: Answered) -> IdempotencyRecord:
    """The first answer counts, where two have gone on with it."""
    known = IdempotencyRecord.objects.select_for_update().get(pk=record.pk)
    if known.status is None:
        known.status, known.body = answered.status, _as_json(answered.body)
        known.busy_until = None
        known.save(update_fields=["status", "body", "busy_until"])
    return known


def _answer_to(refusal: Exception, refusal_of: RefusalOf) -> Answered:
    answer = refusal_of(refusal)
    if answer is None:
        raise refusal
    return answer


def _be_alone(name: str) -> None:
    """Until the transaction ends. A lock, and no row: whoever dies leaves nothing behind."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"idempotency:{name}"]
        )
        if not cursor.fetchone()[0]:
            raise _in_use(SOON)


def _take_up(record: IdempotencyRecord) -> None:
    """Whoever went on with it has died, or given up; or is at it."""
    now = timezone.now()
    if record.busy_until is not None and record.busy_until > now:
        raise _in_use(int((record.busy_until - now).total_seconds()) + 1)
    record.busy_until = now + GOES_ON_FOR
    record.save(update_fields=["busy_until"])


def _in_use(seconds: int) -> KeyInUse:
    return KeyInUse(
        "The first request with this Idempotency-Key is still under way.", retry_after=seconds
    )


def _as_json(body: object) -> Any:
    return json.loads(json.dumps(body, cls=JSONEncoder))
