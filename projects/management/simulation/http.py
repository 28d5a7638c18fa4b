"""Talking to the instance as one of its people would: the API, and the provider's hosted pages."""

import threading
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests

TIMEOUT = 30  # seconds
GOOD_CARD = "4242424242424242"
SECURE_CARD = "4000000000003220"
BAD_CARDS = ("4000000000000002", "4000000000009995")


class Surprise(Exception):
    """An answer that nobody expected: the life that met it is stuck."""


@dataclass
class Instance:
    """The running marketplace, and a tally of how it answered."""

    base_url: str
    answers: Counter[int] = field(default_factory=Counter)
    deeds: int = 0
    failures: list[str] = field(default_factory=list)
    _local: threading.local = field(default_factory=threading.local)

    def session(self) -> requests.Session:
        """One connection for each thread."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        return self._local.session

    def note(self, method: str, url: str, response: requests.Response) -> None:
        self.answers[response.status_code] += 1
        self.deeds += method == "POST" and response.status_code < 400
        if response.status_code >= 500:
            self.failures.append(f"{method} {url}: {response.status_code} {response.text[:200]}")


@dataclass
class Person:
    """Somebody with a token of the API."""

    instance: Instance
    name: str
    token: str

    def get(self, path: str, *, fine: int = 0, **params: Any) -> Any:
        """Look at something. ``fine`` is a refusal that may be met here: then it is None."""
        return self._call("GET", path, params=params, fine=fine)

    def post(self, path: str, body: dict[str, Any] | None = None, *, fine: int = 0) -> Any:
        """Send a deed. ``fine`` is a refusal that may be met here: then the answer is None."""
        return self._call("POST", path, body=body or {}, fine=fine)

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        fine: int = 0,
    ) -> Any:
        url = f"{self.instance.base_url}/api/v1/{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        response = self.instance.session().request(
            method, url, json=body, params=params, headers=headers, timeout=TIMEOUT
        )
        self.instance.note(method, path, response)
        if response.ok:
            return response.json() if response.content else {}
        if response.status_code == fine:
            return None
        raise Surprise(f"{self.name}: {method} {path} → {response.status_code} {response.text}")


def pay(instance: Instance, url: str, cards: list[str]) -> None:
    """Try the cards one after the other on the provider's pay page, as a browser would."""
    for card in cards:
        response = _submit(instance, url, {"card_number": card, "exp": "12/34", "cvc": "123"})
        if "/authenticate" in response.url:
            _submit(instance, response.url, {"answer": "complete"})


def set_up_payouts(instance: Instance, url: str, *, name: str, country: str) -> None:
    """Fill in the provider's onboarding page."""
    form = {"legal_name": name, "country": country, "account_number": "000123456789"}
    _submit(instance, url, form)


def _submit(instance: Instance, url: str, form: dict[str, str]) -> requests.Response:
    # Our own pages, where the provider sends the browser back to, need a log-in: not followed.
    session = instance.session()
    response = session.post(url, data=form, timeout=TIMEOUT, allow_redirects=False)
    instance.note("POST", url, response)
    onward = response.headers.get("Location", "")
    if onward and "/pay/" in onward and not onward.startswith(instance.base_url):
        response = session.get(requests.compat.urljoin(url, onward), timeout=TIMEOUT)
        instance.note("GET", url, response)
    return response
