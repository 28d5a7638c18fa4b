"""One row in somebody's hands keeps no sweep from the others."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from marketplace.common import sweeps
from marketplace.common.clock import now
from projects import tasks
from projects.contracts.models import Contract
from tests.races import outcomes_at_once, somebody_waits
from tests.world import offered_contract

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def offers(ada, ben) -> list[Contract]:
    """Three that nobody answered in time."""
    made = [offered_contract(ada, ben) for _ in range(3)]
    Contract.objects.update(offer_lapses_at=now() - timedelta(minutes=1))
    return made


def lapsed() -> int:
    return Contract.objects.filter(status=Contract.Status.LAPSED).count()


def test_the_others_lapse_while_somebody_is_at_one(offers):
    with transaction.atomic():
        assert Contract.objects.select_for_update(no_key=True).get(pk=offers[0].pk)
        assert outcomes_at_once(tasks.lapse_offers) == [{"done": 2, "failed": 0}]
        assert lapsed() == 2

    assert tasks.lapse_offers() == {"done": 1, "failed": 0}
    assert lapsed() == 3


def test_did_it_not_pass_over_it_all_would_wait(offers, monkeypatch):
    monkeypatch.setattr(sweeps, "_in_no_hands", lambda _, ids: ids)

    def run() -> None:
        tasks.lapse_offers()
        connection.close()

    worker = threading.Thread(target=run)
    with transaction.atomic():
        assert Contract.objects.select_for_update(no_key=True).get(pk=offers[0].pk)
        worker.start()
        while worker.is_alive() and not somebody_waits():
            time.sleep(0.01)
        assert worker.is_alive() and lapsed() == 0
    worker.join()
    assert lapsed() == 3
