"""Open pages are told at once what is new."""

import asyncio
import json
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import redis
import requests
import time_machine
from django.conf import settings

from marketplace import live, processes, programs
from marketplace.common.live_passes import channel_of, holder_of, pass_for
from marketplace.embedded import free_port
from marketplace.live import application


def test_a_pass_names_its_holder_for_a_minute():
    with time_machine.travel("2026-05-01 12:00", tick=False) as clock:
        live_pass = pass_for("us_ada")
        assert holder_of(live_pass) == "us_ada"
        clock.shift(61)
        assert holder_of(live_pass) is None


@pytest.mark.parametrize("forged", ["", "us_ada", "us_ada:1:x", "\0", "us_ada:" * 50])
def test_a_forged_pass_admits_nobody(forged):
    assert holder_of(forged) is None


def test_a_pass_cannot_be_passed_on_under_another_name():
    assert holder_of(pass_for("us_ada").replace("us_ada", "us_cleo")) is None


class Visit:
    """One open page, as the ASGI server would bring it."""

    def __init__(self, path: str = "/events", live_pass: str = "", method: str = "GET") -> None:
        query = f"pass={live_pass}".encode()
        self.scope = {"type": "http", "method": method, "path": path, "query_string": query}
        self.sent: list[dict] = []
        self.left = asyncio.Event()

    async def receive(self) -> dict:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict) -> None:
        self.sent.append(message)

    async def make(self) -> None:
        await application(self.scope, self.receive, self.send)

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None

    @property
    def said(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def until(true) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


def test_a_person_hears_their_own_news_and_nobody_elses():
    async def scenario() -> Visit:
        page = Visit(live_pass=pass_for("us_ada"))
        visit = asyncio.ensure_future(page.make())
        await until(lambda: b"welcome" in page.said)
        with redis.Redis.from_url(settings.REDIS_URL) as server:
            server.publish(channel_of("us_ben"), json.dumps({"unread": 7}))
            server.publish(channel_of("us_ada"), json.dumps({"unread": 3}))
        await until(lambda: b"data: " in page.said)
        page.left.set()
        await asyncio.wait_for(visit, timeout=10)
        return page

    page = asyncio.run(scenario())

    assert page.status == 200
    assert page.said == b': welcome\n\ndata: {"unread": 3}\n\n'
    assert (b"cache-control", b"no-store") in page.sent[0]["headers"]
    assert (b"access-control-allow-origin", settings.SITE_URL.encode()) in page.sent[0]["headers"]


def test_a_silent_line_is_kept_open_by_pings(monkeypatch):
    monkeypatch.setattr(live, "PING_SECONDS", 0.05)

    async def scenario() -> Visit:
        page = Visit(live_pass=pass_for("us_ada"))
        visit = asyncio.ensure_future(page.make())
        await until(lambda: page.said.count(b": ping\n\n") >= 2)
        page.left.set()
        await asyncio.wait_for(visit, timeout=10)
        return page

    assert asyncio.run(scenario()).status == 200


def test_the_line_ends_so_that_the_page_asks_for_a_new_pass(monkeypatch):
    monkeypatch.setattr(live, "LONGEST_SECONDS", 0.1)

    async def scenario() -> Visit:
        page = Visit(live_pass=pass_for("us_ada"))
        await asyncio.wait_for(page.make(), timeout=10)
        return page

    assert asyncio.run(scenario()).sent[-1] == {"type": "http.response.body", "body": b""}


@pytest.mark.parametrize(
    ("visit", "status"),
    [
        ({"path": "/events", "live_pass": "forged"}, 403),
        ({"path": "/events", "method": "POST"}, 404),
        ({"path": "/"}, 404),
        ({"path": "/healthz"}, 200),
    ],
)
def test_it_answers_nothing_else(visit, status):
    async def scenario() -> Visit:
        page = Visit(**visit)
        await asyncio.wait_for(page.make(), timeout=10)
        return page

    assert asyncio.run(scenario()).status == status


def test_too_many_open_pages_are_refused_not_queued(monkeypatch):
    monkeypatch.setattr(live, "_places", asyncio.Semaphore(0))

    async def scenario() -> Visit:
        page = Visit(live_pass=pass_for("us_ada"))
        await asyncio.wait_for(page.make(), timeout=10)
        return page

    assert asyncio.run(scenario()).status == 503


# --- The address, from the web -------------------------------------------------------------------


def test_a_person_gets_an_address_with_a_pass(client, ada, settings):
    settings.LIVE_URL = "http://127.0.0.1:8001"
    client.force_login(ada)

    url = client.get("/live").json()["url"]

    address, _, live_pass = url.partition("/events?pass=")
    assert (address, holder_of(live_pass)) == ("http://127.0.0.1:8001", ada.public_id)


def test_a_stranger_gets_none(client, db, settings):
    settings.LIVE_URL = "http://127.0.0.1:8001"

    assert client.get("/live").status_code == 404


def test_without_a_live_process_there_is_no_address(client, ada, settings):
    settings.LIVE_URL = ""
    client.force_login(ada)

    assert client.get("/live").status_code == 404


# --- The process itself --------------------------------------------------------------------------


@pytest.fixture
def live_url(tmp_path):
    """The process as it runs in production, with the keys and the broker of the tests."""
    port = str(free_port())
    told = os.environ | {"LIVE_PORT": port, "DJANGO_SETTINGS_MODULE": "marketplace.settings"}
    log = tmp_path / "live.log"
    process = processes.start(programs.command("live", told), log=log, env=told)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in processes.tries(100):
            with suppress(requests.RequestException):
                if requests.get(f"{url}/healthz", timeout=5).ok:
                    break
        yield url
    finally:
        processes.stop(process)


def test_the_process_admits_by_a_fresh_pass_alone(live_url):
    with time_machine.travel(datetime.now(UTC) - timedelta(seconds=90)):
        expired = pass_for("us_ada")
    for refused in ("", "us_ada", expired, pass_for("us_ada") + "x"):
        answer = requests.get(f"{live_url}/events", params={"pass": refused}, timeout=10)
        assert answer.status_code == 403

    line = requests.get(
        f"{live_url}/events", params={"pass": pass_for("us_ada")}, stream=True, timeout=10
    )
    with line, redis.Redis.from_url(settings.REDIS_URL) as server:
        said = line.iter_lines()
        assert next(said) == b": welcome"
        server.publish(channel_of("us_ada"), json.dumps({"conversation": "bd_1", "unread": 1}))
        assert next(one for one in said if one) == b'data: {"conversation": "bd_1", "unread": 1}'
