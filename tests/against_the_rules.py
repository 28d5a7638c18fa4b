"""What no deed can write and PostgreSQL refuses, for a test that needs it to stand in the books."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models, transaction


@contextmanager
def as_the_owner() -> Iterator[None]:
    """What is done in here is done by whoever the test logged in as, not by the application."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_user)")
        (role,) = cursor.fetchone()
        cursor.execute("SET LOCAL ROLE NONE")
        yield
        cursor.execute(f"SET LOCAL ROLE {role}")


@contextmanager
def against_the_rules() -> Iterator[None]:
    """No trigger fires in here: as only a superuser of the database can have it."""
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")


def force(rows: models.QuerySet | type[models.Model], **fields: object) -> None:
    """Update the rows (of a model: all of them), whatever their lifecycle says."""
    found = rows if isinstance(rows, models.QuerySet) else rows._default_manager.all()
    with against_the_rules():
        found.update(**fields)
