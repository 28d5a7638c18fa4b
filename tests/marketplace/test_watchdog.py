"""Who is alive, yet does nothing, is started again."""

import os
import signal
from pathlib import Path

import pytest
from celery import Celery, current_app
from django.test import Client

from marketplace import heartbeats, processes, watchdog
from marketplace.children import Child
from marketplace.watchdog import Watchdog
from tests.running import Market

IDLE = "idle beside 3 waiting in “celery” for 61 seconds"
WELL = {"database": "ok", "broker": "ok", "worker": "ok", "beat": "ok"}


class Hours:
    """A clock that runs when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def hours(monkeypatch) -> Hours:
    one = Hours()
    monkeypatch.setattr(watchdog, "time", one)
    return one


@pytest.fixture
def worker(tmp_path: Path):
    log = tmp_path / "worker.log"
    child = Child("worker", lambda: processes.start(["sleep", "60"], log=log), log)
    child.process = child.start()
    yield child
    processes.stop(child.process)


def look_for(dog: Watchdog, child: Child, hours: Hours, seconds: int) -> list[str]:
    """What the watchdog says in so many seconds."""
    said = []
    for _ in range(seconds):
        hours.seconds += 1
        said += dog.restarted([child])
    return said


def test_who_is_idle_for_long_enough_is_started_again(worker, hours):
    before = worker.process.pid
    dog = Watchdog(lambda: WELL | {"worker": IDLE})

    assert look_for(dog, worker, hours, 10) == []
    assert look_for(dog, worker, hours, 5) == [
        f"The process “worker” is alive, but {IDLE}, and is started again."
    ]

    assert worker.process.pid != before
    assert IDLE in worker.log.read_text()


def test_a_new_start_has_a_minute_to_be_seen(worker, hours):
    dog = Watchdog(lambda: WELL | {"worker": IDLE})
    look_for(dog, worker, hours, 15)

    assert look_for(dog, worker, hours, 60) == []
    assert len(look_for(dog, worker, hours, 20)) == 1


@pytest.mark.parametrize(
    "told",
    [
        WELL,
        {},  # the web process itself is silent
        WELL | {"worker": IDLE, "database": "does not answer"},
        WELL | {"worker": IDLE, "broker": "does not answer"},
        WELL | {"beat": "last heard 61 seconds ago"},
    ],
)
def test_nobody_is_started_again_for_what_is_not_their_fault(worker, hours, told):
    assert look_for(Watchdog(lambda: told), worker, hours, 120) == []


def test_who_was_idle_for_a_moment_only_is_left_alone(worker, hours):
    told = [WELL | {"worker": IDLE}, WELL] * 60
    assert look_for(Watchdog(told.pop), worker, hours, 120) == []


# --- The real ones -------------------------------------------------------------------------------


@pytest.fixture
def quick(market: Market, monkeypatch) -> Market:
    """A market whose watchdog waits for seconds where the demo's waits for a minute."""
    monkeypatch.setattr(current_app.conf, "broker_read_url", market.broker)
    # More than two children that each speak once in five seconds, and sweeps in between, need.
    monkeypatch.setattr(heartbeats, "LATEST", heartbeats.LATEST / 6)
    monkeypatch.setattr(watchdog, "EVERY", 0.5)
    monkeypatch.setattr(watchdog, "LONG_ENOUGH", 1)
    return market


def told() -> dict[str, str]:
    """As /readyz tells it with the shorter limit."""
    return Client().get("/readyz").json()["parts"]


def sentence_about(name: str, market: Market) -> str:
    """What the watchdog says once it has restarted this one.

    On a busy machine somebody else may be late as well, with limits of seconds, and be restarted.
    """
    dog = Watchdog(told)
    for _ in processes.tries(60):
        for line in dog.restarted(market.children):
            if f"“{name}”" in line:
                return line
    pytest.fail(f"nobody was started again\n{market.said()}")


def until_all_are_well(market: Market) -> None:
    for _ in processes.tries(60):
        if told() == WELL:
            return
    pytest.fail(f"{told()}\n{market.said()}")


@pytest.mark.timeout(300)
def test_a_frozen_worker_and_one_that_forgot_its_queues_and_a_frozen_beat(quick: Market):
    until_all_are_well(quick)

    # Frozen: alive for everybody who only looks at processes.
    frozen = quick.child("worker").process
    os.killpg(frozen.pid, signal.SIGSTOP)
    assert "“worker” is alive, but idle beside" in sentence_about("worker", quick)
    assert frozen.poll() is not None
    until_all_are_well(quick)

    # Connected, answering, and no longer consuming: as Celery was seen after a broker's return.
    with Celery(broker=quick.broker, set_as_current=False) as remote:
        for queue in ("celery", "provider"):
            remote.control.cancel_consumer(queue)
    idle = quick.child("worker").process
    assert "“worker” is alive, but idle beside" in sentence_about("worker", quick)
    assert idle.poll() is not None
    until_all_are_well(quick)

    os.killpg(quick.child("beat").process.pid, signal.SIGSTOP)
    assert "“beat” is alive, but last heard" in sentence_about("beat", quick)
    until_all_are_well(quick)
