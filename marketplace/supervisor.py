"""Start everything that Milepost is made of, watch over it, and stop it: one supervisor.

``manage.py demo`` calls it. Services that the environment names are used, the others are started
from their wheels; everything kept lies in ``.data/``.
"""

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType

from marketplace import demo, processes, programs
from marketplace.children import Child, revived
from marketplace.embedded import BASE_DIR, DATA, Postgres, Valkey
from marketplace.processes import MarkBook, Trouble
from marketplace.running_demo import lock_demo
from marketplace.watchdog import Watchdog

READY_WITHIN = 90


class Asked(Exception):
    """Somebody pressed Ctrl-C, or sent SIGTERM, or closed the terminal."""


class Supervisor:
    """One demo in one checkout."""

    def __init__(self, *, port: int, environment: Mapping[str, str]) -> None:
        self.port = port
        self.given = environment
        self.logs = DATA / "logs"
        self.marks = MarkBook(DATA / "processes.json")
        self.children: list[Child] = []
        self.services: list[Postgres | Valkey] = []
        self.environment: dict[str, str] = {}
        self.is_asked = False

    def run(self, *, reset: bool, welcome: Callable[[str], str]) -> int:
        """Serve until asked to stop; the exit status. ``welcome`` words the address."""
        try:
            lock = lock_demo()
        except OSError as problem:
            return _complain(_trouble_with(problem))
        if lock is None:
            return _complain(Trouble("A demo is running in this checkout already; stop that one."))
        # Noted, and looked at between two steps: what is being started or ended is never half done.
        # Impatience changes nothing: asked twice is asked.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note_asked)
        try:
            self._start(reset=reset)
            print(welcome(self.environment["SITE_URL"]), flush=True)
            self._watch()
        except Asked:
            print("\nStopping ...", flush=True)
        except Trouble as trouble:
            return _complain(trouble)
        except OSError as problem:
            return _complain(_trouble_with(problem))
        finally:
            self._stop()
            lock.close()
        return 0

    def _note_asked(self, _number: int, _frame: FrameType | None) -> None:
        self.is_asked = True

    def _step(self, line: str) -> None:
        """Say what comes next, unless somebody wants nothing more."""
        self._stop_if_asked()
        _say(line)

    def _stop_if_asked(self) -> None:
        if self.is_asked:
            raise Asked

    # --- Starting --------------------------------------------------------------------------------

    def _start(self, *, reset: bool) -> None:
        if left := self.marks.clear_leftovers():
            _say(f"Ended what an earlier demo left running: {', '.join(left)}.")
        self._demand_port()
        if reset:
            self._reset()
        self._make_folders()
        self._step("Starting PostgreSQL and Valkey ...")
        self._start_services()
        self._describe()
        self._step("Building the styles and the catalogues ...")
        self._do("assets", [sys.executable, "assets/build.py"])
        self._step("Preparing the database ...")
        self._do("migrate", programs.command("migrate", self.environment))
        self._step("Bringing in the cast ...")
        self._do("seed", [sys.executable, "manage.py", "seed_demo"])
        self._step("Starting web, worker and clock ...")
        self._start_programs()
        self._await_readiness()
        if "STRIPE_API_BASE" not in self.given and not demo.furnished().exists():
            demo.top_up(self.environment["STRIPE_API_BASE"])
            self._step("Letting two of the neighbours disagree ...")
            self._do("dispute", [sys.executable, "manage.py", "seed_demo", "--dispute"])
            demo.furnished().touch()

    def _demand_port(self) -> None:
        if not 1 <= self.port <= 65_535:
            raise Trouble(f"{self.port} is not a port: choose one from 1 to 65535.")
        problem = demo.why_not_free(self.port)
        if problem == errno.EACCES:
            raise Trouble(f"Port {self.port} is only for root: try `make demo PORT=8010`.")
        if problem:
            raise Trouble(
                f"Port {self.port} is taken by another program: choose another, like "
                f"`make demo PORT={self.port % 60_000 + 10}`."
            )

    def _reset(self) -> None:
        if "DATABASE_URL" in self.given:
            raise Trouble("RESET=1 empties only .data/, not the database that DATABASE_URL names.")
        for path in DATA.iterdir():
            if path.name == "demo.lock":
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _make_folders(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        for log in self.logs.glob("*.log"):
            log.replace(log.with_suffix(".log.old"))

    def _start_services(self) -> None:
        addresses = {}
        for variable, kind in (("DATABASE_URL", Postgres), ("REDIS_URL", Valkey)):
            if variable in self.given:
                addresses[variable] = self.given[variable]
                continue
            name = kind.__name__.lower()
            service = kind(DATA / name, log=self._log(name), marks=self.marks)
            self.services.append(service)
            addresses[variable] = service.start()
            self.children.append(
                Child(name, partial(_start_again, service), service.log, service.process)
            )
        self.environment = demo.environment_of(self.port, self.given, addresses)

    def _describe(self) -> None:
        """Leave a note for the other commands of this checkout (running_demo.join_running_demo)."""
        note = DATA / "demo.json"
        note.unlink(missing_ok=True)
        note.touch(mode=0o600)
        told = {"pid": os.getpid(), "url": self.environment["SITE_URL"]}
        note.write_text(json.dumps(told | {"environment": self.environment}, indent=2))

    def _do(self, name: str, command: list[str]) -> None:
        """Run one step to its end."""
        child = self._start_child(name, command)
        while (status := child.died()) is None:
            self._stop_if_asked()
            time.sleep(0.05)
        self.children.remove(child)
        if status:
            raise Trouble(f"The step “{name}” failed (status {status}).", child.log)

    def _start_programs(self) -> None:
        if "STRIPE_API_BASE" not in self.given:
            self._start_child("stripe", demo.stripe_command(self.environment))
        for name in ("web", "live", "worker", "beat"):
            self._start_child(name, programs.command(name, self.environment))

    def _start_child(self, name: str, command: list[str]) -> Child:
        log = self._log(name)
        env = programs.environment_of(name, {**self.given, **self.environment})

        def start() -> subprocess.Popen[bytes]:
            process = processes.start(command, log=log, env=env, cwd=BASE_DIR)
            self.marks.write(name, process.pid)
            return process

        child = Child(name, start, log)
        self.children.append(child)
        child.process = child.start()
        return child

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    # --- Watching --------------------------------------------------------------------------------

    def _await_readiness(self) -> None:
        for _ in processes.tries(READY_WITHIN):
            self._look_after_children()
            if demo.is_ready(self.port):
                return
        raise Trouble(f"Milepost was not ready within {READY_WITHIN} seconds.", self._log("web"))

    def _watch(self) -> None:
        watchdog = Watchdog(partial(demo.readiness, self.port))
        while True:
            self._look_after_children()
            for line in watchdog.restarted(self.children):
                _say(line)
            time.sleep(0.3)

    def _look_after_children(self) -> None:
        self._stop_if_asked()
        for line in revived(self.children):
            _say(line)

    # --- Stopping --------------------------------------------------------------------------------

    def _stop(self) -> None:
        # All are asked first and waited for then, so that it takes as long as the slowest. The
        # order matters to nobody: what is lost on the way is found by the sweeps.
        kept = [service.process for service in self.services]
        running = [
            child.process
            for child in self.children
            if child.process is not None and child.process not in kept
        ]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in running:
            processes.stop(process)
        for service in reversed(self.services):
            service.stop()
        # Also what an earlier demo left, should this one have been stopped before it got to that.
        with contextlib.suppress(OSError):
            self.marks.clear_leftovers()
            (DATA / "demo.json").unlink(missing_ok=True)


def _trouble_with(problem: OSError) -> Trouble:
    """A full disk, a folder of somebody else's: what it is about, and what the system says."""
    return Trouble(f"{problem.filename or DATA} cannot be used: {problem.strerror or problem}.")


def _start_again(service: Postgres | Valkey) -> subprocess.Popen[bytes]:
    """At the same address, which everybody knows already.

    Killed while it starts (after a crash PostgreSQL first reads its log again) it has died once
    more: its death is counted like every other, and it is started again.
    """
    try:
        service.start()
    except Trouble:
        if service.process is None or service.process.poll() is None:
            raise
    assert service.process is not None
    return service.process


def _say(line: str) -> None:
    print(line, flush=True)


def _complain(trouble: Trouble) -> int:
    """One sentence, and where there is one, the end of the log."""
    print(f"\n{trouble.sentence}", file=sys.stderr)
    if trouble.log is not None and (end := processes.tail(trouble.log)):
        print(f"\nThe end of {_from_here(trouble.log)}:\n\n{end}", file=sys.stderr)
    return 1


def _from_here(path: Path) -> Path:
    return path.relative_to(BASE_DIR) if path.is_relative_to(BASE_DIR) else path
