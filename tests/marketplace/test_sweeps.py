"""Sweeps: each row for itself, and an end to every one of them."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from celery import current_app
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from marketplace.common import sweeps
from marketplace.common.clock import wall_time
from marketplace.common.models import Outage
from marketplace.common.sweeps import sweep, sweep_together
from tests.races import outcomes_at_once


def found(*rows: int) -> Callable[..., tuple[int, ...]]:
    """These are due, and stay so, however many are asked for."""
    return lambda **_: rows


def test_a_failure_stops_nobody_else():
    def act(row_id: int) -> None:
        if row_id == 2:
            raise RuntimeError("not this one")

    assert sweep(found(1, 2, 3), act) == {"done": 2, "failed": 1}


def test_a_sweep_that_takes_too_long_leaves_the_rest_to_the_next_one(monkeypatch):
    monkeypatch.setattr(sweeps, "LONGEST", 0.05)

    assert sweep(found(1, 2, 3), lambda _: time.sleep(0.06)) == {"done": 1, "failed": 0}


class Rows:
    """Due until they are done; some never can be."""

    def __init__(self, many: int, *, broken: set[int] = frozenset()) -> None:
        self.due, self.broken, self.batches = list(range(many)), broken, []

    def find(self, *, limit: int) -> list[int]:
        return self.due[:limit]

    def act(self, ids) -> int:
        if self.broken & set(ids):
            raise RuntimeError("not these")
        self.batches.append(list(ids))
        self.due = [row for row in self.due if row not in ids]
        return len(ids)


def test_rows_that_go_together_are_done_in_batches_until_none_is_left():
    rows = Rows(25)

    assert sweep_together(rows.find, rows.act, together=10) == {"done": 25, "failed": 0}
    assert [len(batch) for batch in rows.batches] == [10, 10, 5]


def test_rows_that_fail_keep_nobody_behind_them_from_being_done():
    """Were they looked up again and again, the ones behind them would never be found."""
    rows = Rows(30, broken={0, 1, 2, 3, 4, 7})

    assert sweep_together(rows.find, rows.act, together=5) == {"done": 24, "failed": 6}
    assert rows.due == [0, 1, 2, 3, 4, 7]


def test_single_rows_that_fail_keep_nobody_behind_them_from_being_done():
    rows = Rows(30, broken=set(range(12)))

    assert sweep(rows.find, lambda row: rows.act([row]), at_once=5) == {"done": 8, "failed": 12}
    assert rows.due == [*range(12), *range(20, 30)], "what did not fail ends it: enough was found"


def test_were_only_the_first_ones_looked_up_nobody_behind_them_would_be_done():
    rows = Rows(30, broken=set(range(12)))

    def as_many_each_time(*, limit: int) -> list[int]:
        return rows.find(limit=5)

    swept = sweep(as_many_each_time, lambda row: rows.act([row]), at_once=5)
    assert swept == {"done": 0, "failed": 5}


def test_nobody_is_tried_twice_in_one_sweep():
    tried: list[int] = []

    def act(row: int) -> None:
        tried.append(row)
        if row == 3:
            raise RuntimeError("not this one")

    assert sweep(found(1, 2, 3), act, at_once=2) == {"done": 2, "failed": 1}
    assert tried == [1, 2, 3]


def test_of_those_who_fail_no_more_are_tried_once_the_time_is_up(monkeypatch):
    rows = Rows(30, broken=set(range(30)))
    monkeypatch.setattr(sweeps, "LONGEST", 0.05)

    def act(row: int) -> None:
        time.sleep(0.03)
        rows.act([row])

    assert sweep(rows.find, act, at_once=1) == {"done": 0, "failed": 2}


def test_rows_in_other_hands_are_left_to_them():
    assert sweep_together(lambda limit: [1, 2], lambda _: 0, together=2) == {
        "done": 0,
        "failed": 0,
    }


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_passed_over_and_found_again():
    at = wall_time()
    lasted = {"began_at": at - timedelta(hours=1), "ended_at": at}
    rows = [Outage.objects.create(**lasted).pk for _ in range(3)]
    last, middle, first = rows
    done: list[int] = []

    def swept() -> dict[str, int]:
        return sweep(found(first, middle, last), done.append, of=Outage)

    with transaction.atomic():
        assert Outage.objects.select_for_update().get(pk=middle)
        assert outcomes_at_once(swept) == [{"done": 2, "failed": 0}]
    assert done == [first, last], "in the order in which they are due"

    assert outcomes_at_once(swept) == [{"done": 3, "failed": 0}]


def test_rows_that_go_together_stop_with_the_time_and_with_what_forbids_it(monkeypatch):
    rows, asked = Rows(30), iter([True, False])
    sweep_together(rows.find, rows.act, together=10, while_=lambda: next(asked))
    assert len(rows.due) == 20

    monkeypatch.setattr(sweeps, "LONGEST", -1)
    sweep_together(rows.find, rows.act, together=10)
    assert len(rows.due) == 20


def test_a_worker_that_wants_the_task_to_end_is_obeyed():
    def act(_: int) -> None:
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        sweep(found(1, 2), act)


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
