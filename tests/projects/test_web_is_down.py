"""While web is down nobody can act, however well the workers are: that is an outage too, where they
are told its address.
"""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from marketplace.common import clock
from marketplace.common.models import Heartbeat, Outage
from marketplace.common.outages.selectors import is_made_up_for
from marketplace.tasks import beat_heart, look_for_web
from projects import tasks
from projects.milestones.models import Milestone
from tests.projects.test_downtime import DOWN, walk_to
from tests.world import submitted_milestone

pytestmark = pytest.mark.django_db


class Web:
    """An address of this machine at which it answers so, or not at all."""

    status: int | None = 200

    def __init__(self) -> None:
        web = self
        self.hosts: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.hosts.append(self.headers["Host"])
                if web.status is not None:
                    self.send_response(web.status)
                    self.send_header("Location", "http://127.0.0.1:9/")
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                """In silence."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/healthz"


@pytest.fixture
def web(settings):
    web = Web()
    settings.WEB_WATCH_URL, settings.SITE_URL = web.address, "https://milepost.example"
    yield web
    web.server.shutdown()
    web.server.server_close()


def silent_for(lasted: timedelta, *names: str) -> None:
    for name in names:
        at = clock.wall_time() - lasted
        Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": at})


@pytest.mark.parametrize(
    ("status", "answers"), [(200, True), (301, True), (503, False), (None, False)]
)
def test_an_answer_is_anything_but_a_failure(web, status, answers):
    web.status = status
    assert look_for_web() is answers
    assert web.hosts == ["milepost.example"]
    assert Heartbeat.objects.filter(name="web").exists() is answers


def test_while_it_is_silent_nothing_strikes_and_then_it_strikes_later(ada, ben, later, web):
    milestone = submitted_milestone(ada, ben)
    was = milestone.review_ends_at
    walk_to(was + timedelta(hours=1), later)
    beat_heart()
    silent_for(DOWN, "web")
    web.status = None
    look_for_web()
    assert not is_made_up_for()
    assert tasks.release_unreviewed_milestones()["done"] == 0

    web.status = 200
    look_for_web()
    tasks.make_up_for_outages()

    milestone.refresh_from_db()
    assert DOWN <= milestone.review_ends_at - was < DOWN + timedelta(minutes=1)
    assert tasks.release_unreviewed_milestones()["done"] == 0
    later(hours=2)
    assert tasks.release_unreviewed_milestones()["done"] == 1
    assert Milestone.objects.get(pk=milestone.pk).status == Milestone.Status.RELEASED


def test_seconds_without_it_are_no_outage(web):
    silent_for(timedelta(minutes=9), "beat", "web")
    assert is_made_up_for()
    beat_heart(), look_for_web()
    assert not Outage.objects.exists()


def test_nothing_strikes_in_what_may_yet_be_an_outage(ada, ben, later, web):
    """Five minutes are none; but who knows then whether there will be eleven."""
    milestone = submitted_milestone(ada, ben)
    walk_to(milestone.review_ends_at + timedelta(minutes=1), later)
    beat_heart()
    silent_for(timedelta(minutes=5), "web")
    web.status = None
    look_for_web()
    assert tasks.release_unreviewed_milestones()["done"] == 0

    silent_for(timedelta(minutes=11), "web")
    web.status = 200
    look_for_web()
    tasks.make_up_for_outages()
    was = milestone.review_ends_at
    milestone.refresh_from_db()
    assert milestone.review_ends_at > was + timedelta(minutes=10)
    assert tasks.release_unreviewed_milestones()["done"] == 0


@pytest.mark.parametrize("silent", ["web", "beat"])
def test_where_it_was_none_what_was_due_strikes_then(ada, ben, later, web, silent):
    milestone = submitted_milestone(ada, ben)
    walk_to(milestone.review_ends_at + timedelta(minutes=1), later)
    beat_heart(), look_for_web()
    silent_for(timedelta(minutes=5), silent)
    assert tasks.release_unreviewed_milestones()["done"] == 0
    beat_heart(), look_for_web()
    assert tasks.release_unreviewed_milestones()["done"] == 1
    assert not Outage.objects.exists()


def test_an_answer_that_is_late_keeps_nothing_from_striking(ada, ben, later, web):
    milestone = submitted_milestone(ada, ben)
    walk_to(milestone.review_ends_at + timedelta(minutes=1), later)
    silent_for(timedelta(seconds=110), "beat", "web")
    assert tasks.release_unreviewed_milestones()["done"] == 1


@pytest.mark.parametrize("first", [beat_heart, look_for_web])
def test_no_time_is_made_up_for_twice_where_all_were_down(web, first):
    silent_for(DOWN, "beat", "web")
    first()
    beat_heart(), look_for_web()
    outage = Outage.objects.get()
    assert DOWN <= outage.ended_at - outage.began_at < DOWN + timedelta(minutes=1)


def test_the_first_silence_begins_it_whoever_is_heard_first(web):
    silent_for(3 * DOWN, "web")
    silent_for(DOWN, "beat")
    beat_heart()
    outage = Outage.objects.get()
    assert 3 * DOWN <= outage.ended_at - outage.began_at < 3 * DOWN + timedelta(minutes=1)


def test_if_it_comes_back_later_than_the_others_the_rest_is_an_outage_of_its_own(web):
    silent_for(DOWN, "beat", "web")
    beat_heart()
    silent_for(timedelta(minutes=20), "web")  # since then
    look_for_web()
    _, second = Outage.objects.order_by("pk")
    assert timedelta(minutes=20) <= second.ended_at - second.began_at < timedelta(minutes=21)


def test_where_nobody_looks_for_it_nothing_is_known_of_it(settings):
    settings.WEB_WATCH_URL = ""
    silent_for(DOWN, "web")
    assert is_made_up_for()
    look_for_web()
    assert not Heartbeat.objects.filter(name="web").exists(), "else the months without count, once"


def test_who_was_never_heard_keeps_nothing_from_striking(web):
    web.status = None
    look_for_web()
    assert is_made_up_for()
