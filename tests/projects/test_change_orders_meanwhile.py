"""What happens between a change and its answer, and what it leaves of days and clocks."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Notification
from marketplace.common.errors import InvalidInput, WrongState
from payments.fundings.models import Payment
from projects.agreements.changes.selectors import effect_now
from projects.agreements.changes.services import accept_change, withdraw_change
from projects.disputes.services import open_dispute
from projects.milestones.parts.services import release_part
from projects.milestones.rules import due_of
from projects.milestones.services import release_milestone
from tests.payments.chargeback_world import Bank
from tests.projects.change_world import (
    in_days,
    now_of,
    price_to,
    proposed,
    wish,
)
from tests.world import (
    active_contract,
    fund,
    funded_milestone,
    plan_of,
    planned_milestone,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db


def test_a_drop_is_judged_again_when_it_is_accepted(ada, ben):
    contract = active_contract(ada, ben, plan=plan_of(50_000, 70_000))
    first, second = contract.milestones.order_by("position")
    fund(second)
    order = proposed(ben, wish(second, drop=True), contract=contract)
    release_part(milestone_id=second.pk, by=ada, amount=20_000)
    with pytest.raises(WrongState, match="was released"):
        accept_change(order_id=order.pk, by=ada)
    assert effect_now(order)[0] is None and now_of(second).status == "planned"
    withdraw_change(order_id=order.pk, by=ben)

    order = proposed(ben, wish(first, drop=True), contract=contract)
    release_milestone(milestone_id=second.pk, by=ada)
    with pytest.raises(InvalidInput, match="Nothing would be left"):
        accept_change(order_id=order.pk, by=ada)
    call_command("check_ledger")


@pytest.mark.parametrize("trouble", ["dispute", "bank"])
def test_what_is_disputed_or_a_banks_is_not_dropped_by_a_change(trouble, ada, ben):
    contract = active_contract(ada, ben, plan=plan_of(50_000, 70_000))
    second = contract.milestones.get(position=2)
    fund(second)
    if trouble == "bank":
        Bank(Payment.objects.get(paid_for=second.escrow.public_id)).takes()
    else:
        open_dispute(
            milestone_id=second.pk,
            by=ada,
            reason="not_as_agreed",
            statement="It is not.",
            asked_for=0,
        )
    with pytest.raises(WrongState):
        proposed(ben, wish(second, drop=True), contract=contract)


def test_what_the_contract_is_about_counts_what_was_released(ada, ben):
    contract = active_contract(ada, ben, plan=plan_of(50_000, 70_000))
    first, second = contract.milestones.order_by("position")
    fund(first)
    release_milestone(milestone_id=first.pk, by=ada)
    effect, _ = effect_now(price_to(60_000, second, ben))
    assert effect.price == 110_000


def test_a_price_of_what_nobody_has_paid_takes_no_day_from_it(ada, ben, later):
    milestone = planned_milestone(ada, ben, 100_000)
    later(days=18)
    accept_change(order_id=price_to(90_000, milestone, ben).pk, by=ada)
    fund(now_of(milestone))
    assert now_of(milestone).due_at >= in_days(19)


def test_what_is_short_for_a_while_loses_no_day_and_starts_anew(ada, ben, later):
    milestone = funded_milestone(ada, ben, 100_000)
    later(days=3)
    accept_change(order_id=price_to(150_000, milestone, ada).pk, by=ben)
    later(days=9)
    accept_change(order_id=price_to(100_000, milestone, ben).pk, by=ada)
    changed = now_of(milestone)
    assert changed.escrow.held_at >= in_days(-1) and due_of(changed) >= in_days(16)
    call_command("check_ledger")


def test_work_that_is_handed_in_is_said_to_wait_for_a_higher_price(ada, ben):
    milestone = submitted_milestone(ada, ben, 100_000)
    price_to(150_000, milestone, ada)
    assert "not approved by silence" in Notification.objects.get(kind="change_proposed").text


def test_a_date_is_not_held_back_by_a_limit_of_money_that_has_gone(ada, ben):
    milestone = funded_milestone(ada, ben)
    bank = Bank(Payment.objects.get(paid_for=milestone.escrow.public_id))
    bank.takes()
    bank.keeps()
    due = in_days(120)

    order = proposed(ada, wish(now_of(milestone), due_at=due), milestone=milestone)

    assert order.changes[0]["due_at"]["to"] == due.isoformat()


def test_many_differences_are_judged_in_as_few_questions_as_one(ada, ben):
    contract = active_contract(ada, ben, plan=plan_of(*[50_000] * 6))
    parts = list(contract.milestones.order_by("position"))
    counts = []
    for some in (parts[:1], parts):
        order = proposed(ben, *[wish(one, amount=40_000) for one in some], contract=contract)
        with CaptureQueriesContext(connection) as asked:
            effect_now(order)
        counts.append(len(asked))
        withdraw_change(order_id=order.pk, by=ben)
    assert counts[0] == counts[1]
