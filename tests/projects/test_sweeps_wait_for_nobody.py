"""One row in somebody's hands keeps no sweep from the others."""

import ast
import inspect
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, models, transaction

from marketplace.common import sweeps
from marketplace.common.clock import now
from projects import tasks
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.models import Proposal
from projects.agreements.proposals.services import propose_ending
from projects.bids.counters.models import CounterOffer
from projects.contracts.models import Contract
from projects.disputes.models import Dispute
from projects.givebacks.models import GiveBack
from projects.givebacks.services import ask_back
from tests.projects.change_world import price_to
from tests.projects.counter_world import bid_of, countered
from tests.projects.giveback_world import on, released
from tests.races import outcomes_at_once, somebody_waits
from tests.world import funded_milestone, offered_contract, opened_dispute

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
    monkeypatch.setattr(sweeps, "_in_no_hands", lambda _, under, ids: ids)

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


# --- What a deed locks first ----------------------------------------------------------------------


def proposals(ada, ben) -> list[models.Model]:
    made = [
        propose_ending(milestone_id=funded_milestone(ada, ben).pk, by=ada, to_freelancer=0)
        for _ in range(3)
    ]
    return [proposal.milestone for proposal in made]


def changes(ada, ben) -> list[models.Model]:
    return [price_to(70_000, funded_milestone(ada, ben), ada).contract for _ in range(3)]


def counters(ada, ben) -> list[models.Model]:
    return [countered(bid_of(ada, ben), ada).bid for _ in range(3)]


def givebacks(ada, ben) -> list[models.Model]:
    made = [ask_back(**on(released(ada, ben)), by=ada, amount=1_000) for _ in range(3)]
    return [giveback.contract for giveback in made]


def disputes(ada, ben) -> list[models.Model]:
    return [opened_dispute(ada, ben).milestone for _ in range(3)]


# How three are made whose time is over, and what the first deed on each locks before it.
UNDER = {
    "proposals": (proposals, Proposal, tasks.lapse_proposals),
    "changes": (changes, ChangeOrder, tasks.lapse_changes),
    "counters": (counters, CounterOffer, tasks.lapse_counters),
    "givebacks": (givebacks, GiveBack, tasks.lapse_givebacks),
    "disputes": (disputes, Dispute, tasks.escalate_unanswered_disputes),
}


@pytest.fixture(params=UNDER)
def over(request, ada, ben):
    """What the first is under, which somebody will hold; the task; how many it has not done."""
    make, model, task = UNDER[request.param]
    above = make(ada, ben)[0]
    states = set(model.objects.values_list("status", flat=True))
    model.objects.update(answer_due_at=now() - timedelta(minutes=1))
    first = model.objects.order_by("pk").values("pk")[:1]
    model.objects.filter(pk__in=first).update(answer_due_at=now() - timedelta(minutes=2))
    return above, task, lambda: model.objects.filter(status__in=states).count()


def hold(row: models.Model) -> None:
    assert type(row)._default_manager.select_for_update(no_key=True).get(pk=row.pk)


def test_the_others_are_done_while_somebody_is_at_what_one_is_under(over):
    above, task, left = over
    with transaction.atomic():
        hold(above)
        assert outcomes_at_once(task) == [{"done": 2, "failed": 0}]
        assert left() == 1

    assert task() == {"done": 1, "failed": 0}
    assert left() == 0


def test_did_it_look_at_the_row_itself_alone_all_would_wait(over, monkeypatch):
    above, task, left = over
    passes_over = sweeps._in_no_hands
    monkeypatch.setattr(sweeps, "_in_no_hands", lambda of, _, ids: passes_over(of, (), ids))

    def run() -> None:
        task()
        connection.close()

    worker = threading.Thread(target=run)
    with transaction.atomic():
        hold(above)
        worker.start()
        while worker.is_alive() and not somebody_waits():
            time.sleep(0.01)
        assert worker.is_alive() and left() == 3
    worker.join()
    assert left() == 0


def test_no_sweep_forgets_what_its_deeds_lock_first():
    """Of every model that its deeds lock under another row, each sweep names that row."""
    first = {
        "Proposal": '["milestone", "into"]',
        "ChangeOrder": '["contract"]',
        "CounterOffer": '["bid"]',
        "GiveBack": '["contract"]',
        "Bonus": '["contract"]',
        "Dispute": '["milestone"]',
    }
    sources = [inspect.getsource(module) for module in (tasks, tasks.bidding, tasks.disputes)]
    calls = [
        {word.arg: ast.unparse(word.value).replace("'", '"') for word in call.keywords}
        for source in sources
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "sweep"
    ]
    found = {(call["of"], call.get("under")) for call in calls if call.get("of") in first}
    assert found == set(first.items())
