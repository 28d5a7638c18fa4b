"""A test's deeds done by the role that serves people in production.

All tests of ``tests/payments`` and ``tests/projects`` are, whose conftests take ``database_role``
from here: they may read the books and call the function that moves money, as the application may.
What a test has to plant in the books, or to do to a table, it does ``as_the_owner()`` or
``against_the_rules()`` (tests/against_the_rules.py).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from payments.ledger.database_roles.services import set_up_database_roles
from tests.conftest import is_transactional

# Roles are of the whole cluster, which several processes of a test run share.
OWNER, APP = f"owner_{os.getpid()}", f"app_{os.getpid()}"


def make_the_roles() -> None:
    """Once for a process: the tables of its database get the owner that they keep."""
    set_up_database_roles(owner=OWNER, app=APP)


@contextmanager
def as_the_application() -> Iterator[None]:
    """Within the test's transaction, which takes the role away with it, broken or whole."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {APP}")
    yield


@contextmanager
def every_connection_as_the_application() -> Iterator[None]:
    """Also those of other threads, and of processes that are forked meanwhile."""
    _take_on_the_role(connection=connection)
    connection_created.connect(_take_on_the_role)
    try:
        yield
    finally:
        connection_created.disconnect(_take_on_the_role)
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def _take_on_the_role(*, connection, **_: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {APP}")


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
