"""A date that both have signed stands where the client pays in time, and moves by what is late."""

import json
from datetime import datetime, timedelta

import pytest

from marketplace.common.clock import after_days, now
from projects.agreements.changes.services import accept_change
from projects.contracts.selectors import agreement_of
from projects.milestones.models import Milestone, Reminder
from projects.milestones.rules import due_if_held, due_of, late_from
from tests.projects.change_world import another, now_of, price_to, proposed, wish
from tests.world import active_contract, fund, funded_milestone, plan_of, planned_milestone

pytestmark = pytest.mark.django_db

# As from Monday 10:00 to Friday 23:59.
LEFT = timedelta(days=4, hours=13, minutes=59)


def at_the_end_of(left: timedelta) -> datetime:
    return now().replace(microsecond=0) + left


def signed_due(contract, position: int) -> datetime:
    parts = json.loads(agreement_of(contract).body)["milestones"]
    return datetime.fromisoformat(
        next(part["due_at"] for part in parts if part["position"] == position)
    )


def added(ada, ben, due_at: datetime) -> Milestone:
    """A milestone that both have just added, due then."""
    contract = active_contract(ada, ben, plan=plan_of(50_000))
    order = proposed(ada, another(due_at=due_at), contract=contract)
    accept_change(order_id=order.pk, by=ben)
    return now_of(contract.milestones.get(position=2))


def dated_anew(ada, ben, due_at: datetime) -> Milestone:
    """One of the plan that nobody has paid for, and whose date both have just changed."""
    milestone = planned_milestone(ada, ben)
    order = proposed(ada, wish(milestone, due_at=due_at), milestone=milestone)
    accept_change(order_id=order.pk, by=ben)
    return now_of(milestone)


@pytest.mark.parametrize("agree", [added, dated_anew])
@pytest.mark.parametrize(
    ("left", "paid_after"),
    [
        (LEFT, timedelta(minutes=5)),
        (LEFT, timedelta(hours=23)),
        (timedelta(hours=14), timedelta(minutes=5)),
        (timedelta(hours=14), timedelta(hours=6)),
    ],
)
def test_who_pays_in_time_moves_no_date(ada, ben, later, agree, left, paid_after):
    due_at = at_the_end_of(left)
    milestone = agree(ada, ben, due_at)
    later(hours=paid_after / timedelta(hours=1))
    fund(milestone)

    milestone = now_of(milestone)
    assert milestone.due_at == due_of(milestone) == due_at
    assert signed_due(milestone.contract, milestone.position) == due_at
    assert late_from(milestone) == due_at + timedelta(days=3)
    told = dict(Reminder.objects.filter(milestone=milestone).values_list("kind", "due_at"))
    assert (told["due_now"], told["late_over"]) == (due_at, late_from(milestone))


@pytest.mark.parametrize("agree", [added, dated_anew])
@pytest.mark.parametrize(
    ("left", "late"), [(LEFT, timedelta(days=2)), (timedelta(hours=14), timedelta(hours=8))]
)
def test_who_pays_late_leaves_as_long_as_was_agreed(ada, ben, later, agree, left, late):
    due_at = at_the_end_of(left)
    milestone = agree(ada, ben, due_at)
    later(hours=late / timedelta(hours=1))
    fund(milestone)

    milestone = now_of(milestone)
    assert abs(milestone.due_at - (due_at + late)) < timedelta(minutes=1)
    assert abs(milestone.due_at - milestone.escrow.held_at - left) < timedelta(minutes=1)


def test_a_higher_price_topped_up_late_moves_the_date_by_that(ada, ben, later):
    milestone = funded_milestone(ada, ben, 100_000)
    due_at = milestone.due_at
    accept_change(order_id=price_to(150_000, milestone, ada).pk, by=ben)
    later(days=3)
    fund(now_of(milestone))
    assert abs(now_of(milestone).due_at - (due_at + timedelta(days=3))) < timedelta(minutes=1)


def test_what_was_late_already_stays_so_when_its_higher_price_is_paid_at_once(ada, ben, later):
    milestone = funded_milestone(ada, ben, 100_000)
    due_at = milestone.due_at
    later(days=22)
    accept_change(order_id=price_to(150_000, milestone, ada).pk, by=ben)
    fund(now_of(milestone))
    assert now_of(milestone).due_at == due_at


def test_a_day_of_the_plan_counts_in_full_from_the_money_on(ada, ben, later):
    milestone = planned_milestone(ada, ben)
    later(hours=5)
    fund(milestone)
    milestone = now_of(milestone)
    zone = milestone.days_end_in
    assert milestone.due_at == after_days(milestone.escrow.held_at, timedelta(days=20), zone)


def test_what_is_paid_anew_within_a_day_is_due_as_it_was_moved(ada, ben, later):
    milestone = added(ada, ben, at_the_end_of(LEFT))
    later(days=3)
    fund(milestone)
    milestone = now_of(milestone)
    held_at = milestone.escrow.held_at
    assert due_if_held(milestone, held_at + timedelta(hours=20)) == milestone.due_at
    assert due_if_held(milestone, held_at + timedelta(days=2)) == milestone.due_at + timedelta(2)
