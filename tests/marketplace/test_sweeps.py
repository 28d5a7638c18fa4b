"""Sweeps: each row for itself, and an end to every one of them."""

import time

import pytest
from celery import current_app
from celery.exceptions import SoftTimeLimitExceeded

from marketplace.common import sweeps
from marketplace.common.sweeps import sweep


def test_a_failure_stops_nobody_else():
    def act(row_id: int) -> None:
        if row_id == 2:
            raise RuntimeError("not this one")

    assert sweep([1, 2, 3], act) == {"done": 2, "failed": 1}


def test_a_sweep_that_takes_too_long_leaves_the_rest_to_the_next_one(monkeypatch):
    monkeypatch.setattr(sweeps, "LONGEST", 0.05)

    assert sweep([1, 2, 3], lambda _: time.sleep(0.06)) == {"done": 1, "failed": 0}


def test_a_worker_that_wants_the_task_to_end_is_obeyed():
    def act(_: int) -> None:
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        sweep([1, 2], act)


def test_no_message_of_the_timetable_outlives_the_next_one():
    for entry in current_app.conf.beat_schedule.values():
        assert entry["options"]["expires"] == entry["schedule"]


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("payments.send_due_payouts", "provider"),
        ("payments.handle_event", "provider"),
        ("projects.release_unreviewed_milestones", "celery"),
        ("marketplace.beat_heart", "celery"),
    ],
)
def test_what_asks_the_provider_waits_in_a_line_of_its_own(task, queue):
    assert current_app.amqp.router.route({}, task)["queue"].name == queue
