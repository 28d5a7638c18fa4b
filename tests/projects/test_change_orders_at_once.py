"""A change is accepted while something else happens: whole, or not at all."""

import pytest
from django.db import transaction

from payments.refunds.models import Refund
from projects.agreements.changes import services as orders
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.services import (
    accept_change,
    counter_change,
    decline_change,
    lapse_change,
    withdraw_change,
)
from projects.contracts.selectors import agreement_of
from projects.disputes.services import open_dispute
from projects.milestones.services import release_milestone
from tests.projects.change_world import (
    another,
    facts_of,
    now_of,
    price_to,
    proposed,
    the_books_agree,
    wish,
)
from tests.races import at_once, meet_after
from tests.world import (
    funded_milestone,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_eight_acceptances_at_once_are_one(ada, ben):
    milestone = funded_milestone(ada, ben, 100_000)
    order = price_to(70_000, milestone, ben)

    outcomes = at_once(*[lambda: accept_change(order_id=order.pk, by=ada)] * 8)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert facts_of(milestone).refunded == 30_900
    assert agreement_of(milestone.contract).version == 2
    the_books_agree()


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_they_would_collide(ada, ben, monkeypatch):
    milestone = funded_milestone(ada, ben, 100_000)
    order = proposed(ben, another(), milestone=milestone)

    def unlocked(order_id: int) -> ChangeOrder:
        return ChangeOrder.objects.select_related(
            "contract__client", "contract__freelancer", "contract__policy"
        ).get(pk=order_id)

    monkeypatch.setattr(orders, "_lock", unlocked)
    monkeypatch.setattr(orders, "_lock_touched", lambda _order_id: [])
    meet_after(monkeypatch, orders, "_lock")
    with pytest.raises(Exception, match=r"milestones_are_in_order|agreement"):
        at_once(*[lambda: accept_change(order_id=order.pk, by=ada)] * 8)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", ["decline", "withdraw", "counter", "release", "dispute", "lapse"])
def test_an_acceptance_beside_another_deed_is_whole_or_nothing(other, ada, ben):
    milestone = submitted_milestone(ada, ben, 100_000)
    order = price_to(70_000, milestone, ben)
    deeds = {
        "decline": lambda: decline_change(order_id=order.pk, by=ada),
        "withdraw": lambda: withdraw_change(order_id=order.pk, by=ben),
        "counter": lambda: counter_change(
            order_id=order.pk, by=ada, wishes=[wish(milestone, amount=80_000)]
        ),
        "release": lambda: release_milestone(milestone_id=milestone.pk, by=ada),
        "dispute": lambda: open_dispute(
            milestone_id=milestone.pk,
            by=ada,
            reason="not_as_agreed",
            statement="It is not.",
            asked_for=0,
        ),
        "lapse": lambda: lapse_change(order_id=order.pk),
    }

    outcomes = at_once(*[lambda: accept_change(order_id=order.pk, by=ada)] * 4, *[deeds[other]] * 4)

    accepted = outcomes[:4].count("done")
    assert accepted <= 1
    assert now_of(milestone).amount == (70_000 if accepted else 100_000)
    assert now_of(milestone).escrow.amount == now_of(milestone).amount
    assert agreement_of(milestone.contract).version == 1 + accepted
    the_books_agree()


@pytest.mark.django_db(transaction=True)
def test_only_one_change_waits_however_many_propose_at_once(ada, ben):
    milestone = funded_milestone(ada, ben, 100_000)

    outcomes = at_once(
        *[lambda: price_to(70_000, milestone, ben)] * 4,
        *[lambda: price_to(80_000, milestone, ada)] * 4,
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7


def test_what_fails_in_the_middle_leaves_nothing(ada, ben, monkeypatch):
    milestone = funded_milestone(ada, ben, 100_000)
    order = proposed(ben, wish(milestone, amount=70_000), another(), milestone=milestone)

    def fall(**_: object) -> None:
        raise RuntimeError("the wording")

    monkeypatch.setattr(orders, "amend", fall)
    with pytest.raises(RuntimeError), transaction.atomic():
        accept_change(order_id=order.pk, by=ada)

    assert not Refund.objects.exists() and milestone.contract.milestones.count() == 1
    assert now_of(milestone).amount == 100_000
    the_books_agree()
