"""Processes that we start, recognise again and stop, each with everything it started itself."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict


class Trouble(Exception):
    """Something went wrong: one clear sentence for a person, and the log that tells the rest."""

    def __init__(self, sentence: str, log: Path | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.log = log


class Identity(TypedDict):
    """Whose process it is, where it is not to be ours: numeric ids."""

    user: int
    group: int
    extra_groups: list[int]


def start(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    identity: Identity | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own, writing to ``log``.

    In a group of its own, so that Ctrl-C reaches only the supervisor, which then stops the others
    in order. Only root may start a process with another ``identity``.
    """
    with log.open("ab") as out:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            start_new_session=True,
            **keywords_of(identity),
        )
    return process


def keywords_of(identity: Identity | None) -> dict[str, Any]:
    """What subprocess calls it."""
    return {**identity} if identity is not None else {}


def stop(process: subprocess.Popen[bytes], *, how: int = signal.SIGTERM, wait: float = 15) -> None:
    """Ask the process to end; after ``wait`` seconds end its whole group."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=wait)
    # Also when it went by itself: what it started may have outlived it.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log file, or nothing where there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


# --- Recognising a process again -----------------------------------------------------------------


@dataclass(frozen=True)
class Mark:
    """A process as it can be recognised later: its id alone may belong to another one by then."""

    pid: int
    born: str

    @classmethod
    def of(cls, pid: int) -> "Mark":
        return cls(pid, _birth_of(pid))

    def is_alive(self) -> bool:
        return bool(self.born) and _birth_of(self.pid) == self.born

    def stop(self, *, how: int = signal.SIGTERM, wait: float = 15) -> None:
        """End the process and its group, as one who is not its parent."""
        if not self.is_alive():
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, how)
        self._wait(wait)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        # Until it is really gone, its locks and its port are its own.
        self._wait(5)

    def _wait(self, seconds: float) -> None:
        for _ in tries(seconds):
            if not self.is_alive():
                return


def _birth_of(pid: int) -> str:
    """When the process started, in whatever unit the system has; nothing if it is gone."""
    try:
        # The name in brackets may contain anything; what follows it does not.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
        asked = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        return asked.stdout.strip()
    is_dead = fields[0] in "ZX"
    return "" if is_dead else fields[19]


def program_of(pid: int) -> str | None:
    """The name of the program that runs under this id; None where that cannot be known."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None


class MarkBook:
    """The marks of the processes of one folder, on disk: so that a start after a kill -9 of the
    supervisor can end what was left running."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, pid: int) -> None:
        marks = self._read() | {name: [pid, Mark.of(pid).born]}
        # At once or not at all: killed in between, an empty book would leave everything running.
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(marks))
        beside.replace(self.path)

    def clear_leftovers(self) -> list[str]:
        """End every process noted here, the latest first; the names of those that still ran."""
        ended = []
        for name, (pid, born) in reversed(self._read().items()):
            mark = Mark(pid, born)
            if mark.is_alive():
                ended.append(name)
                # PostgreSQL takes SIGINT for "now, but cleanly"; SIGTERM waits for its clients.
                # On a busy disk it may take long to write everything.
                is_database = name == "postgres"
                mark.stop(
                    how=signal.SIGINT if is_database else signal.SIGTERM,
                    wait=60 if is_database else 15,
                )
        self.path.unlink(missing_ok=True)
        return ended

    def _read(self) -> dict[str, list]:
        try:
            return json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}


def tries(seconds: float) -> Iterator[None]:
    """Try again and again, ten times a second, for so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.1)
