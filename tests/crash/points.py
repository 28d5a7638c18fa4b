"""The points at which a process may die: the few places that every deed passes through.

The house knows nothing of them. They are laid around the provider's gateway, the end of each
transaction and each single write, the doorbell and the sweeps, in a process that is forked for one
deed: it notes each point that it reaches, and dies, or loses its connection, at the one it is told.
"""

import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from celery import current_app
from django.db import Error, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import Atomic
from kombu.pools import connections as kombu_connections
from kombu.pools import producers

from marketplace.common.errors import DomainError
from payments.gateway import books, chargebacks, connecting
from payments.gateway import stripe as gateway
from payments.gateway.base import Gateway

# What may happen at a point. A connection that is lost at COMMIT leaves the process alive, and its
# deed without an answer: undone in one case, done in the other.
KILL, LOST_UNDONE, LOST_DONE = "killed", "connection lost, undone", "connection lost, done"

# What is asked of the provider, and where it lies.
ASKED: dict[str, Any] = {
    **{name: gateway.StripeGateway for name in sorted(vars(Gateway)) if not name.startswith("_")},
    **dict.fromkeys(("accept_chargeback", "chargeback", "send_evidence"), chargebacks),
    **dict.fromkeys(("balance", "movements_page"), books),
}
# Also as people write it by hand.
_WRITE = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)')


@dataclass(frozen=True)
class Point:
    """The n-th time in this deed that a point of this name is reached."""

    name: str
    nth: int

    @property
    def ways(self) -> list[str]:
        """What may happen here."""
        if self.name.startswith("before COMMIT"):
            return [KILL, LOST_UNDONE]
        if self.name.startswith("after COMMIT"):
            return [KILL, LOST_DONE]
        return [KILL]

    def __str__(self) -> str:
        return f"{self.name} ({self.nth})" if self.nth > 1 else self.name


@dataclass
class Run:
    """What a forked process did: the points it reached, and how it ended; also every service whose
    writes a COMMIT of it has kept, however deep it was called. ``struck`` is what really befell it
    at the point that it was told.
    """

    reached: list[Point] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    ended: str = ""
    struck: str = ""


def run_apart(act: Callable[[], object], *, at: Point | None = None, how: str = KILL) -> Run:
    """Do it in a process of its own that meets its end at this point, if at any.

    ``ended`` is then "killed", "done", or the name of what was raised. Where that end was not met
    this fails: whatever held afterwards would be of a deed that went well.
    """
    # Nothing that is connected to the outside may be shared by two processes.
    connections.close_all()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _be_the_one(act, writing, at, how)
    os.close(writing)
    with os.fdopen(reading) as lines:
        said = lines.read().splitlines()
    _, status = os.waitpid(pid, 0)
    run = Run()
    for line in said:
        kind, _, rest = line.partition(" ")
        if kind == "point":
            nth, _, name = rest.partition(" ")
            run.reached.append(Point(name, int(nth)))
        elif kind == "kept":
            run.kept.add(rest)
        elif kind == "struck":
            run.struck = rest
        else:
            run.ended = rest
    if os.WIFSIGNALED(status):
        run.ended = KILL
        run.struck = KILL if run.reached[-1:] == [at] else ""
    assert at is None or run.struck == how, f"{at}, {how}: {run.struck or 'nothing'} struck: {run}"
    return run


def _be_the_one(act: Callable[[], object], writing: int, at: Point | None, how: str) -> None:
    """Never returns: what is behind the fork belongs to the other one."""
    try:
        _forget_connections()
        recorder = _Recorder(writing, at, how)
        with recorder.laid():
            try:
                act()
                recorder.write("ended done")
            except DomainError as refusal:
                recorder.write(f"ended refused: {refusal.code}")
            except Exception as error:
                recorder.write(f"ended {type(error).__name__}: {error}".splitlines()[0])
    finally:
        os._exit(0)


def _forget_connections() -> None:
    """What was inherited belongs to the other process: not used here, and not closed either."""
    connecting._connect.cache_clear()
    kombu_connections.clear()
    producers.clear()
    current_app._pool = None
    current_app.amqp._producer_pool = None


