"""Both sides change what they signed: money, dates and criteria follow the accepted difference."""

from datetime import timedelta

import pytest

from accounts.models import Notification
from marketplace.common.errors import WrongState
from payments.escrow.models import Adjustment
from payments.refunds.models import Refund
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.selectors import effect_now, over_change_ids
from projects.agreements.changes.services import (
    accept_change,
    counter_change,
    decline_change,
    lapse_change,
    withdraw_change,
)
from projects.agreements.proposals.services import propose_ending
from projects.agreements.services import close_finished_contract
from projects.contracts.selectors import agreement_of
from projects.milestones.models import Reminder
from projects.milestones.services import release_milestone, submit_work
from projects.tasks import lapse_changes
from tests.projects.change_world import (
    another,
    facts_of,
    in_days,
    now_of,
    price_to,
    proposed,
    the_books_agree,
    wish,
    wording,
)
from tests.projects.test_fund_in_parts import pay_part
from tests.world import (
    active_contract,
    fund,
    funded_milestone,
    plan_of,
    planned_milestone,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db


# --- What an accepted change does ----------------------------------------------------------------


def test_a_lower_price_gives_the_difference_back_to_the_cent(ada, ben):
    milestone = funded_milestone(ada, ben, 100_000)
    order = price_to(70_000, milestone, ben)
    effect, _ = effect_now(order)
    assert (effect.returned, effect.missing, effect.price) == (30_900, 0, 70_000)

    accept_change(order_id=order.pk, by=ada)

    facts = facts_of(milestone)
    assert (facts.price, facts.held, facts.refunded, facts.is_fully_held) == (
        70_000,
        72_100,
        30_900,
        True,
    )
    assert Refund.objects.get().amount == 30_900
    assert Adjustment.objects.get().returned == 30_900
    the_books_agree()
    release_milestone(milestone_id=milestone.pk, by=ada)
    assert facts_of(milestone).received == 67_900
    the_books_agree()


def test_a_higher_price_is_topped_up_before_work_is_handed_in(ada, ben):
    milestone = funded_milestone(ada, ben, 100_000)
    accept_change(order_id=price_to(150_000, milestone, ada).pk, by=ben)

    assert facts_of(milestone).to_fund == 51_500
    with pytest.raises(WrongState, match="has not funded all"):
        submit_work(milestone_id=milestone.pk, by=ben, note="Done.")
    due = now_of(milestone).due_at
    fund(now_of(milestone))
    assert now_of(milestone).due_at == due, "who pays at once moves no date"
    submit_work(milestone_id=milestone.pk, by=ben, note="Done.")
    release_milestone(milestone_id=milestone.pk, by=ada)
    assert facts_of(milestone).received == 145_500
    the_books_agree()


def test_what_was_held_in_part_becomes_whole_at_a_lower_price(ada, ben):
    milestone = planned_milestone(ada, ben, 100_000)
    pay_part(milestone, ada, 60_000)
    accept_change(order_id=price_to(60_000, milestone, ben).pk, by=ada)

    escrow = now_of(milestone).escrow
    assert facts_of(milestone).is_fully_held and escrow.held_at and escrow.untold_since
    assert not Refund.objects.exists()
    the_books_agree()


def test_both_have_signed_the_next_version_with_the_difference_in_it(ada, ben):
    milestone = funded_milestone(ada, ben, 100_000)
    first, due = agreement_of(milestone.contract), in_days(40)
    order = proposed(
        ada,
        wish(milestone, amount=90_000, due_at=due, criteria=["It opens in two seconds"]),
        another(criteria=["Five pages"]),
        milestone=milestone,
    )
    accept_change(order_id=order.pk, by=ben)

    second, said = agreement_of(milestone.contract), wording(milestone.contract)
    assert (second.version, said["amends"]["sha256"]) == (2, first.sha256)
    assert said["changes"] == order.changes and said["price"] == 110_000
    assert said["changed_by"] == {"change_order": order.public_id}
    one, two = said["milestones"]
    assert (one["amount"], one["criteria"]) == (90_000, ["It opens in two seconds"])
    assert (two["title"], two["criteria"]) == ("Extra pages", ["Five pages"])
    assert second.signed_by_client_at == order.created_at
    changed = now_of(milestone)
    assert (changed.due_at, changed.criteria) == (due, ["It opens in two seconds"])
    assert Reminder.objects.filter(milestone=milestone, due_at=due - timedelta(days=3)).exists()
    new = milestone.contract.milestones.get(position=2)
    assert (new.title, new.amount, new.status) == ("Extra pages", 20_000, "planned")
    the_books_agree()


def test_a_dropped_milestone_gives_all_of_its_money_back(ada, ben):
    contract = active_contract(ada, ben, plan=plan_of(50_000, 70_000))
    second = contract.milestones.get(position=2)
    fund(second)
    accept_change(order_id=proposed(ben, wish(second, drop=True), contract=contract).pk, by=ada)

    assert now_of(second).status == "cancelled"
    assert facts_of(second).refunded == 72_100
    assert [one["position"] for one in wording(contract)["milestones"]] == [1]
    assert wording(contract)["price"] == 50_000
    the_books_agree()


def test_an_end_by_consent_that_was_proposed_about_other_money_lapses(ada, ben):
    milestone = funded_milestone(ada, ben, 100_000)
    ending = propose_ending(milestone_id=milestone.pk, by=ben, to_freelancer=80_000)
    accept_change(order_id=price_to(70_000, milestone, ben).pk, by=ada)

    ending.refresh_from_db()
    assert ending.status == "lapsed"


def test_round_by_round_until_one_accepts(ada, ben):
    milestone = funded_milestone(ada, ben, 100_000)
    first = price_to(150_000, milestone, ben)
    second = counter_change(order_id=first.pk, by=ada, wishes=[wish(milestone, amount=120_000)])
    third = counter_change(order_id=second.pk, by=ben, wishes=[wish(milestone, amount=130_000)])
    accept_change(order_id=third.pk, by=ada)

    assert list(ChangeOrder.objects.order_by("pk").values_list("status", flat=True)) == [
        "countered",
        "countered",
        "accepted",
    ]
    assert third.counters == second and now_of(milestone).amount == 130_000
    kinds = milestone.contract.events.order_by("pk").values_list("kind", flat=True)
    assert list(kinds)[-4:] == [
        "change_proposed",
        "change_countered",
        "change_countered",
        "change_accepted",
    ]


def test_each_word_is_told_to_the_other_side(ada, ben):
    milestone = funded_milestone(ada, ben, 100_000)
    order = price_to(70_000, milestone, ben)
    notice = Notification.objects.filter(kind="change_proposed").get()
    assert "Ben proposes to change" in notice.text and "$309.00" in notice.text
    assert notice.recipient == ada
    accept_change(order_id=order.pk, by=ada)
    assert Notification.objects.get(kind="change_accepted").recipient == ben


@pytest.mark.parametrize("deed", [decline_change, withdraw_change])
def test_no_changes_nothing(deed, ada, ben):
    milestone = funded_milestone(ada, ben)
    order = price_to(70_000, milestone, ben)
    deed(order_id=order.pk, by=ada if deed is decline_change else ben)

    assert now_of(milestone).amount == 100_000
    assert agreement_of(milestone.contract).version == 1
    with pytest.raises(WrongState):
        accept_change(order_id=order.pk, by=ada)


def test_without_an_answer_it_lapses_from_its_minute_on(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    order = price_to(70_000, milestone, ben)
    lapse_change(order_id=order.pk)
    assert over_change_ids(limit=9) == []
    later(days=milestone.contract.policy.proposal_answer_days)

    with pytest.raises(WrongState):
        accept_change(order_id=order.pk, by=ada)
    assert lapse_changes() == {"done": 1, "failed": 0}
    order.refresh_from_db()
    assert order.status == "lapsed"
    assert Notification.objects.filter(kind="change_lapsed").count() == 2
    lapse_change(order_id=order.pk)
    assert Notification.objects.filter(kind="change_lapsed").count() == 2
    price_to(80_000, milestone, ada)  # there is room for another one


def test_with_the_contract_it_ends(ada, ben):
    milestone = submitted_milestone(ada, ben)
    order = proposed(ben, another(), milestone=milestone)
    release_milestone(milestone_id=milestone.pk, by=ada)
    close_finished_contract(contract_id=milestone.contract_id)
    lapse_changes()
    order.refresh_from_db()
    assert order.status == "lapsed"
    assert milestone.contract.events.filter(kind="change_dropped").count() == 1
