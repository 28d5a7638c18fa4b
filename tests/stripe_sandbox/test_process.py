"""The sandbox as a process of its own, which may be stopped and started again."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
import stripe

from tests.stripe_sandbox.play import SECRET, Webhook, client_for

Start = Callable[..., tuple[subprocess.Popen, str]]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.close()


@pytest.fixture
def start(webhook: Webhook) -> Iterator[Start]:
    running: list[subprocess.Popen] = []

    def start(*options: str) -> tuple[subprocess.Popen, str]:
        command = [sys.executable, "-m", "stripe_sandbox", "--port", "0"]
        command += ["--webhook-url", webhook.url, "--webhook-secret", SECRET, *options]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stderr is not None
        match = re.search(r"on (http://127\.0\.0\.1:\d+)", process.stderr.readline())
        assert match is not None
        return process, match[1]

    yield start
    for process in running:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def stop(process: subprocess.Popen, how: int = signal.SIGTERM) -> int:
    os.kill(process.pid, how)
    return process.wait(timeout=10)


def wait_for(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not what() and time.monotonic() < until:
        time.sleep(0.02)
    return what()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_stops_cleanly(start: Start, how):
    process, url = start()
    assert requests.get(f"{url}/healthz", timeout=5).status_code == 200

    assert stop(process, how) == 0
    assert process.stderr.read() == ""


def test_a_restart_keeps_state_and_loses_no_event(start: Start, webhook: Webhook, tmp_path: Path):
    store = ("--store", str(tmp_path / "sandbox.sqlite3"))
    webhook.answer = lambda letter: 503
    process, url = start(*store)
    requests.post(f"{url}/_sandbox/clock", json={"offset_seconds": 1_000}, timeout=5)
    customer = client_for(url).v1.customers.create({"name": "Ada"}, {"idempotency_key": "k1"})
    assert wait_for(lambda: bool(webhook.letters))
    assert stop(process) == 0
    refused = webhook.letters[0].event["id"]
    webhook.letters.clear()

    webhook.answer = lambda letter: 200
    process, url = start(*store)

    assert wait_for(lambda: bool(webhook.letters))
    assert webhook.letters[0].event["id"] == refused
    client = client_for(url)
    assert client.v1.customers.retrieve(customer.id).name == "Ada"
    assert client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k1"}).id == customer.id
    clock = requests.get(f"{url}/_sandbox/clock", timeout=5).json()
    assert clock["offset_seconds"] == 1_000


def test_a_restart_finds_every_payment_where_it_was(start: Start, tmp_path: Path):
    store = ("--store", str(tmp_path / "sandbox.sqlite3"), "--payout-delay", "500")
    process, url = start(*store)
    intents = client_for(url).v1.payment_intents

    def paid(token: str, key: str | None = None, **fields: str) -> stripe.PaymentIntent:
        params = {"amount": 1_000, "currency": "usd", "payment_method": token, "confirm": True}
        return intents.create({**params, **fields}, {"idempotency_key": key} if key else {})

    held = paid("pm_card_visa", capture_method="manual")
    debited = paid("pm_usBankAccount_success")
    asked = paid("pm_card_authenticationRequired")
    with pytest.raises(stripe.CardError) as declined:
        paid("pm_card_chargeDeclined", "k1")
    assert stop(process, signal.SIGKILL) != 0

    process, url = start(*store)

    intents = client_for(url).v1.payment_intents
    assert intents.capture(held.id, {"amount_to_capture": 400}).amount_received == 400
    answer = {"answer": "complete"}
    requests.post(f"{url}/authenticate/{asked.id}", data=answer, timeout=5)
    assert intents.retrieve(asked.id).status == "succeeded"
    assert intents.retrieve(debited.id).status == "processing"
    requests.post(f"{url}/_sandbox/clock", json={"offset_seconds": 600}, timeout=5)
    assert intents.retrieve(debited.id).status == "succeeded"
    with pytest.raises(stripe.CardError) as again:
        paid("pm_card_chargeDeclined", "k1")
    assert again.value.headers["Idempotent-Replayed"] == "true"
    assert again.value.error.charge == declined.value.error.charge
    assert client_for(url).v1.charges.retrieve(declined.value.error.charge).status == "failed"


def test_a_restart_keeps_endpoints_and_secrets(start: Start, webhook: Webhook, tmp_path: Path):
    store = ("--store", str(tmp_path / "sandbox.sqlite3"), "--no-delivery-thread")
    process, url = start(*store)
    client = client_for(url)
    wish = {"url": webhook.url, "enabled_events": ["customer.created"]}
    made = client.v1.webhook_endpoints.create(wish)
    rolled = requests.post(f"{url}/_sandbox/endpoints/we_configured/roll", json={}, timeout=5)
    assert stop(process, signal.SIGKILL) != 0

    process, url = start(*store)

    client = client_for(url)
    assert [one.id for one in client.v1.webhook_endpoints.list()] == [made.id, "we_configured"]
    client.v1.customers.create({})
    requests.post(f"{url}/_sandbox/deliver", json={}, timeout=5)
    first, second = webhook.letters
    for letter, secret in (
        (first, SECRET),
        (first, rolled.json()["secret"]),
        (second, made.secret),
    ):
        client.construct_event(letter.body, letter.signature, secret)


def test_a_start_with_another_secret_is_obeyed(start: Start, webhook: Webhook, tmp_path: Path):
    store = ("--store", str(tmp_path / "sandbox.sqlite3"), "--no-delivery-thread")
    process, url = start(*store)
    requests.post(f"{url}/_sandbox/endpoints/we_configured/roll", json={}, timeout=5)
    stop(process)

    process, url = start(*store, "--webhook-secret", "whsec_another")

    client = client_for(url)
    client.v1.customers.create({})
    requests.post(f"{url}/_sandbox/deliver", json={}, timeout=5)
    (letter,) = webhook.letters
    assert letter.signature.count("v1=") == 1
    client.construct_event(letter.body, letter.signature, "whsec_another")


def test_a_file_from_before_there_were_several_addresses_is_read(
    start: Start, webhook: Webhook, tmp_path: Path
):
    path = tmp_path / "sandbox.sqlite3"
    store = ("--store", str(path), "--no-delivery-thread")
    process, url = start(*store)
    client_for(url).v1.customers.create({})
    stop(process)
    with closing(sqlite3.connect(path)) as old:
        old.execute("ALTER TABLE deliveries DROP COLUMN endpoint")
        old.execute("DELETE FROM objects WHERE kind = 'webhook_endpoint'")
        old.commit()

    process, url = start(*store)

    requests.post(f"{url}/_sandbox/deliver", json={}, timeout=5)
    assert webhook.types == ["customer.created"]


def test_a_killed_process_has_kept_what_it_answered(start: Start, tmp_path: Path):
    store = ("--store", str(tmp_path / "sandbox.sqlite3"), "--no-delivery-thread")
    process, url = start(*store)
    made = [client_for(url).v1.customers.create({}).id for _ in range(20)]
    stop(process, signal.SIGKILL)

    process, url = start(*store)

    client = client_for(url)
    assert [client.v1.customers.retrieve(id).id for id in made] == made
    kept = requests.get(f"{url}/_sandbox/deliveries", timeout=5).json()["data"]
    assert len(kept) == 20
    assert {one["state"] for one in kept} == {"waiting"}


def test_what_fell_due_while_it_was_stopped_is_done_after_the_start(start: Start, tmp_path: Path):
    store = ("--store", str(tmp_path / "sandbox.sqlite3"), "--settle-delay", "1")
    process, url = start(*store)
    session = client_for(url).v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "http://platform.test/",
            "line_items": [
                {
                    "quantity": 2,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": 5_000,
                        "product_data": {"name": "Milestone 1"},
                    },
                }
            ],
        }
    )
    requests.post(session.url, data={"card_number": "4242424242424242"}, allow_redirects=False)
    stop(process)
    time.sleep(1)

    process, url = start(*store)

    assert client_for(url).v1.balance.retrieve().pending[0].amount == 9_680
