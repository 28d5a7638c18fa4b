"""All that passes between our gateway and the local Stripe, held against Stripe's definitions.

Every test that uses the ``sandbox`` fixture is listened to, so a request, an answer or an event
that departs from the definitions fails the test that caused it. Without the definitions nothing is
listened to, and ``test_definitions.py`` says so.
"""

import json
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe

from stripe_sandbox.forms import decode_form
from tests.stripe_sandbox.definitions import WHERE, Definitions


@cache
def definitions() -> Definitions | None:
    return Definitions(WHERE) if WHERE else None


class Traffic:
    """What was said so far: by us (method, path, parameters), and in answer (with its status)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.answered: list[tuple[str, str, int, Any]] = []

    def listen(self, monkeypatch: pytest.MonkeyPatch) -> "Traffic":
        real = stripe.RequestsClient.request

        def request(client, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
            parts = urlsplit(url)
            self.asked.append((method.upper(), parts.path, _parameters(parts, post_data)))
            answer = real(client, method, url, headers, post_data)
            self._hear(method.upper(), parts.path, answer)
            return answer

        monkeypatch.setattr(stripe.RequestsClient, "request", request)
        return self

    def _hear(self, method: str, path: str, answer: Any) -> None:
        content, status, _ = answer
        with suppress(ValueError):  # cut off by a fault that the test asked for
            self.answered.append((method, path, status, json.loads(content)))

    def problems(self, known: Definitions) -> list[str]:
        found = [
            f"asked {method} {path} {problem}"
            for method, path, said in self.asked
            for problem in asked_problems(known, method, path, said)
        ]
        for method, path, status, body in self.answered:
            wrong = (
                known.answer_problems(method, path, body)
                if status == 200
                else known.problems({"$ref": "error"}, body, str(status))
            )
            found += [f"answered {method} {path} {problem}" for problem in wrong]
        return found


def asked_problems(known: Definitions, method: str, path: str, said: dict[str, Any]) -> list[str]:
    """What Stripe would not take of a request, or misses in it."""
    schema = known.parameters(method, path)
    if not schema.get("properties"):
        return [f"$.{name}: unknown" for name in said]
    return known.problems(schema, typed(known, schema, said), "$")


def typed(known: Definitions, schema: dict[str, Any], said: Any) -> Any:
    """A form knows texts alone: what they say by the definitions. What they do not say stays."""
    schema = known.resolved(schema)
    if "anyOf" in schema:
        tried = [(one, typed(known, one, said)) for one in schema["anyOf"]]
        return min(tried, key=lambda pair: len(known.problems(pair[0], pair[1], "$")))[1]
    kind = schema.get("type")
    if kind == "integer" and isinstance(said, str) and said.lstrip("-").isdecimal():
        return int(said)
    if kind == "number" and isinstance(said, str) and said.replace(".", "", 1).isdecimal():
        return float(said)
    if kind == "boolean" and said in ("true", "false"):
        return said == "true"
    if kind == "array" and isinstance(said, dict):
        said = [said[place] for place in sorted(said, key=int)]
    if kind == "array" and isinstance(said, list):
        return [typed(known, schema["items"], one) for one in said]
    if kind == "object" and isinstance(said, dict):
        known_names = schema.get("properties", {})
        return {
            name: typed(known, known_names[name], one) if name in known_names else one
            for name, one in said.items()
        }
    return said


def _parameters(parts: Any, post_data: Any) -> dict[str, Any]:
    if isinstance(post_data, bytes):
        post_data = post_data.decode()
    if post_data and post_data.startswith("{"):
        return json.loads(post_data)
    return decode_form("&".join(filter(None, (parts.query, post_data))))


def event_problems(known: Definitions, letters: list[bytes]) -> list[str]:
    """Of snapshot events by the definitions; of thin ones, which the definitions know only as they
    are fetched, by a table of their own.
    """
    found = []
    for letter in map(json.loads, letters):
        if letter["object"] == "event":
            found += known.event_problems(letter)
        else:
            found += _thin_problems(known, letter)
    return found


# What a notification of a thin event says; what is in brackets may be null.
THIN = {
    "id": str,
    "object": str,
    "type": str,
    "created": str,
    "livemode": bool,
    "related_object": dict,
    "[context]": str,
    "[reason]": dict,
    "[snapshot_event]": str,
}
ABOUT = {"id": str, "type": str, "url": str}


def _thin_problems(known: Definitions, letter: dict[str, Any]) -> list[str]:
    kind = letter["type"]
    if kind not in known.thin:
        return [f"{kind}: unknown"]
    return [
        f"{kind}.{problem}"
        for table, said in ((THIN, letter), (ABOUT, letter["related_object"]))
        for problem in _departures(table, said)
    ]


def _departures(table: dict[str, type], said: dict[str, Any]) -> list[str]:
    allowed = {name.strip("[]"): kind for name, kind in table.items()}
    wrong = [f"{name}: unknown" for name in said if name not in allowed]
    for name, kind in table.items():
        value = said.get(name.strip("[]"))
        if not isinstance(value, kind) and not (value is None and name.startswith("[")):
            wrong.append(f"{name}: {value!r}")
    return wrong
