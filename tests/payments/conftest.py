"""The money floor's tests have a local Stripe at hand, and do their deeds by the role that serves
people in production: it owns no table, and writes the books by the one function alone.
"""

from collections.abc import Iterator

import pytest

from payments.gateway import connecting
from tests.conftest import is_transactional
from tests.database_roles import (
    as_the_application,
    every_connection_as_the_application,
    make_the_roles,
)
from tests.sandbox import sandbox

__all__ = ["quick_gateway", "sandbox"]


@pytest.fixture(scope="session")
def the_two_roles(django_db_setup, django_db_blocker) -> None:
    """Made before any test's own transaction, which would take them away with it."""
    with django_db_blocker.unblock():
        make_the_roles()


@pytest.fixture(autouse=True)
def database_role(request: pytest.FixtureRequest, the_two_roles: None) -> Iterator[None]:
    """The application's, but for tests ``about_roles``, which take on those that they need."""
    asks_for_it = {"db", "transactional_db"} & set(request.fixturenames)
    uses_db = asks_for_it or request.node.get_closest_marker("django_db")
    if not uses_db or request.node.get_closest_marker("about_roles"):
        yield
        return
    if is_transactional(request.node):
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
