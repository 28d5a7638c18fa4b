"""Keys that clients of the API choose, so that a repeated call is one deed."""

import json
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.utils.encoders import JSONEncoder

from marketplace.common.errors import KeyReused, WrongState
from marketplace.common.models import IdempotencyRecord

# How long an answer is kept. Wall time, here and below: a worker that died is dead for a minute of
# it, however far the sandbox clock was moved meanwhile.
KEPT_FOR = timedelta(days=7)


def begin(*, user, key: str, request_sha256: str, take_over_after: timedelta) -> IdempotencyRecord:
    """Claim the key, or find what was answered. Raises KeyReused or WrongState (under way)."""
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(
                user=user, key=key, request_sha256=request_sha256, started_at=timezone.now()
            )
    except IntegrityError:
        return _take_up(user, key, request_sha256, take_over_after)


@transaction.atomic
def _take_up(user, key: str, request_sha256: str, take_over_after: timedelta) -> IdempotencyRecord:
    record = IdempotencyRecord.objects.select_for_update().get(user=user, key=key)
    if record.request_sha256 != request_sha256:
        raise KeyReused(
            "This Idempotency-Key came before with another request.", param="Idempotency-Key"
        )
    if record.status is None:
        if record.started_at > timezone.now() - take_over_after:
            raise WrongState("The first request with this Idempotency-Key is still under way.")
        record.started_at = timezone.now()
        record.save(update_fields=["started_at"])
    return record


def finish(record: IdempotencyRecord, *, status: int, body: object) -> None:
    """Keep the answer for the next time."""
    record.status, record.body = status, json.loads(json.dumps(body, cls=JSONEncoder))
    record.save(update_fields=["status", "body"])


def prune(*, limit: int) -> int:
    """Delete the oldest answers that nobody will ask for again; how many."""
    old = IdempotencyRecord.objects.filter(started_at__lt=timezone.now() - KEPT_FOR)
    oldest = old.order_by("started_at").values_list("pk", flat=True)[:limit]
    return IdempotencyRecord.objects.filter(pk__in=list(oldest)).delete()[0]


def forget(record: IdempotencyRecord) -> None:
    """Nothing was answered: the key may be tried again."""
    record.delete()
