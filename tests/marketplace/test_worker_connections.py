"""A worker does not connect anew for each of its tasks, and survives a database that went away."""

import pytest
from celery.fixups.django import DjangoWorkerFixup
from django.db import OperationalError, connection

from marketplace import tasks
from marketplace.celery import app
from marketplace.processes import tries

pytestmark = pytest.mark.django_db(transaction=True)


def backend() -> int:
    """The process of PostgreSQL that serves us now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def cut(pid: int) -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
            for _ in tries(10):
                cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])
                if cursor.fetchone() is None:
                    return
    finally:
        other.close()
    pytest.fail("it is still there")


@pytest.fixture
def celery_between_tasks():
    """What Celery does after each task, and before the next."""
    return DjangoWorkerFixup(app).close_database


def test_it_keeps_its_connection_from_task_to_task(celery_between_tasks):
    tasks.live_in_the_present()
    first = backend()
    for _ in range(3):
        celery_between_tasks()
        tasks.live_in_the_present()
    assert backend() == first


def test_one_that_was_cut_is_renewed_before_the_next_task(celery_between_tasks):
    tasks.live_in_the_present()
    first = backend()
    cut(first)
    celery_between_tasks()
    tasks.live_in_the_present()
    assert backend() != first


def test_who_does_not_look_first_finds_it_dead(celery_between_tasks, monkeypatch):
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)
    tasks.live_in_the_present()
    cut(backend())
    celery_between_tasks()
    with pytest.raises(OperationalError):
        tasks.live_in_the_present()
    connection.close()
