"""A bell that nobody hears keeps nobody at the door: the sweeps come anyway."""

import pytest
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from marketplace.common import doorbell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def silent_broker(monkeypatch) -> list[str]:
    """The tasks for which it was tried to ring."""
    tried: list[str] = []

    def send_task(name: str, **_: object) -> None:
        tried.append(name)
        raise OperationalError("Timeout reading from socket")

    monkeypatch.setattr(current_app._get_current_object(), "send_task", send_task)
    monkeypatch.setattr(doorbell, "_silent_until", 0.0)
    return tried


def ring_six_times() -> None:
    with transaction.atomic():
        for number in range(6):
            doorbell.ring("projects.close_finished_contract", number)


def test_a_silent_bell_is_tried_once_and_the_deed_stands(silent_broker):
    ring_six_times()
    ring_six_times()

    assert len(silent_broker) == 1


def test_it_is_rung_again_after_a_rest(silent_broker, monkeypatch):
    monkeypatch.setattr(doorbell, "_REST", 0)

    ring_six_times()

    assert len(silent_broker) == 6


def test_a_bell_that_is_heard_is_rung_each_time(bells, monkeypatch):
    monkeypatch.setattr(doorbell, "_silent_until", 0.0)

    ring_six_times()

    assert len(bells) == 6
