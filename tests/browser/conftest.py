"""A browser for the tests, in a thread of its own.

Playwright keeps an event loop running in the thread that started it, and Django refuses its ORM
wherever one runs. So Chromium lives in one thread, the test functions of this folder run there,
and fixtures (with the database) stay where pytest runs them.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import global_settings
from playwright.sync_api import Browser, Playwright, sync_playwright

from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from tests.browser.visitor import Visitor
from tests.world import person

_ARGS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
_PLACES = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


class Stage:
    """Where the browser plays: ``run`` has something done in its thread, and waits for it."""

    def __init__(self, path: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="browser")
        self._playwright: Playwright
        self.browser: Browser
        self.run(self._open, path)

    def run(self, deed: Any, *args: Any, **kwargs: Any) -> Any:
        return self._thread.submit(deed, *args, **kwargs).result()

    def close(self) -> None:
        self.run(self._shut)
        self._thread.shutdown()

    def _open(self, path: str) -> None:
        self._playwright = sync_playwright().start()
        self.browser = self._playwright.chromium.launch(executable_path=path, args=_ARGS)

    def _shut(self) -> None:
        self.browser.close()
        self._playwright.stop()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Play a test of this folder where the browser is."""
    stage = pyfuncitem.funcargs.get("stage")
    if stage is None:
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    try:
        stage.run(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in wanted})
    except BaseException as failure:
        for name in {"visitors", "market"} & set(pyfuncitem.funcargs):
            failure.add_note(stage.run(pyfuncitem.funcargs[name].said))
        raise
    return True


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    path = _path_of_browser()
    if path is None:
        reason = "there is no Chromium: install it, or name one with BROWSER_PATH"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    opened = Stage(path)
    yield opened
    opened.close()


@pytest.fixture
def visitors(stage: Stage, market) -> Iterator["Visitors"]:
    """``visitors("Ada")`` opens a browser window of Ada's own; all are closed at the end."""
    made = Visitors(stage, market.url)
    yield made
    stage.run(made.close)


class Visitors:
    def __init__(self, stage: Stage, url: str) -> None:
        self._stage, self.url = stage, url
        self._windows: list[Visitor] = []

    def __call__(self, name: str, *, has_script: bool = True, **options: Any) -> Visitor:
        # Nothing glides: a page still scrolling when it is pressed would take the press elsewhere.
        still = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
        context = self._stage.browser.new_context(
            base_url=self.url, java_script_enabled=has_script, **still | options
        )
        self._windows.append(Visitor(name, context, self.url, has_script=has_script))
        return self._windows[-1]

    @property
    def clicks(self) -> int:
        return sum(window.clicks for window in self._windows)

    @property
    def complaints(self) -> list[str]:
        """What the browsers' consoles complained of, and requests that failed."""
        return [line for window in self._windows for line in window.complaints]

    def said(self) -> str:
        """What everybody has before them, for the report of a failure."""
        return "\n".join(window.said() for window in self._windows)

    def close(self) -> None:
        for window in self._windows:
            window.context.close()


# --- What people bring ---------------------------------------------------------------------------


@pytest.fixture
def readable_passwords(settings):
    """Hashed as the web process reads them."""
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS


@pytest.fixture
def members(db, readable_passwords):
    """Ada and Ben have signed up before."""
    person("Ada")
    person("Ben")


@pytest.fixture
def neighbours(db, readable_passwords):
    """Cleo and Dora are here already."""
    person("Cleo")
    grant_staff_roles(user_id=person("Dora").pk, roles={"mediator", "finance"}, by=SYSTEM)


@pytest.fixture
def brief(tmp_path: Path) -> Path:
    path = tmp_path / "brief.txt"
    path.write_text("Lamps, baskets and cards.")
    return path


# --- The browser itself --------------------------------------------------------------------------


def _path_of_browser() -> str | None:
    named = os.environ.get("BROWSER_PATH")
    if named:
        return named
    return next((place for place in _PLACES if Path(place).exists()), None)
