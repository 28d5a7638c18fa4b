"""The whole house as its supervisor starts it, in a folder of its own; and its processes by id."""

import ctypes
import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import redis
import requests

from marketplace import processes
from marketplace.demo import free_port_from
from marketplace.embedded import BASE_DIR

STARTS_WITHIN = 600
# Each has some of its own, and what marketplace/demo.py makes of the last digits of the first.
PORTS, APART, MOST_HOUSES = 20_000, 10, 99
# Linux hands a process a copy of another one's socket; the C library has no name for that.
_LIBC, _PIDFD_GETFD = ctypes.CDLL(None, use_errno=True), 438
# What the environment of this shell says of other houses is none of this one's business.
_OTHERS = ("DATABASE_URL", "REDIS_URL", "STRIPE_API_BASE", "DATA_DIR", "PORT", "RESET")


class Fallen(Exception):
    """The house is not there any more, although nobody stopped it."""


class House:
    """``manage.py demo`` with data and ports of its own; it starts again what is killed.

    ``guest`` is a process that lives off it, and ends with it.
    """

    def __init__(self, folder: Path) -> None:
        self.data, self.log = folder / "data", folder / "supervisor.log"
        number, self._claim = _claimed_number()
        self.port = free_port_from(PORTS + APART * number)
        self.guest: subprocess.Popen[bytes] | None = None
        given = {name: value for name, value in os.environ.items() if name not in _OTHERS}
        self.given = given | {"DATA_DIR": str(self.data), "PORT": str(self.port)}
        self.supervisor: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.supervisor = processes.start(
            [sys.executable, "manage.py", "demo"], log=self.log, env=self.given, cwd=BASE_DIR
        )
        for _ in processes.tries(STARTS_WITHIN):
            self.demand_life()
            if (self.data / "furnished").exists():
                return
        raise Fallen(f"It did not start.\n{processes.tail(self.log)}")

    def stop(self) -> None:
        """All of it, also where the supervisor is no more."""
        if self.guest is not None:
            processes.stop(self.guest)
        for pid in self.all_pids():
            _send(pid, signal.SIGCONT)
        if self.supervisor is not None:
            processes.stop(self.supervisor, wait=90)
        processes.MarkBook(self.data / "processes.json").clear_leftovers()
        self._claim.close()

    def demand_life(self) -> None:
        if self.supervisor is None or self.supervisor.poll() is not None:
            raise Fallen(f"The supervisor has ended.\n{processes.tail(self.log, 25)}")

    # --- Talking to it ---------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """What its processes are told."""
        told: dict[str, str] = json.loads((self.data / "demo.json").read_text())["environment"]
        return told

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, *words: str, limit: float) -> subprocess.CompletedProcess[str]:
        """Run a command of manage.py in it, for so many seconds at most."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=BASE_DIR,
            env=self.given | self.environment,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )

    def provider(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A control of the provider's sandbox, however long that takes to come back."""
        address = f"{self.environment['STRIPE_API_BASE']}/_sandbox{path}"
        for _ in processes.tries(60):
            try:
                answer = requests.request(method, address, json=body, timeout=60)
            except requests.RequestException:
                self.demand_life()
                continue
            answer.raise_for_status()
            return answer.json()
        raise Fallen("The provider's sandbox does not answer.")

    def open_disputes(self) -> list[str]:
        """The provider's names of what banks demand and have not ruled on."""
        listed = requests.get(
            f"{self.environment['STRIPE_API_BASE']}/v1/disputes",
            params={"limit": 100},
            headers={"Authorization": f"Bearer {self.environment['STRIPE_SECRET_KEY']}"},
            timeout=60,
        )
        listed.raise_for_status()
        return [one["id"] for one in listed.json()["data"] if one["status"] not in ("won", "lost")]

    def await_readiness(self) -> None:
        for _ in processes.tries(150):
            self.demand_life()
            try:
                if requests.get(f"{self.url}/readyz", timeout=5).ok:
                    return
            except requests.RequestException:
                continue
        raise Fallen(f"It did not become ready again.\n{processes.tail(self.log, 25)}")

    # --- Its processes ---------------------------------------------------------------------------

    def pid_of(self, name: str) -> int:
        """The process that the supervisor started last under this name."""
        marks = json.loads((self.data / "processes.json").read_text())
        return int(marks[name][0])

    def parts_of(self, name: str) -> list[int]:
        """The processes that this one started, the oldest first."""
        return _children_of(self.pid_of(name))

    def tree_of(self, name: str) -> list[int]:
        """It and all below it."""
        found = [self.pid_of(name)]
        for pid in found:
            found += _children_of(pid)
        return found

    def all_pids(self) -> list[int]:
        try:
            names = json.loads((self.data / "processes.json").read_text())
        except (OSError, ValueError):
            return []
        return [pid for name in names for pid in self.tree_of(name)]

    # --- What is done to it ----------------------------------------------------------------------

    def kill(self, name: str) -> int:
        return _send(self.pid_of(name), signal.SIGKILL)

    def kill_part(self, name: str) -> int:
        """One of the processes below it: a web process, a worker's child, a session."""
        parts = self.parts_of(name)
        return _send(parts[-1], signal.SIGKILL) if parts else 0

    def freeze(self, name: str, seconds: float) -> int:
        """Stop it and all below it for so long; how many processes that were."""
        pids = self.tree_of(name)
        try:
            stopped = sum(_send(pid, signal.SIGSTOP) for pid in pids)
            time.sleep(seconds)
        finally:
            for pid in pids:
                _send(pid, signal.SIGCONT)
        return stopped

    def cut(self, name: str) -> int:
        """Sever every connection that it and all below it hold; how many there were."""
        return sum(_sever(pid) for pid in self.tree_of(name))

    def empty(self, name: str) -> int:
        """Take everything out of the broker; how many keys that were."""
        broker = redis.Redis.from_url(self.environment["REDIS_URL"], socket_timeout=5)
        keys = int(broker.dbsize())
        broker.flushall()
        return max(1, keys)


