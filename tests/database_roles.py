"""The test's own deeds done by the role that serves people in production.

``pytestmark = pytest.mark.also_by_the_application`` runs a file's tests a second time, by that
role; ``DATABASE_ROLE=app`` runs all tests of money by it, and only by it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.signals import connection_created

from payments.ledger.database_roles.services import set_up_database_roles

# Roles are of the whole cluster, which several processes of a test run share.
OWNER, APP = f"owner_{os.getpid()}", f"app_{os.getpid()}"


@contextmanager
def as_the_application() -> Iterator[None]:
    """Within the test's transaction, which takes both roles away with it."""
    set_up_database_roles(owner=OWNER, app=APP)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {APP}")
        yield
        cursor.execute("RESET ROLE")


@contextmanager
def every_connection_as_the_application() -> Iterator[None]:
    """Also those of other threads. The roles stay behind; the tables are flushed as before."""
    set_up_database_roles(owner=OWNER, app=APP)
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
