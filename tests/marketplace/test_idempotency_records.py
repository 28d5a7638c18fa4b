"""Answers kept for a repeated call: for a week of wall time, and apart from the sandbox clock."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.common import clock, idempotency
from marketplace.common.errors import WrongState
from marketplace.common.models import IdempotencyRecord
from marketplace.tasks import prune_idempotency_records

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def begin(user, key: str) -> IdempotencyRecord:
    return idempotency.begin(user=user, key=key, request_sha256="a" * 64, take_over_after=MINUTE)


def test_a_moved_clock_makes_no_request_look_dead(ada, monkeypatch):
    begin(ada, "one")
    monkeypatch.setattr(clock, "_offset", timedelta(days=3))

    with pytest.raises(WrongState, match="under way"):
        begin(ada, "one")


def test_what_died_a_minute_ago_is_taken_up_again(ada):
    record = begin(ada, "one")
    IdempotencyRecord.objects.update(started_at=timezone.now() - 2 * MINUTE)

    assert begin(ada, "one") == record


def test_answers_are_forgotten_after_a_week_and_not_before(ada):
    for key, age in (("old", timedelta(days=8)), ("young", timedelta(days=6))):
        record = begin(ada, key)
        IdempotencyRecord.objects.filter(pk=record.pk).update(started_at=timezone.now() - age)

    assert prune_idempotency_records() == 1
    assert prune_idempotency_records() == 0

    assert IdempotencyRecord.objects.get().key == "young"