def _claimed_number() -> tuple[int, IO[str]]:
    """A number that no other house on this machine has, of whatever run, until the file is closed.

    A port that nobody listens on yet may be somebody's who is starting.
    """
    for number in range(1, MOST_HOUSES + 1):
        try:
            claim = (Path(tempfile.gettempdir()) / f"milepost-chaos-{number}.lock").open("a")
        except PermissionError:
            continue  # of another user
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
            continue
        return number, claim
    raise Fallen(f"There are {MOST_HOUSES} houses on this machine already.")


def _send(pid: int, number: signal.Signals) -> int:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return 0
    return 1


def _sever(pid: int) -> int:
    """Shut the connections of this process, as a network that breaks does: both ends learn of it,
    the process lives, and what it listens on stays open.
    """
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return 0
    try:
        return sum(_shut(process, int(number)) for number in _sockets_of(pid))
    finally:
        os.close(process)


def _sockets_of(pid: int) -> list[str]:
    folder = Path(f"/proc/{pid}/fd")
    found = []
    with suppress(FileNotFoundError):  # it may end meanwhile, or close one
        for number in os.listdir(folder):
            with suppress(FileNotFoundError):
                if os.readlink(folder / number).startswith("socket:"):
                    found.append(number)
    return found


def _shut(process: int, number: int) -> int:
    """Shut it down by a copy of it, if it leads anywhere: pairs within a process have no name."""
    copied = _LIBC.syscall(_PIDFD_GETFD, process, number, 0)
    if copied < 0:
        if ctypes.get_errno() in {errno.EBADF, errno.ESRCH}:
            return 0  # closed meanwhile, or ended
        raise OSError(ctypes.get_errno(), "The connections of another process are out of reach.")
    with socket.socket(fileno=copied) as line:
        if line.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return 0
        try:
            leads_somewhere = bool(line.getpeername() or line.getsockname())
            if leads_somewhere:
                line.shutdown(socket.SHUT_RDWR)
        except OSError:
            return 0  # it has ended by itself
        return int(leads_somewhere)


def _children_of(pid: int) -> list[int]:
    try:
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in told.split()]
