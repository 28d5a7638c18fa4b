"""A sandbox on its stage: the server, the platform's client, its webhook, and the people."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import requests
import stripe

from stripe_sandbox.server import Server

SECRET = "whsec_for_tests"
DAY = 86_400
RECIPIENT = {
    "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}
}


@dataclass
class Letter:
    """One delivery as the webhook got it."""

    body: bytes
    signature: str

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return self.event["type"]


@dataclass
class Webhook:
    """The platform's address for events. ``answer`` decides the status of each delivery."""

    letters: list[Letter] = field(default_factory=list)
    answer: Callable[[Letter], int] = lambda letter: 200

    def __post_init__(self) -> None:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                letter = Letter(body, self.headers["Stripe-Signature"])
                webhook.letters.append(letter)
                self.send_response(webhook.answer(letter))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/webhooks/stripe/"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def types(self) -> list[str]:
        return [letter.type for letter in self.letters]

    def close(self) -> None:
        self._server.shutdown()  # may be said twice
        self._server.server_close()


def client_for(base_url: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_sandbox", base_addresses={"api": base_url}, max_network_retries=0
    )


class Play:
    """The wall stands still while it runs, so that only ``advance`` makes things fall due."""

    def __init__(self, **options: Any) -> None:
        started = time.time()
        self._still = patch("stripe_sandbox.world.time", SimpleNamespace(time=lambda: started))
        self._still.start()
        self.webhook = Webhook()
        options.setdefault("deliver_by_itself", False)
        self.server = Server(0, webhook_url=self.webhook.url, webhook_secret=SECRET, **options)
        self.url = self.server.world.settings.base_url
        self.stripe = client_for(self.url)
        self.http = requests.Session()
        self._thread = threading.Thread(target=self.server.serve, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.http.close()
        self.server.stop()
        self._thread.join(timeout=10)
        self.webhook.close()
        self._still.stop()

    def events(self) -> list[dict[str, Any]]:
        """All events so far, of all accounts, v1 and v2."""
        store = self.server.world.store
        found = store.find("event", account=None) + store.find("v2.core.event")
        return [{k: v for k, v in event.items() if not k.startswith("_")} for event in found]

    # -- behind the stage -------------------------------------------------

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        url = f"{self.url}/_sandbox{path}"
        answer = self.http.get(url) if body is None else self.http.post(url, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def advance(self, seconds: int) -> None:
        offset = self.control("/clock")["offset_seconds"]
        self.control("/clock", {"offset_seconds": offset + seconds})

    def deliver(self, **body: Any) -> dict[str, int]:
        return self.control("/deliver", body)

    # -- the people -------------------------------------------------------

    def account(self, **fields: Any) -> stripe.v2.core.Account:
        """A freelancer's account, not yet set up."""
        return self.stripe.v2.core.accounts.create(
            {
                "contact_email": "ben@example.com",
                "display_name": "Ben",
                "dashboard": "express",
                "configuration": RECIPIENT,
                "defaults": {
                    "responsibilities": {
                        "fees_collector": "application",
                        "losses_collector": "application",
                    }
                },
                "identity": {"country": "us", "entity_type": "individual"},
                **fields,
            }
        )

    def link(self, account_id: str) -> stripe.v2.core.AccountLink:
        return self.stripe.v2.core.account_links.create(
            {
                "account": account_id,
                "use_case": {
                    "type": "account_onboarding",
                    "account_onboarding": {
                        "refresh_url": "http://platform.test/refresh",
                        "return_url": "http://platform.test/return",
                    },
                },
            }
        )

    def onboard(self, account_id: str, account_number: str = "000123456789") -> requests.Response:
        form = {"legal_name": "Ben Weber", "country": "US", "account_number": account_number}
        return self.submit(self.link(account_id).url, **form)

    def freelancer(self, account_number: str = "000123456789", *, manual: bool = True) -> str:
        """The id of an account that can be paid, at that bank."""
        id = self.account().id
        self.onboard(id, account_number)
        if manual:
            self.stripe.v1.balance_settings.update(
                {"payments": {"payouts": {"schedule": {"interval": "manual"}}}},
                {"stripe_account": id},
            )
        return id

    def session(self, amount: int = 10_000, currency: str = "usd", **fields: Any) -> Any:
        name = fields.pop("name", "Milestone 1")
        return self.stripe.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "line_items": [
                    {
                        "price_data": {
                            "currency": currency,
                            "unit_amount": amount,
                            "product_data": {"name": name},
                        },
                        "quantity": 1,
                    }
                ],
                "success_url": "http://platform.test/ok?session={CHECKOUT_SESSION_ID}",
                "cancel_url": "http://platform.test/cancel",
                **fields,
            }
        )

    def submit(self, url: str, **form: str) -> requests.Response:
        return self.http.post(url, data=form, allow_redirects=False)

    def paid(
        self, amount: int = 10_000, currency: str = "usd", card: str = "4242424242424242",
        **fields: Any,
    ) -> stripe.Charge:  # fmt: skip
        """A charge that went through, and is booked but not yet available."""
        session = self.session(amount, currency, **fields)
        answer = self.submit(session.url, card_number=card)
        assert answer.status_code == 303, answer.text
        self.advance(1)
        session = self.stripe.v1.checkout.sessions.retrieve(
            session.id, {"expand": ["payment_intent.latest_charge"]}
        )
        return session.payment_intent.latest_charge

    def funded(self, amount: int = 10_000, currency: str = "usd") -> stripe.Charge:
        """A charge whose money can be used."""
        return self.paid(amount, currency, card="4000000000000077")

    def available(self, account_id: str | None = None, currency: str = "usd") -> int:
        return self._balance(account_id, "available", currency)

    def pending(self, account_id: str | None = None, currency: str = "usd") -> int:
        return self._balance(account_id, "pending", currency)

    def _balance(self, account_id: str | None, part: str, currency: str) -> int:
        options = {"stripe_account": account_id} if account_id else {}
        balance = self.stripe.v1.balance.retrieve(None, options)
        return sum(one.amount for one in balance[part] if one.currency == currency)
