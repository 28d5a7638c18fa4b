"""The whole marketplace as processes of its own, on the test database: web, worker, beat, Stripe.

``market`` starts them for one test. What a test does over HTTP meets real workers and webhooks.
"""

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from django.conf import settings as django_settings
from django.db import connection

from marketplace import processes, programs
from marketplace.children import Child
from marketplace.embedded import free_port


@dataclass
class Market:
    """A running marketplace; ``logs`` is the folder of its processes' logs."""

    url: str
    stripe: str
    broker: str
    logs: Path
    environment: dict[str, str]
    children: list[Child] = field(default_factory=list)

    def start(self, program: str, line: list[str] | None = None) -> Child:
        """One more process of this program: ``worker``, then ``worker-2`` and so on."""
        line = line or programs.command(program, self.environment)
        others = sum(child.name.partition("-")[0] == program for child in self.children)
        name = f"{program}-{others + 1}" if others else program
        log = self.logs / f"{name}.log"
        child = Child(name, partial(_start, program, line, self.environment, log), log)
        self.children.append(child)
        child.process = child.start()
        return child

    def child(self, name: str) -> Child:
        return next(child for child in self.children if child.name == name)

    def said(self) -> str:
        """The ends of all logs, for a failure's report."""
        return "\n".join(f"== {log.name}\n{processes.tail(log, 25)}" for log in self._logs())

    def errors(self) -> list[str]:
        """Lines of trouble in any log: a healthy run has none, but for not being ready at first."""
        marks = ("Traceback", "ERROR", "Internal Server Error")
        return [
            f"{log.name}: {line}"
            for log in self._logs()
            for line in log.read_text().splitlines()
            if any(mark in line for mark in marks) and "/readyz" not in line
        ]

    def _logs(self) -> list[Path]:
        return sorted(self.logs.glob("*.log"))


@pytest.fixture
def market(request, transactional_db, settings, tmp_path) -> Iterator[Market]:
    """All processes, ready; stopped before the database is flushed. The live one for tests that
    are marked ``live``.
    """
    port, stripe_port = free_port(), free_port()
    url, stripe = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{stripe_port}"
    settings.STRIPE_API_BASE, settings.SITE_URL = stripe, url
    environment = os.environ | {
        "DATABASE_URL": _address_of_test_database(),
        "REDIS_URL": f"{django_settings.REDIS_URL.rsplit('/', 1)[0]}/{_database_of_broker()}",
        "SITE_URL": url,
        "PORT": str(port),
        "STRIPE_API_BASE": stripe,
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(8)}",
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "DJANGO_SETTINGS_MODULE": "marketplace.settings",
        "WEB_WORKERS": "1",
    }
    names = ["web", "worker", "beat"]
    if request.node.get_closest_marker("live"):
        live_port = str(free_port())
        environment |= {"LIVE_PORT": live_port, "LIVE_URL": f"http://127.0.0.1:{live_port}"}
        names.append("live")
    sandbox_line = [
        *(sys.executable, "-m", "stripe_sandbox", "--port", str(stripe_port)),
        *("--webhook-url", f"{url}/webhooks/stripe/", "--payout-delay", "1"),
        *("--webhook-secret", environment["STRIPE_WEBHOOK_SECRET"]),
    ]
    running = Market(url, stripe, environment["REDIS_URL"], tmp_path, environment)
    try:
        running.start("stripe", sandbox_line)
        for name in names:
            running.start(name)
        _await_readiness(running)
        yield running
    finally:
        for child in reversed(running.children):
            _stop(child)


def _database_of_broker() -> int:
    """One that no other test rings in, of this process or of those that share the tests with it:
    two marketplaces at one broker would take each other's tasks.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return 9 + int(worker.removeprefix("gw")) % 7


def _start(name: str, line: list[str], env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    return processes.start(line, log=log, env=programs.environment_of(name, env))


def _stop(child: Child) -> None:
    if child.process is not None:
        processes.stop(child.process)


def _await_readiness(market: Market) -> None:
    for _ in processes.tries(100):
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{market.url}/readyz", timeout=5).ok:
                return
    pytest.fail(f"the marketplace did not become ready\n{market.said()}")


def _address_of_test_database() -> str:
    given = connection.settings_dict
    host = given["OPTIONS"].get("host") or given["HOST"]
    user = quote(given["USER"])
    password = f":{quote(given['PASSWORD'])}" if given["PASSWORD"] else ""
    port = f"&port={given['PORT']}" if given["PORT"] else ""
    return f"postgresql://{user}{password}@/{given['NAME']}?host={quote(host)}{port}"
