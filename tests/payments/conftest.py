"""The money floor's tests have a local Stripe at hand, and do their deeds by two roles."""

import os
from collections.abc import Iterator

import pytest

from payments.gateway import connecting
from tests.conftest import is_transactional
from tests.database_roles import as_the_application, every_connection_as_the_application
from tests.sandbox import sandbox

__all__ = ["quick_gateway", "sandbox"]

THE_OWNER, THE_APPLICATION = "owner", "app"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marked = metafunc.definition.get_closest_marker
    if marked("about_roles"):
        return
    if os.environ.get("DATABASE_ROLE") == THE_APPLICATION:
        metafunc.parametrize("database_role", [THE_APPLICATION], indirect=True)
    elif marked("also_by_the_application") and not is_transactional(metafunc.definition):
        metafunc.parametrize("database_role", [THE_OWNER, THE_APPLICATION], indirect=True)


@pytest.fixture(autouse=True)
def database_role(request: pytest.FixtureRequest) -> Iterator[None]:
    """Who does the test's deeds: whoever owns the tables, or the role that serves people."""
    asks_for_it = {"db", "transactional_db"} & set(request.fixturenames)
    uses_db = asks_for_it or request.node.get_closest_marker("django_db")
    if getattr(request, "param", THE_OWNER) == THE_OWNER or not uses_db:
        yield
    elif is_transactional(request.node):
        request.getfixturevalue("transactional_db")
        with every_connection_as_the_application():
            yield
    else:
        request.getfixturevalue("db")
        with as_the_application():
            yield


@pytest.fixture
def quick_gateway(monkeypatch) -> None:
    """One try and half a second of patience: what is tested is what we do after it."""
    for where in ("", "_AT_THE_DOOR"):
        monkeypatch.setattr(connecting, f"RETRIES{where}", 0)
        monkeypatch.setattr(connecting, f"TIMEOUT{where}", 0.5)
