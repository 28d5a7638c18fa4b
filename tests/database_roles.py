"""A test's deeds done by the role that serves people in production.

All tests of ``tests/payments`` are, see its conftest: they may read the books and call the function
that moves money, as the application may. What a test has to plant in the books, it plants
``as_the_owner()`` or ``against_the_rules()`` (tests/against_the_rules.py).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.signals import connection_created

from payments.ledger.database_roles.services import set_up_database_roles

# Roles are of the whole cluster, which several processes of a test run share.
OWNER, APP = f"owner_{os.getpid()}", f"app_{os.getpid()}"


def make_the_roles() -> None:
    """Once for a process: the tables of its database get the owner that they keep."""
    set_up_database_roles(owner=OWNER, app=APP)


@contextmanager
def as_the_application() -> Iterator[None]:
    """Within the test's transaction, which takes the role away with it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {APP}")
        yield
        cursor.execute("RESET ROLE")


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
