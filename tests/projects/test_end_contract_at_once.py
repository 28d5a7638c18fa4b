"""The end of a contract meets something else: it is whole, or it is not."""

import pytest
from django.db import DatabaseError

from projects.agreements.changes import services as orders
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.services import (
    accept_change,
    decline_change,
    lapse_change,
    withdraw_change,
)
from projects.agreements.proposals.services import accept_proposal
from projects.agreements.proposals.services import propose_ending as propose_end_of_one
from projects.agreements.services import close_finished_contract
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of
from projects.milestones.services import cancel_milestone, release_milestone
from tests.projects.change_world import the_books_agree
from tests.projects.ending_world import contract_at_work, part, states_of, to_end
from tests.races import at_once, meet_after

pytestmark = pytest.mark.django_db(transaction=True)


def test_eight_acceptances_at_once_are_one(ada, ben):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ada, {1: 100_000, 2: 40_000})

    outcomes = at_once(*[lambda: accept_change(order_id=order.pk, by=ben)] * 8)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert states_of(contract) == ["released", "split", "cancelled", "cancelled"]
    assert contract.events.filter(kind="contract_completed").count() == 1
    assert agreement_of(contract).version == 2
    the_books_agree()


def test_without_the_locks_an_acceptance_and_a_no_collide(ada, ben, monkeypatch):
    """Both have judged it before either writes: only PostgreSQL refuses the second word then."""
    order = to_end(contract_at_work(ada, ben), ada, {1: 40_000})

    def unlocked(order_id: int) -> ChangeOrder:
        return ChangeOrder.objects.select_related(
            "contract__client", "contract__freelancer", "contract__policy"
        ).get(pk=order_id)

    monkeypatch.setattr(orders, "_lock", unlocked)
    meet_after(monkeypatch, orders, "_lock", people=2)
    with pytest.raises(DatabaseError, match=r"accepted|declined"):
        at_once(
            lambda: accept_change(order_id=order.pk, by=ben),
            lambda: decline_change(order_id=order.pk, by=ben),
        )


@pytest.mark.parametrize("other", ["release", "cancel", "one ends", "decline", "withdraw", "close"])
def test_beside_another_deed_it_is_whole_or_nothing(other, ada, ben):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ada, {1: 40_000})
    held = part(contract, 2).pk
    one = propose_end_of_one(milestone_id=held, by=ada, to_freelancer=10_000)
    deeds = {
        "release": lambda: release_milestone(milestone_id=held, by=ada),
        "cancel": lambda: cancel_milestone(milestone_id=held, by=ben),
        "one ends": lambda: accept_proposal(proposal_id=one.pk, by=ben),
        "decline": lambda: decline_change(order_id=order.pk, by=ben),
        "withdraw": lambda: withdraw_change(order_id=order.pk, by=ada),
        "close": lambda: close_finished_contract(contract_id=contract.pk),
    }

    outcomes = at_once(*[lambda: accept_change(order_id=order.pk, by=ben)] * 4, *[deeds[other]] * 4)

    contract.refresh_from_db()
    if "done" in outcomes[:4]:
        assert outcomes[:4].count("done") == 1
        assert states_of(contract) == ["split", "cancelled", "cancelled", "cancelled"]
        assert contract.status == Contract.Status.COMPLETED
        assert other == "close" or "done" not in outcomes[4:]
    else:
        assert outcomes[4:].count("done") == 1
        assert contract.status == Contract.Status.ACTIVE
        assert states_of(contract)[0] == "submitted"
    the_books_agree()


def test_only_one_waits_however_many_propose_at_once(ada, ben):
    contract = contract_at_work(ada, ben)
    outcomes = at_once(*[lambda: to_end(contract, ada)] * 4, *[lambda: to_end(contract, ben)] * 4)
    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7


def test_it_lapses_or_is_accepted(ada, ben, later):
    contract = contract_at_work(ada, ben)
    order = to_end(contract, ada)
    later(days=4)
    outcomes = at_once(
        *[lambda: accept_change(order_id=order.pk, by=ben)] * 4,
        *[lambda: lapse_change(order_id=order.pk)] * 4,
    )
    assert outcomes[:4] == ["wrong_state"] * 4
    order.refresh_from_db()
    assert order.status == ChangeOrder.Status.LAPSED
    assert contract.events.filter(kind="change_lapsed").count() == 1
