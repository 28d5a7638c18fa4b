"""What every part of the sandbox is handed: store, clock, settings, and the call in hand."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from stripe_sandbox.faults import FaultPlan
from stripe_sandbox.store import Obj, Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    base_url: str
    webhook_url: str | None = None
    webhook_secret: str = ""
    payout_delay: int = 5  # sandbox seconds from a payout to the bank's word, and for late refunds
    settle_delay: int = 1  # sandbox seconds from a charge to its balance transaction
    deliver_by_itself: bool = True


@dataclass
class Call:
    """One request, read and checked."""

    method: str
    path: str
    params: Obj
    account: str = ""  # the connected account named by Stripe-Account; "" is the platform
    ids: dict[str, str] = field(default_factory=dict)
    key: str | None = None
    request_id: str = ""
    fault: str | None = None


class World:
    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self.faults = FaultPlan()
        self.call: Call | None = None
        self.something_to_deliver = threading.Event()
        self.deliver_now: Callable[[], object] = lambda: None  # the server knows a postman
        self._pinned: int | None = None

    # -- time: the wall plus an offset that only grows --------------------

    @property
    def offset(self) -> int:
        return int(self.store.fact("clock_offset", "0"))

    def now(self) -> int:
        with self.store.lock:
            return self._pinned if self._pinned is not None else int(time.time()) + self.offset

    @contextmanager
    def pinned_to(self, moment: int) -> Iterator[None]:
        """What was due earlier happens with the time it was due."""
        before, self._pinned = self._pinned, moment
        try:
            yield
        finally:
            self._pinned = before

    @contextmanager
    def handling(self, call: Call | None) -> Iterator[None]:
        """One transaction, in which events know the call that caused them."""
        with self.store.transaction():
            self.call = call
            try:
                yield
            finally:
                self.call = None


# -- what happens later, by the sandbox clock -----------------------------

Job = Callable[..., None]
JOBS: dict[str, Job] = {}


def job(name: str) -> Callable[[Job], Job]:
    def register(act: Job) -> Job:
        JOBS[name] = act
        return act

    return register


def later(world: World, name: str, after: int, **args: Any) -> None:
    """Do the named job ``after`` seconds of sandbox time from now."""
    assert name in JOBS, name
    world.store.run(
        "INSERT INTO jobs (due_at, name, args) VALUES (?, ?, ?)",
        world.now() + after,
        name,
        json.dumps(args),
    )


def run_due_jobs(world: World) -> int:
    """Everything due by now, in order, each in its own transaction and at its own time."""
    done = 0
    while due := _first_due(world):
        seq, due_at, name, args = due
        try:
            with world.handling(None):
                taken = world.store.run("DELETE FROM jobs WHERE seq = ? RETURNING seq", seq)
                if taken:  # and not by another thread in the meantime
                    with world.pinned_to(due_at):
                        JOBS[name](world, **json.loads(args))
        except Exception:
            # Done again it would fail again, and hold up all that comes after it.
            logger.exception("The job %s %s failed and is dropped.", name, args)
            world.store.run("DELETE FROM jobs WHERE seq = ?", seq)
        done += 1
    return done


def _first_due(world: World) -> tuple[Any, ...] | None:
    rows = world.store.run(
        "SELECT seq, due_at, name, args FROM jobs WHERE due_at <= ? ORDER BY due_at, seq LIMIT 1",
        world.now(),
    )
    return rows[0] if rows else None
