"""What every test may use."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.db import connection

from assets.build import build_catalogues
from marketplace.common import clock, doorbell
from marketplace.common.clock import now
from marketplace.common.models import ClockOffset
from payments.policies.models import Policy
from projects.agreements import terms

# --- Other languages ------------------------------------------------------------------------------


def pytest_configure() -> None:
    """What is told in other languages is read from what is built: as the sources are now."""
    build_catalogues()


# --- What migrations wrote ------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the database remember, before the first test, what migrations wrote into it."""
    for item in items:
        if is_transactional(item):
            marker = item.get_closest_marker("django_db")
            wanted = {"transaction": True, "serialized_rollback": True}
            kwargs = (marker.kwargs if marker else {}) | wanted
            item.add_marker(pytest.mark.django_db(**kwargs), append=False)


def is_transactional(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    fixtures = {"transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures or (marker and marker.kwargs.get("transaction")))


@pytest.fixture(autouse=True)
def what_migrations_wrote(request: pytest.FixtureRequest) -> None:
    """The flush after a transactional test also took the first policy and the groups of the staff.

    Whichever test comes next puts them back: with several processes that can be any.
    """
    uses_db = "db" in request.fixturenames or request.node.get_closest_marker("django_db")
    if not uses_db or is_transactional(request.node):
        return
    request.getfixturevalue("db")
    written = getattr(connection, "_test_serialized_contents", None)
    if written and not Policy.objects.exists():
        connection.creation.deserialize_db_from_string(written)


# --- Time ----------------------------------------------------------------------------------------


@pytest.fixture
def later(db, monkeypatch) -> Callable[..., None]:
    """``later(days=3)`` moves the sandbox clock for services, pages and the API alike."""
    monkeypatch.setattr(clock, "_offset", timedelta(0))

    def move(**by: float) -> None:
        ahead = clock.offset() + timedelta(**by)
        ClockOffset.objects.update_or_create(pk=1, defaults={"seconds": int(ahead.total_seconds())})
        clock.refresh()

    return move


# --- Speed and safety, for every test ------------------------------------------------------------


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """A strong hash takes half a second each, on purpose; a test has nothing to guard."""
    # The slow ones stay known to people who were made before a test began.
    quick = "django.contrib.auth.hashers.MD5PasswordHasher"
    settings.PASSWORD_HASHERS = [quick, *settings.PASSWORD_HASHERS]


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Path:
    """Files that a test uploads go where they are forgotten."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture(autouse=True)
def the_present(monkeypatch) -> None:
    """Whatever clock a test before this one moved, in this process, this one begins in the present.

    A clock is read again at every request, task and key: more places move it than a test sees.
    """
    monkeypatch.setattr(clock, "_offset", timedelta(0))


# --- Days -----------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def a_day_ends_soon(monkeypatch) -> None:
    """Whatever time it is: plans are made where it is ten in the evening, so that their days are as
    long as their number says, and two hours at most. ``test_days_of_a_plan.py`` asks of the others.
    """
    east = (22 - now().hour) % 24
    zone = f"Etc/GMT-{east}" if east <= 14 else f"Etc/GMT+{24 - east}"
    monkeypatch.setattr(terms, "zone_of", lambda _: zone)


# --- Bells ---------------------------------------------------------------------------------------


@pytest.fixture
def bells(monkeypatch) -> list[tuple[str, tuple]]:
    """The bells rung so far, as (task, arguments): nobody comes to the door."""
    rung: list[tuple[str, tuple]] = []

    def keep(name: str, args: tuple = (), **_: object) -> None:
        rung.append((name, tuple(args)))

    monkeypatch.setattr(current_app._get_current_object(), "send_task", keep)
    # Whatever an earlier test found silent: this bell is heard.
    monkeypatch.setattr(doorbell, "_silent_until", 0.0)
    return rung


# --- The cast ------------------------------------------------------------------------------------

from tests.people_fixtures import ada, ben, cleo, dora  # noqa: E402, F401

# --- The whole marketplace, running --------------------------------------------------------------
from tests.running import market  # noqa: E402, F401
