"""Real services for the tests: PostgreSQL and Valkey in a temporary folder, stopped at the end.

Loaded with ``-p tests.services``, because pytest-django reads the settings before any conftest.
The addresses travel in the environment, so that the workers of xdist find the same servers. Where
DATABASE_URL or REDIS_URL is set, that service is used instead.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from marketplace.embedded import Postgres, Valkey
from marketplace.processes import MarkBook, Trouble, tail

_PREFIX = "milepost-tests-"


def _provide() -> None:
    os.environ |= {
        "SANDBOX": "1",
        "DEBUG": "0",
        "SITE_URL": "http://127.0.0.1:8000",
        "SECRET_KEY": "only-for-tests-only-for-tests-only-for-tests-only-for-tests",
        # Nobody listens there: a test that needs the provider starts one for itself.
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "STRIPE_SECRET_KEY": "sk_test_milepost",
        "STRIPE_WEBHOOK_SECRET": "whsec_milepost",
        # Nobody who waits for a test is served by an even pace.
        "STRIPE_CALLS_PER_SECOND": "1000",
    }
    if os.environ.get("MILEPOST_TESTS_PROVIDED"):
        return  # a worker of xdist: the first process has provided for it
    os.environ["MILEPOST_TESTS_PROVIDED"] = "1"
    _clear_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = (folder / "owner.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.environ["MEDIA_ROOT"] = str(folder / "media")
    os.environ["STATIC_ROOT"] = str(folder / "static")
    (folder / "static").mkdir()
    marks = MarkBook(folder / "processes.json")
    stops = contextlib.ExitStack()
    # Held to the very end: an unlocked folder is one that a killed run left behind.
    stops.callback(lock.close)
    stops.callback(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(stops.close)
    # `timeout` and a closed terminal end a run like Ctrl-C does: what was started is stopped.
    for signal_number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, lambda number, _frame: sys.exit(128 + number))
    for variable, kind in (("DATABASE_URL", Postgres), ("REDIS_URL", Valkey)):
        if variable not in os.environ:
            name = kind.__name__.lower()
            service = kind(folder / name, log=folder / f"{name}.log", marks=marks, hasty=True)
            stops.callback(service.stop)
            try:
                os.environ[variable] = service.start()
            except Trouble as trouble:
                sys.exit(f"{trouble.sentence}\n{tail(trouble.log) if trouble.log else ''}")


def _clear_leftovers() -> None:
    """End what a run that was killed outright could not."""
    for notes in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/processes.json"):
        folder = notes.parent
        with contextlib.suppress(OSError), (folder / "owner.lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            MarkBook(notes).clear_leftovers()
            shutil.rmtree(folder, ignore_errors=True)


_provide()
