"""What the tests of this room do is done by the role that serves people, as in tests/payments."""

import pytest

from tests.payments.test_by_whom_it_is_done import REFUSED, write_by_hand
from tests.races import outcomes_at_once


@pytest.mark.django_db
def test_in_a_transaction_of_the_tests_own():
    assert write_by_hand() == REFUSED


@pytest.mark.django_db(transaction=True)
def test_on_its_own_connection_and_those_of_threads():
    assert [write_by_hand(), *outcomes_at_once(*[write_by_hand] * 8)] == [REFUSED] * 9
