"""Talking to the instance as one of its people would: the API, and the provider's hosted pages."""

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

TIMEOUT = 30  # seconds
UNDER_WAY = "idempotency_in_progress"
GOOD_CARD = "4242424242424242"
SECURE_CARD = "4000000000003220"
# What an answer tells of a thing that the books can be asked for.
TOLD = ("id", "status", "amount", "to_freelancer")
BAD_CARDS = ("4000000000000002", "4000000000009995")


class Surprise(Exception):
    """An answer that nobody expected: the life that met it is stuck."""


@dataclass
class Instance:
    """The running marketplace, and a tally of how it answered.

    Its people ask again for ``patience`` seconds where no answer comes, or one of 5xx, a deed under
    the same key; without patience each of these is a failure. What they were told of their deeds
    is written to ``told``, a line of JSON for each thing.
    """

    base_url: str
    patience: float = 0
    told: Path | None = None
    answers: Counter[int] = field(default_factory=Counter)
    deeds: int = 0
    failures: list[str] = field(default_factory=list)
    repeated: int = 0
    _local: threading.local = field(default_factory=threading.local)
    _pen: threading.Lock = field(default_factory=threading.Lock)

    def session(self) -> requests.Session:
        """One connection for each thread."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        return self._local.session

    def note(self, method: str, url: str, response: requests.Response) -> None:
        self.answers[response.status_code] += 1
        self.deeds += method == "POST" and response.status_code < 400
        if response.status_code >= 500 and not self.patience:
            self.failures.append(f"{method} {url}: {response.status_code} {response.text[:200]}")

    def ask(self, method: str, url: str, **how: Any) -> requests.Response:
        """The answer, asked for again where an earlier one was lost."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                response = self.session().request(method, url, timeout=TIMEOUT, **how)
            except requests.RequestException as trouble:
                if time.monotonic() > deadline:
                    raise Surprise(f"{method} {url}: {type(trouble).__name__}") from trouble
                self._local.session.close()
            else:
                self.note(method, url.removeprefix(f"{self.base_url}/api/v1/"), response)
                if not _may_still_come(response) or time.monotonic() > deadline:
                    return response
            self.repeated += 1
            time.sleep(1)

    def keep(self, **line: Any) -> None:
        """Note what somebody was told."""
        if self.told is not None:
            with self._pen, self.told.open("a") as lines:
                lines.write(json.dumps(line) + "\n")


def _may_still_come(response: requests.Response) -> bool:
    """Trouble of the house, or the first try of this very deed is not over for all it knows."""
    is_under_way = response.status_code == 409 and UNDER_WAY in response.text
    return is_under_way or response.status_code >= 500 or response.status_code == 429


def things_in(said: Any) -> Iterator[dict[str, Any]]:
    """What an answer tells of each thing that it names by an id, however deep it stands there."""
    if isinstance(said, dict):
        if "id" in said:
            yield {name: said[name] for name in TOLD if name in said}
        said = list(said.values())
    if isinstance(said, list):
        for part in said:
            yield from things_in(part)


# Of everybody here: what they sign with.
PASSWORD = "nine-rehearsals-a-day"  # noqa: S105


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

    def put(self, path: str, body: dict[str, Any], *, fine: int = 0) -> Any:
        """Put something in the place of what is there. The same again changes nothing."""
        return self._call("PUT", path, body=body, fine=fine)

    def sign(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a deed that is a signature: the password goes with it."""
        return self.post(path, (body or {}) | {"password": PASSWORD})

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
        response = self.instance.ask(method, url, json=body, params=params, headers=headers)
        if response.ok:
            said = response.json() if response.content else {}
            if method == "POST":
                for thing in things_in(said):
                    self.instance.keep(deed=path, **thing)
            return said
        if response.status_code == fine:
            return None
        raise Surprise(f"{self.name}: {method} {path} → {response.status_code} {response.text}")


def pay(instance: Instance, url: str, cards: list[str], *, code: str = "123") -> bool:
    """Try the cards one after the other on the provider's pay page, as a browser would; whether
    the page said in the end that it is paid. By its security code the provider's sandbox tells the
    card of one person from that of another with the same number.
    """
    is_paid = False
    for card in cards:
        response = _submit(instance, url, {"card_number": card, "exp": "12/99", "cvc": code})
        if "/authenticate" in response.url:
            response = _submit(instance, response.url, {"answer": "complete"})
        is_paid = response.headers.get("Location", "").startswith(instance.base_url)
    return is_paid


def set_up_payouts(instance: Instance, url: str, *, name: str, country: str) -> None:
    """Fill in the provider's page: of onboarding, or of whom nothing is asked, the dashboard."""
    form = {"legal_name": name, "country": country, "account_number": "000123456789"}
    _submit(instance, url, form)


def _submit(instance: Instance, url: str, form: dict[str, str]) -> requests.Response:
    # Our own pages, where the provider sends the browser back to, need a log-in: not followed.
    response = instance.ask("POST", url, data=form, allow_redirects=False)
    onward = response.headers.get("Location", "")
    if onward and "/pay/" in onward and not onward.startswith(instance.base_url):
        response = instance.ask("GET", requests.compat.urljoin(url, onward))
    return response
