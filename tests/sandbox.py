"""The local Stripe for tests: a process of its own, its pages, its letters, its troubles.

``sandbox`` gives a fresh one to each test, and the settings lead to it. ``play_on`` does what a
worker and the provider's postman would do, until nothing more happens.
"""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.test import Client

from payments import tasks
from projects.tasks import end_due_holds
from tests.provider_traffic import Traffic, definitions, event_problems

SECRET = "whsec_milepost"
# Seconds until the provider books a charge, and until a bank has its say.
SETTLE_DELAY, PAYOUT_DELAY = 60, 120
GOOD_CARD = "4242424242424242"
AVAILABLE_AT_ONCE = "4000000000000077"
DECLINED_CARD = "4000000000000002"
SECURE_CARD = "4000000000003220"
REFUND_FAILS_LATER = "4000000000005126"
REFUND_TAKES_TIME = "4000000000007726"
GOOD_ACCOUNT, CLOSED_ACCOUNT = "000123456789", "000111111113"  # … that are debited
GOOD_BANK = "000123456789"
NO_SUCH_ACCOUNT = "000111111116"
SENDS_BACK_LATER = "000777777777"


class Sandbox:
    """One running process. Letters wait here until somebody brings them to our door."""

    def __init__(self) -> None:
        self.letters: deque[tuple[bytes, str]] = deque()
        self.ever: list[bytes] = []
        self._box = self._open_letterbox()
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "stripe_sandbox", "--port", str(port)),
                *("--webhook-url", f"http://127.0.0.1:{self._box.server_address[1]}/"),
                *("--webhook-secret", SECRET, "--no-delivery-thread"),
                # So long that nothing happens by itself in a slow test: its clock is moved.
                *("--settle-delay", str(SETTLE_DELAY), "--payout-delay", str(PAYOUT_DELAY)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=django_settings.BASE_DIR,
        )
        self.session = requests.Session()
        self._wait_until_it_answers()

    def close(self) -> None:
        self.session.close()
        self._process.terminate()
        self._process.wait(10)
        self._box.shutdown()
        self._box.server_close()

    # --- Behind the stage ---------------------------------------------------------------------

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """A control of the sandbox: ``ask("POST", "/topups", amount=1, currency="usd")``."""
        answer = self.session.request(method, f"{self.url}/_sandbox{path}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def api(self, method: str, path: str, *, account: str = "", **form: Any) -> Any:
        """The API itself, as the operator of the account would use it from elsewhere."""
        headers = {"Authorization": f"Bearer {django_settings.STRIPE_SECRET_KEY}"}
        if account:
            headers["Stripe-Account"] = account
        given = {"params" if method == "GET" else "data": form}
        answer = self.session.request(
            method, f"{self.url}{path}", headers=headers, timeout=10, **given
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def trouble(self, *faults: dict[str, Any]) -> None:
        """``trouble({"fault": "timeout_after", "path": "/v1/transfers"})``; none ends it."""
        self.ask("POST", "/faults", faults=list(faults))

    # --- People at its pages ------------------------------------------------------------------

    def pay(self, url: str, card: str = GOOD_CARD) -> requests.Response:
        return self.session.post(url, data={"test_card": card}, allow_redirects=False, timeout=10)

    def authenticate(self, url: str, *, passed: bool = True) -> requests.Response:
        answer = {"answer": "complete" if passed else "fail"}
        return self.session.post(
            f"{url}/authenticate", data=answer, allow_redirects=False, timeout=10
        )

    def onboard(self, remote_id: str, *, bank: str = GOOD_BANK, country: str = "US") -> None:
        self.ask("POST", f"/accounts/{remote_id}/onboard", bank_number=bank, country=country)

    # --- Its letters --------------------------------------------------------------------------

    def collect(self) -> int:
        """Have all that is due happen and be written; how many letters wait here now."""
        self.ask("POST", "/deliver", force=True)
        return len(self.letters)

    def _wait_until_it_answers(self) -> None:
        for _ in range(200):
            with contextlib.suppress(requests.ConnectionError):
                self.session.get(f"{self.url}/healthz", timeout=5)
                return
            time.sleep(0.05)
        self.close()
        raise AssertionError("the sandbox did not start")

    def _open_letterbox(self) -> ThreadingHTTPServer:
        letters, ever = self.letters, self.ever

        class Box(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                letters.append((body, self.headers["Stripe-Signature"]))
                ever.append(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        box = ThreadingHTTPServer(("127.0.0.1", 0), Box)
        box.daemon_threads = True
        threading.Thread(target=box.serve_forever, args=(0.02,), daemon=True).start()
        return box


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def drop(letter: tuple[bytes, str], client: Client | None = None) -> int:
    """Bring a letter to our door; the status of the answer."""
    body, signature = letter
    return (
        (client or Client())
        .post(
            "/webhooks/stripe/",
            body,
            content_type="application/json",
            headers={"Stripe-Signature": signature},
        )
        .status_code
    )


SWEEPS = (
    tasks.handle_due_events,
    tasks.ask_about_due_payments,
    tasks.send_due_refunds,
    tasks.ask_about_chargebacks,
    tasks.recover_debts,
    tasks.schedule_due_payouts,
    tasks.send_due_payouts,
    tasks.cancel_due_payouts,
    end_due_holds,
    tasks.ask_about_accounts,
    tasks.remind_payees,
    tasks.remind_of_payouts,
    tasks.let_held_payouts_go,
    tasks.tell_that_holds_end,
)


def sweep_all() -> int:
    """Every sweep of the floor, once, and no bell at all; how many rows were acted on."""
    return sum(sum(one().values()) for one in SWEEPS) + tasks.book_own_funds()


def play_on(sandbox: Sandbox, *, rounds: int = 12) -> None:
    """Post and worker, until nothing more happens."""
    for _ in range(rounds):
        letters = sandbox.collect()
        while sandbox.letters:
            assert drop(sandbox.letters.popleft()) == 200
        if not sweep_all() and not letters:
            return
    raise AssertionError("there is no end of it")


@pytest.fixture
def sandbox(settings, monkeypatch) -> Iterator[Sandbox]:
    """A fresh local Stripe that our gateway speaks to."""
    one, known = Sandbox(), definitions()
    settings.STRIPE_API_BASE = one.url
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    traffic = Traffic().listen(monkeypatch) if known else None
    yield one
    one.close()
    if known and traffic:
        problems = [*traffic.problems(known), *event_problems(known, one.ever)]
        assert not problems, "\n".join(sorted(set(problems)))
