"""What machines that watch over the house are told."""

import re
from datetime import timedelta

import pytest
import redis
from celery import current_app
from django.conf import settings as django_settings
from django.db import OperationalError
from django.utils import timezone
from kombu import Connection

from accounts.notifications.models import Notification
from accounts.notifications.services import notify
from marketplace import heartbeats
from marketplace.common.models import ClockOffset, Heartbeat
from marketplace.common.words import Words
from payments.incoming.models import WebhookEvent

# Where no other test rings.
BROKER = django_settings.REDIS_URL.rsplit("/", 1)[0]
WELL = {"database": "ok", "broker": "ok", "worker": "ok", "beat": "ok"}


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch):
    monkeypatch.setattr(heartbeats, "_said_at", {})


@pytest.fixture
def queues(monkeypatch) -> dict[str, int]:
    """How much lies in each queue."""
    lying = {"celery": 0, "provider": 0}
    monkeypatch.setattr(heartbeats, "waiting_in", lying.__getitem__)
    return lying


def seen(*names: str, seconds_ago: int = 0) -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    for name in names:
        Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": at})


def other_broker() -> Connection:
    return current_app.connection_for_write(url=f"{BROKER}/8")


def all_are_at_work() -> None:
    seen("worker:celery", "worker:provider", "beat")


def readiness(client) -> tuple[int, dict]:
    response = client.get("/readyz")
    return response.status_code, response.json()["parts"]


def a_minute_ago(said: str) -> str:
    """Without the seconds that a busy machine adds."""
    return re.sub(r"\b(6\d|7\d) seconds", "a minute", said)


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
def test_it_is_not_ready_before_anybody_was_seen(client, queues):
    assert readiness(client) == (503, WELL | {"worker": "was never seen"})


@pytest.mark.django_db
def test_it_is_ready_once_every_queue_is_served_and_beat_was_heard(client):
    heartbeats.note("worker:celery")
    heartbeats.note("worker:provider")
    heartbeats.note("beat")

    assert readiness(client) == (200, WELL)


@pytest.mark.django_db
def test_a_worker_that_takes_nothing_from_a_queue_is_idle_beside_it(client, queues):
    all_are_at_work()
    seen("worker:provider", seconds_ago=61)
    queues["provider"] = 7

    status, parts = readiness(client)

    assert status == 503
    assert a_minute_ago(parts["worker"]) == "idle beside 7 waiting in “provider” for a minute"
    assert parts["beat"] == "ok"


@pytest.mark.django_db
def test_a_worker_without_work_is_well_and_beat_is_missed(client, queues):
    seen("worker:celery", "worker:provider", "beat", seconds_ago=61)

    status, parts = readiness(client)

    assert (status, parts["worker"]) == (503, "ok")
    assert a_minute_ago(parts["beat"]) == "last heard a minute ago"


@pytest.mark.django_db
def test_nobody_hears_beat_while_the_worker_is_idle(client, queues):
    """One at a time, and the one whose fault it surely is."""
    seen("worker:celery", "worker:provider", "beat", seconds_ago=61)
    queues["celery"] = 20

    _, parts = readiness(client)

    assert a_minute_ago(parts["worker"]) == "idle beside 20 waiting in “celery” for a minute"
    assert parts["beat"] == "ok"


@pytest.mark.django_db
def test_bells_that_are_answered_do_not_hide_a_silent_beat(client):
    all_are_at_work()
    seen("beat", seconds_ago=61)

    _, parts = readiness(client)

    assert parts["worker"] == "ok"
    assert a_minute_ago(parts["beat"]) == "last heard a minute ago"


@pytest.mark.django_db
def test_who_is_busy_says_so_once_in_five_seconds(django_assert_num_queries):
    with django_assert_num_queries(1):
        heartbeats.note("beat")
        heartbeats.note("beat")


@pytest.mark.django_db
def test_a_moved_clock_makes_nobody_late(client):
    all_are_at_work()
    ClockOffset.objects.create(pk=1, seconds=30 * 86_400)

    assert readiness(client)[0] == 200


@pytest.mark.django_db
def test_a_silent_broker_is_told_apart(client, settings):
    all_are_at_work()
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:9/0"},
    }

    assert readiness(client) == (503, WELL | {"broker": "does not answer"})


def test_a_lost_database_is_an_answer_not_an_error(client, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", refuse)

    status, parts = readiness(client)

    assert (status, parts["database"], parts["broker"]) == (503, "does not answer", "ok")


@pytest.mark.django_db
def test_metrics_tell_how_long_ago_the_heart_beat(client):
    seen("worker:provider", seconds_ago=5)

    text = client.get("/metrics").content.decode()

    age = float(text.split('process="worker:provider"} ')[1].split()[0])
    assert 5 <= age < 15


@pytest.mark.django_db
def test_metrics_tell_how_much_waits_for_a_worker(client, monkeypatch):
    monkeypatch.setattr(current_app.conf, "broker_read_url", f"{BROKER}/8")
    for _ in range(3):
        current_app.send_task("marketplace.greet", queue="provider", connection=other_broker())
    try:
        text = client.get("/metrics").content.decode()
    finally:
        redis.Redis.from_url(f"{BROKER}/8").flushdb()

    assert 'milepost_waiting_tasks{queue="provider"} 3.0' in text
    assert 'milepost_waiting_tasks{queue="celery"} 0.0' in text


@pytest.mark.django_db
def test_metrics_do_without_a_broker_that_is_silent(client, monkeypatch):
    monkeypatch.setattr(current_app.conf, "broker_read_url", "redis://127.0.0.1:9/0")
    seen("beat")

    response = client.get("/metrics")

    assert response.status_code == 200
    assert "milepost_waiting_tasks{" not in response.content.decode()
    assert 'process="beat"' in response.content.decode()


@pytest.mark.django_db
def test_metrics_tell_how_much_is_overdue(client, ada):
    hour = timedelta(hours=1)
    notify(to=ada, kind="test", text=Words("Something happened."), path="/")
    notify(to=ada, kind="later", text=Words("Something else."), path="/")
    Notification.objects.filter(kind="later").update(mail_due_at=timezone.now() + hour)
    event = {"remote_id": "evt_1", "kind": "account", "payload": {}}
    WebhookEvent.objects.create(next_try_at=timezone.now() - hour, **event)

    text = client.get("/metrics").content.decode()

    assert 'milepost_overdue{what="mails"} 1.0' in text
    assert 'milepost_overdue{what="provider_events"} 1.0' in text
    assert 'milepost_overdue{what="refunds"} 0.0' in text
    assert 'milepost_overdue{what="payouts"} 0.0' in text
    assert 'milepost_overdue{what="outages"} 0.0' in text


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
