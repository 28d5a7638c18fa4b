"""What the tests of this room do is done by the role that serves people, wherever they do it.

Were it not, each of them would pass all the same: as a superuser, whom no rule of the books stops.
"""

import pytest
from django.db import DatabaseError, connection, transaction

from payments.ledger.database_roles.selectors import current_role
from tests.against_the_rules import as_the_owner
from tests.crash.points import run_apart
from tests.database_roles import APP
from tests.races import outcomes_at_once


def write_by_hand() -> str:
    """Who has tried, and what PostgreSQL said."""
    role = current_role()
    with (
        pytest.raises(DatabaseError) as refusal,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("INSERT INTO payments_book VALUES ('mine', 7, 'x')")
    return f"{role}: {str(refusal.value).strip()}"


REFUSED = f"{APP}: permission denied for table payments_book"


@pytest.mark.django_db
def test_in_a_transaction_of_the_tests_own():
    assert write_by_hand() == REFUSED
    with as_the_owner():
        assert current_role() != APP
    assert current_role() == APP


@pytest.mark.django_db(transaction=True)
def test_on_its_own_connection_those_of_threads_and_of_a_forked_process():
    assert write_by_hand() == REFUSED
    assert outcomes_at_once(*[write_by_hand] * 8) == [REFUSED] * 8

    def in_a_process_of_its_own() -> None:
        assert write_by_hand() == REFUSED

    assert run_apart(in_a_process_of_its_own).ended == "done"


@pytest.mark.django_db
@pytest.mark.about_roles
def test_but_for_tests_that_are_about_the_roles():
    assert current_role() != APP
