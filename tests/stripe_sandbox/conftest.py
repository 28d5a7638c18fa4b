"""A fresh sandbox for each test, and a look at everything that it said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stripe_sandbox import server as door
from tests.stripe_sandbox.definitions import WHERE, Definitions
from tests.stripe_sandbox.play import Play


@pytest.fixture(scope="session")
def definitions() -> Definitions | None:
    return Definitions(WHERE) if WHERE else None


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int, Any]]:
    """Every answer of the API: method, path, status, body."""
    answers: list[tuple[str, str, int, Any]] = []
    real = door.answer

    def listen(world: Any, request: Any) -> Any:
        given = real(world, request)
        if given.hang is None:
            body = json.loads(given.body)
            answers.append((request.method, request.path, given.status, body))
        return given

    monkeypatch.setattr(door, "answer", listen)
    return answers


@pytest.fixture
def stage(
    said: list[tuple[str, str, int, Any]], definitions: Definitions | None
) -> Iterator[Callable[..., Play]]:
    """Builds sandboxes, and holds all that they said against the definitions."""
    built: list[Play] = []

    def build(**options: Any) -> Play:
        built.append(Play(**options))
        return built[-1]

    yield build
    events = [event for play in built for event in play.events()]
    for play in built:
        play.close()
    if definitions is not None:
        problems = [
            f"{method} {path} {problem}"
            for method, path, status, body in said
            for problem in (
                definitions.answer_problems(method, path, body)
                if status == 200
                else definitions.problems({"$ref": "error"}, body, str(status))
            )
        ]
        problems += [problem for event in events for problem in definitions.event_problems(event)]
        assert problems == []


@pytest.fixture
def play(stage: Callable[..., Play]) -> Play:
    return stage()
