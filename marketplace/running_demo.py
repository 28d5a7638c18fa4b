"""The demo that is running in this checkout: there is one, and other commands join it."""

import contextlib
import fcntl
import json
import os
from typing import IO

from marketplace import processes
from marketplace.embedded import DATA


def lock_demo() -> IO[str] | None:
    """Become the only demo of this checkout, until the file returned is closed; or nothing.

    The system gives the lock back when the process ends, however it ends, so that holding it is
    the proof of being alive.
    """
    DATA.mkdir(parents=True, exist_ok=True)
    lock = (DATA / "demo.lock").open("a")
    # A command that looks whether a demo is running holds the lock for a moment.
    for _ in processes.tries(1):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
    lock.close()
    return None


def join_running_demo() -> None:
    """Let this command talk to the services of the demo that is running in this checkout.

    Who names another DATABASE_URL means another house; that is left alone.
    """
    if not demo_is_running():
        return
    try:
        environment = json.loads((DATA / "demo.json").read_text())["environment"]
    except (OSError, ValueError):
        return  # it is only just starting
    if os.environ.get("DATABASE_URL", environment["DATABASE_URL"]) == environment["DATABASE_URL"]:
        for name, value in environment.items():
            os.environ.setdefault(name, value)


def demo_is_running() -> bool:
    """Whether a living supervisor holds the lock."""
    try:
        with (DATA / "demo.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
