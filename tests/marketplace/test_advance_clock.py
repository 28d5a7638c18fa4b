"""Moving the sandbox clock: for everybody at once, forward only, and never in production."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from marketplace.common import clock
from marketplace.common.errors import InvalidInput, NotThere, ProviderUnreachable
from marketplace.common.models import ClockOffset
from marketplace.common.services import advance_clock
from tests.races import at_once

pytestmark = pytest.mark.django_db

DAY = 86_400


@pytest.fixture
def alone(settings):
    """No provider's sandbox to tell."""
    settings.STRIPE_API_BASE = ""


@pytest.fixture
def provider(settings):
    """A provider's sandbox of which only the clock is there: what it was told."""
    told = []

    class Clock(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            forward = asked["offset_seconds"] >= max(told, default=0)
            if forward:
                told.append(asked["offset_seconds"])
            self._answer(200 if forward else 400)

        def do_GET(self):
            self._answer(200)

        def _answer(self, status):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps({"offset_seconds": max(told, default=0)}).encode())

        def log_message(self, *args):
            """In silence."""

    server = HTTPServer(("127.0.0.1", 0), Clock)
    settings.STRIPE_API_BASE = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_moves_now_and_tells_the_provider_where_it_stands(provider):
    before = clock.now()

    assert advance_clock(seconds=DAY) == timedelta(days=1)
    assert advance_clock(seconds=2 * DAY) == timedelta(days=3)

    assert timedelta(days=3) <= clock.now() - before < timedelta(days=3, minutes=1)
    assert provider == [DAY, 3 * DAY]


def test_production_knows_no_such_thing(settings, alone):
    settings.SANDBOX = False

    with pytest.raises(NotThere):
        advance_clock(seconds=DAY)

    assert not ClockOffset.objects.exists()


@pytest.mark.parametrize("seconds", [0, -1, 1.5, "60", True, None, 367 * DAY, 10**30])
def test_it_moves_forward_by_whole_seconds_and_a_year_at_most(alone, seconds):
    with pytest.raises(InvalidInput):
        advance_clock(seconds=seconds)

    assert clock.offset() == timedelta(0)


def test_fifty_years_are_enough(alone):
    for _ in range(50):
        advance_clock(seconds=366 * DAY)

    with pytest.raises(InvalidInput):
        advance_clock(seconds=1)


def test_a_silent_provider_is_said_and_mended_by_the_next_move(provider, settings):
    there, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"
    with pytest.raises(ProviderUnreachable):
        advance_clock(seconds=DAY)
    assert clock.offset() == timedelta(days=1)

    settings.STRIPE_API_BASE = there
    advance_clock(seconds=DAY)

    assert provider == [2 * DAY]


def test_a_provider_that_is_ahead_already_is_no_failure(provider):
    provider.append(30 * DAY)

    assert advance_clock(seconds=DAY) == timedelta(days=1)


@pytest.mark.django_db(transaction=True)
def test_eight_moves_at_once_all_count(provider):
    outcomes = at_once(*[lambda: advance_clock(seconds=DAY)] * 8)

    assert outcomes == ["done"] * 8
    assert ClockOffset.current() == timedelta(days=8)
    assert provider[-1] == 8 * DAY


# --- The command ---------------------------------------------------------------------------------


def run(*args):
    out = StringIO()
    call_command("clock", *args, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("step", "seconds"), [("3d", 3 * DAY), ("12h", 12 * 3_600), ("30m", 1_800), ("90s", 90)]
)
def test_the_command_moves_it(provider, step, seconds):
    said = json.loads(run("advance", step, "--json"))

    assert said["offset_seconds"] == said["provider_offset_seconds"] == seconds
    assert ClockOffset.current() == timedelta(seconds=seconds)


def test_the_command_shows_it(alone):
    advance_clock(seconds=3 * DAY)

    assert "3 days, 0:00:00 ahead" in run("show")
    assert json.loads(run("show", "--json"))["offset_seconds"] == 3 * DAY


@pytest.mark.parametrize("step", [None, "", "3", "d", "-3d", "3w", "3 d", "0d", "999999999d", "٣d"])
def test_the_command_refuses_what_is_no_step(alone, step):
    with pytest.raises(CommandError):
        run("advance", *([step] if step is not None else []))

    assert not ClockOffset.objects.exclude(seconds=0).exists()


def test_the_command_fails_when_the_provider_is_not_in_step(provider):
    provider.append(30 * DAY)

    with pytest.raises(CommandError, match="not in step"):
        run("advance", "1d")


def test_the_command_fails_outside_the_sandbox(settings, alone):
    settings.SANDBOX = False

    with pytest.raises(CommandError):
        run("advance", "1d")


# --- The buttons ---------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [1, 3, 7])
def test_a_visitor_moves_it_on_the_page(client, provider, days):
    answer = client.post("/sandbox/clock/", {"days": days}, headers={"referer": "/outbox/"})

    assert (answer.status_code, answer["Location"]) == (302, "/outbox/")
    assert provider == [days * DAY]


@pytest.mark.parametrize("days", ["", "2", "-1", "365", "x", "1\0"])
def test_the_page_takes_no_other_steps(client, alone, days):
    assert client.post("/sandbox/clock/", {"days": days}).status_code == 400
    assert not ClockOffset.objects.exists()


def test_looking_moves_nothing(client, alone):
    assert client.get("/sandbox/clock/").status_code == 405


def test_the_page_is_not_there_in_production(client, settings, alone):
    settings.SANDBOX = False

    assert client.post("/sandbox/clock/", {"days": 1}).status_code == 404


def test_the_proof_of_the_books_lives_in_the_time_of_the_house(db):
    """What is late is judged by the moved clock, also by a process that has only just started."""
    ClockOffset.objects.create(pk=1, seconds=30 * 86_400)

    call_command("check_ledger", stdout=StringIO())

    assert clock.offset() == timedelta(days=30)
