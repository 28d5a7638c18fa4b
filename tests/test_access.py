"""Nobody reaches what is not theirs: role × route × object, generated from one table.

A route that ``tests/access_table.py`` does not list is refused.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from django.db import connection, transaction
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.access_line import EVERYBODY, Line
from tests.access_table import LINES
from tests.access_world import AccessWorld, one_of_everything

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LOG_IN_PAGE = "/account/login/"


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[AccessWorld]:
    """Made once, around all tests of this file: each undoes its own, and finds the same world."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield one_of_everything()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def media(settings) -> None:
    """The world's files stay where they were put when it was made; live events have an address."""
    settings.LIVE_URL = "http://127.0.0.1:8001"


def knock(world: AccessWorld, who: str, method: str, line: Line) -> HttpResponseBase:
    """The answer at the door."""
    path = reverse(line.route, kwargs=world.places[line.of])
    send: dict[str, Any]
    if path.startswith("/api/"):
        client, send = world.programs[who], {"format": "json"}
    else:
        client, send = world.browsers[who], {}
    if line.body and method in ("POST", "PUT"):
        send["data"] = line.body
    with connection.execute_wrapper(_refuse_to_write) if method == "GET" else nullcontext():
        return getattr(client, method.lower())(path, **send)


def _refuse_to_write(execute, sql: str, params, many: bool, context) -> Any:
    """A GET never writes, whoever asks; but for what the library remembers of a browser."""
    is_written = sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))
    assert not is_written or '"django_session"' in sql, f"A GET writes: {sql}"
    return execute(sql, params, many, context)


def test_the_guard_of_reading_notices_a_deed(world):
    line = next(line for line in LINES if line.route == "notice-reading")

    guarded = connection.execute_wrapper(_refuse_to_write)
    with guarded, pytest.raises(AssertionError, match="A GET writes"):
        knock(world, "ada", "POST", line)


def is_sent_to_log_in(answer: HttpResponseBase) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith(LOG_IN_PAGE)


def verdict(answer: HttpResponseBase) -> str:
    """What the answer says about the person, not about the deed."""
    if is_sent_to_log_in(answer) or answer.status_code == 401:
        return "log in"
    return {403: "not yours", 404: "not there", 405: "no such method"}.get(
        answer.status_code, "come in"
    )


def expected(line: Line, who: str) -> str:
    if who in line.may.split():
        return "come in"
    if who == "visitor":
        return line.visitor
    return "not yours" if who in line.sees.split() else "not there"


def doors(*, are_foreign: bool) -> list[Any]:
    return [
        pytest.param(line, method, who, id=f"{line.route}-{method}-{who}")
        for line in LINES
        if line.is_foreign == are_foreign
        for method in line.methods.split()
        for who in EVERYBODY.split()
    ]


@pytest.mark.parametrize(("line", "method", "who"), doors(are_foreign=False))
def test_everybody_reaches_what_is_theirs_and_nothing_else(world, line, method, who):
    answer = knock(world, who, method, line)

    assert verdict(answer) == expected(line, who), answer.status_code
    # The provider does not answer here; anything else that is ours must not break.
    assert answer.status_code < 500 or answer.status_code == 503


@pytest.mark.parametrize(("line", "method", "who"), doors(are_foreign=True))
def test_the_library_shows_visitors_nothing_of_members(world, line, method, who):
    answer = knock(world, who, method, line)

    assert answer.status_code < 500
    if who not in line.may.split():
        assert verdict(answer) == "log in"


def methods_of() -> dict[str, set[str]]:
    listed: dict[str, set[str]] = defaultdict(set)
    for line in LINES:
        listed[line.route] |= set(line.methods.split())
    return listed


CLOSED = [
    pytest.param(line, method, id=f"{line.route}-{method}")
    for line in {line.route: line for line in LINES if not line.is_foreign}.values()
    for method in METHODS
    if method not in methods_of()[line.route]
]


@pytest.mark.parametrize(("line", "method"), CLOSED)
def test_other_methods_are_refused(world, line, method):
    """A deed is no page: what is not listed answers 405, also to those who may come in."""
    answer = knock(world, line.may.split()[-1], method, line)

    assert answer.status_code == 405


def test_every_route_is_listed():
    routes = {name for name, _ in _routes(get_resolver())}
    listed = {line.route for line in LINES}

    assert None not in routes, "a route without a name"
    assert routes - listed == set(), "new routes are refused until they are listed"
    assert listed - routes == set(), "these are listed and gone"


def test_a_route_about_something_says_about_what(world):
    for name, parameters in _routes(get_resolver()):
        for line in LINES:
            if line.route == name:
                assert set(world.places[line.of]) == parameters, name


def _routes(resolver: URLResolver) -> Iterator[tuple[str | None, set[str]]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _routes(entry)
        elif isinstance(entry, URLPattern):
            yield entry.name, set(entry.pattern.converters)