class _Recorder:
    """Lays the points, and notes and judges each that is reached."""

    def __init__(self, writing: int, at: Point | None, how: str) -> None:
        self.writing, self.at, self.how = writing, at, how
        self.seen: dict[str, int] = {}
        self.unkept: set[str] = set()

    def write(self, line: str) -> None:
        os.write(self.writing, f"{line}\n".encode())

    def reach(self, name: str) -> bool:
        """Note the point; whether a connection is to be lost here. May be the end."""
        self.seen[name] = self.seen.get(name, 0) + 1
        point = Point(name, self.seen[name])
        self.write(f"point {point.nth} {point.name}")
        if point != self.at:
            return False
        if self.how == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    @contextlib.contextmanager
    def laid(self) -> Iterator[None]:
        """For good: the process ends with them."""
        for name, where in ASKED.items():
            setattr(where, name, self._around(f"call {name}", getattr(where, name)))
        BaseDatabaseWrapper.commit = self._commit(BaseDatabaseWrapper.commit)  # type: ignore[method-assign]
        Atomic.__exit__ = self._end(Atomic.__exit__)  # type: ignore[method-assign]
        app = current_app._get_current_object()
        app.send_task = self._bell(app.send_task)
        app.loader.import_default_modules()
        for tasks in {sys.modules[task.__module__] for task in app.tasks.values()}:
            for sweep in ("sweep", "sweep_together"):
                if hasattr(tasks, sweep):
                    setattr(tasks, sweep, self._sweep(getattr(tasks, sweep)))
        with connection.execute_wrapper(self._single_write):
            yield

    def _around(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*args: Any, **named: Any) -> Any:
            self.reach(f"before {name}")
            try:
                return real(*args, **named)
            finally:  # a no is an answer, too
                self.reach(f"after {name}")

        return act

    def _bell(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def send_task(name: str, *args: Any, **named: Any) -> Any:
            return self._around(f"bell {name}", lambda: real(name, *args, **named))()

        return send_task

    def _commit(self, real: Callable[[BaseDatabaseWrapper], None]) -> Callable[..., None]:
        def commit(wrapper: BaseDatabaseWrapper) -> None:
            of = _deed_above()
            is_lost = self.reach(f"before COMMIT of {of}")
            if is_lost:
                _end_session(wrapper)
            try:
                real(wrapper)
            except Error:
                if is_lost:
                    self.write(f"struck {LOST_UNDONE}")
                raise
            for name in sorted(self.unkept):
                self.write(f"kept {name}")
            self.unkept.clear()
            if self.reach(f"after COMMIT of {of}"):
                wrapper.close()
                self.write(f"struck {LOST_DONE}")
                raise OperationalError("server closed the connection unexpectedly")

        return commit

    def _end(self, real: Callable[..., None]) -> Callable[..., None]:
        """Of a transaction, or of what is a part of one."""

        def end(block: Atomic, kind: Any, *raised: Any) -> None:
            if kind is None:
                self.unkept.add(_deed_above())
            else:
                self.unkept.clear()  # some may be kept all the same: rather too few than too many
            real(block, kind, *raised)

        return end

    def _single_write(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        written = _WRITE.match(sql)
        if written is None or context["connection"].in_atomic_block:
            return execute(sql, params, many, context)
        name = f"single write to {written[1]}"
        return self._around(name, execute)(sql, params, many, context)

    def _sweep(self, real: Callable[..., dict[str, int]]) -> Callable[..., dict[str, int]]:
        def sweep(due: Any, act: Callable[[Any], Any], **named: Any) -> dict[str, int]:
            name = f"inside sweep {sys._getframe(1).f_code.co_name}"

            def row_or_batch(pks: Any) -> Any:
                found = act(pks)
                self.reach(name)
                return found

            return real(due, row_or_batch, **named)

        return sweep


def _end_session(wrapper: BaseDatabaseWrapper) -> None:
    """PostgreSQL ends it: the answer to that is an error, if it comes at all."""
    with (
        contextlib.suppress(wrapper.Database.OperationalError),
        wrapper.connection.cursor() as cursor,
    ):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def _deed_above() -> str:
    """The decorated service whose transaction ends, or else who opened it by ``with``."""
    frame = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if code.co_name == "inner" and code.co_filename.endswith("contextlib.py"):
            deed = frame.f_locals["func"]
            return f"{deed.__module__}.{deed.__name__}"
        passed = ("/django/", "contextlib.py", __file__)
        if not any(part in code.co_filename for part in passed):
            return f"{frame.f_globals.get('__name__')}.{code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]
    return "nobody"
