"""What machines that watch over the house are told."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts.notifications.models import Notification
from accounts.notifications.services import notify
from marketplace.common.models import ClockOffset, Heartbeat
from marketplace.tasks import beat_heart
from payments.incoming.models import WebhookEvent


def readiness(client) -> tuple[int, dict]:
    response = client.get("/readyz")
    return response.status_code, response.json()["parts"]


def test_a_living_process_says_so_and_touches_nothing(client):
    # Without the db fixture any query would fail.
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"alive": True})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_it_touches_nothing_for_a_browser_that_is_logged_in_either(
    client, ada, django_assert_num_queries
):
    client.force_login(ada)

    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_it_is_not_ready_before_a_worker_was_seen(client):
    assert readiness(client) == (
        503,
        {"database": "ok", "broker": "ok", "worker": "was never seen"},
    )


@pytest.mark.django_db
def test_it_is_ready_once_a_worker_has_answered_the_bell(client):
    beat_heart()

    assert readiness(client) == (200, {"database": "ok", "broker": "ok", "worker": "ok"})


@pytest.mark.django_db
def test_a_worker_that_was_last_seen_a_minute_ago_is_missing(client):
    Heartbeat.objects.create(name="worker", seen_at=timezone.now() - timedelta(seconds=61))

    status, parts = readiness(client)

    assert (status, parts["worker"]) == (503, "last seen 61 seconds ago")


@pytest.mark.django_db
def test_a_moved_clock_makes_nobody_late(client):
    beat_heart()
    ClockOffset.objects.create(pk=1, seconds=30 * 86_400)

    assert readiness(client)[0] == 200


@pytest.mark.django_db
def test_a_silent_broker_is_told_apart(client, settings):
    beat_heart()
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:9/0"},
    }

    assert readiness(client) == (
        503,
        {"database": "ok", "broker": "does not answer", "worker": "ok"},
    )


def test_a_lost_database_is_an_answer_not_an_error(client, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", refuse)

    status, parts = readiness(client)

    assert (status, parts["database"], parts["broker"]) == (503, "does not answer", "ok")


@pytest.mark.django_db
def test_metrics_tell_how_long_ago_the_heart_beat(client):
    Heartbeat.objects.create(name="worker", seen_at=timezone.now() - timedelta(seconds=5))

    text = client.get("/metrics").content.decode()

    age = float(text.split('process="worker"} ')[1].split()[0])
    assert 5 <= age < 15


@pytest.mark.django_db
def test_metrics_tell_how_much_is_overdue(client, ada):
    hour = timedelta(hours=1)
    notify(to=ada, kind="test", text="Something happened.", path="/")
    notify(to=ada, kind="test", text="Something else.", path="/")
    Notification.objects.filter(text="Something else.").update(mail_due_at=timezone.now() + hour)
    event = {"remote_id": "evt_1", "kind": "account", "payload": {}}
    WebhookEvent.objects.create(next_try_at=timezone.now() - hour, **event)

    text = client.get("/metrics").content.decode()

    assert 'milepost_overdue{what="mails"} 1.0' in text
    assert 'milepost_overdue{what="provider_events"} 1.0' in text
    assert 'milepost_overdue{what="refunds"} 0.0' in text
    assert 'milepost_overdue{what="payouts"} 0.0' in text


@pytest.mark.django_db
def test_metrics_ask_for_their_token(client, settings):
    settings.METRICS_TOKEN = "let-me-in"

    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer let-me-out"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer ü"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer let-me-in"}).status_code == 200


@pytest.mark.django_db
def test_production_without_a_token_tells_nobody(client, settings):
    settings.SANDBOX = False
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics").status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_they_are_only_read(client, path):
    assert client.post(path).status_code == 405
