"""Both sides change what they signed: money, dates and criteria follow the accepted difference."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction

from accounts.models import Notification
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from payments.escrow.facts import facts_now
from payments.escrow.models import Adjustment
from payments.fundings.models import Payment
from payments.refunds.models import Refund
from projects.agreements.changes import services as orders
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.planning import Wish
from projects.agreements.changes.selectors import effect_now, over_change_ids
from projects.agreements.changes.services import (
    accept_change,
    counter_change,
    decline_change,
    lapse_change,
    withdraw_change,
)
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.agreements.services import close_finished_contract
from projects.contracts.selectors import agreement_of
from projects.disputes.services import open_dispute
from projects.milestones.models import Milestone, Reminder
from projects.milestones.parts.services import release_part
from projects.milestones.services import release_milestone, submit_work
from projects.tasks import lapse_changes
from tests.payments.chargeback_world import Bank
from tests.projects.change_world import another, in_days, price_to, proposed, wish
from tests.projects.test_fund_in_parts import pay_part
from tests.races import at_once, meet_after
from tests.world import (
    active_contract,
    fund,
    funded_milestone,
    offered_contract,
    plan_of,
    planned_milestone,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db


def now_of(milestone: Milestone) -> Milestone:
    return Milestone.objects.select_related("escrow__policy", "contract").get(pk=milestone.pk)


def facts_of(milestone: Milestone):
    return facts_now(now_of(milestone).escrow)


def wording(contract) -> dict:
    return json.loads(agreement_of(contract).body)


def the_books_agree() -> None:
    call_command("check_ledger")


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
    submit_work(milestone_id=milestone.pk, by=ben, note="Done.")
    assert abs(now_of(milestone).due_at - due) <= timedelta(days=1)
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


# --- What is refused -----------------------------------------------------------------------------


def test_only_the_other_side_answers_and_strangers_not_at_all(ada, ben, cleo, dora):
    order = price_to(70_000, funded_milestone(ada, ben), ben)
    for deed in (accept_change, decline_change):
        with pytest.raises(NotAllowed, match="You proposed"):
            deed(order_id=order.pk, by=ben)
    with pytest.raises(NotAllowed, match="The other side proposed"):
        withdraw_change(order_id=order.pk, by=ada)
    for stranger in (cleo, dora):
        for deed in (accept_change, decline_change, withdraw_change):
            with pytest.raises(NotAllowed):
                deed(order_id=order.pk, by=stranger)
        with pytest.raises(NotAllowed):
            proposed(stranger, another(), contract=order.contract)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"amount": 0}, "changes[0].amount"),
        ({"amount": -5}, "changes[0].amount"),
        ({"amount": 499}, "changes[0].amount"),
        ({"amount": 2**63}, "changes[0].amount"),
        ({"amount": 10.5}, "changes[0].amount"),
        ({"amount": 100_000}, "changes[0]"),
        ({"due_at": "yesterday"}, "changes[0].due_at"),
        ({"due_at": "never"}, "changes[0].due_at"),
        ({"criteria": ["x" * 301]}, "changes[0].criteria"),
        ({"criteria": ["x"] * 11}, "changes[0].criteria"),
        ({"criteria": "all"}, "changes[0].criteria"),
        ({"title": "Another"}, "changes[0].title"),
        ({}, "changes[0]"),
        ({"drop": True}, "changes"),
    ],
)
def test_what_cannot_be_agreed_on_is_refused_by_its_field(said, field, ada, ben):
    milestone = funded_milestone(ada, ben, 100_000)
    days = {"yesterday": -1, "never": 2_000}
    if "due_at" in said:
        said = {"due_at": in_days(days[said["due_at"]])}

    with pytest.raises(InvalidInput) as refusal:
        proposed(ada, wish(milestone, **said), milestone=milestone)

    assert refusal.value.param == field
    assert not ChangeOrder.objects.exists()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"title": ""}, "changes[0].title"),
        ({"title": "x" * 151}, "changes[0].title"),
        ({"amount": None}, "changes[0].amount"),
        ({"amount": 499}, "changes[0].amount"),
        ({"due_at": None}, "changes[0].due_at"),
        ({"drop": True}, "changes[0].milestone"),
        ({"milestone": "ms_nobodys"}, "changes[0].milestone"),
    ],
)
def test_a_new_milestone_is_judged_as_one_of_a_bid(said, field, ada, ben):
    contract = active_contract(ada, ben)
    words = {"title": "More", "amount": 9_000, "due_at": in_days(9)} | said
    with pytest.raises(InvalidInput) as refusal:
        proposed(ada, Wish(**words), contract=contract)
    assert refusal.value.param == field


def test_nothing_and_the_same_twice_are_refused(ada, ben):
    milestone = funded_milestone(ada, ben)
    for wishes in ([], [wish(milestone, amount=9_000), wish(milestone, amount=8_000)]):
        with pytest.raises(InvalidInput) as refusal:
            proposed(ada, *wishes, milestone=milestone)
        assert refusal.value.param == "changes"


def test_twenty_open_milestones_are_the_most(ada, ben):
    contract = active_contract(ada, ben)
    with pytest.raises(InvalidInput, match="at most 20"):
        proposed(ada, *[another()] * 20, contract=contract)


def test_a_date_after_the_providers_limit_is_refused(ada, ben):
    milestone = funded_milestone(ada, ben)
    with pytest.raises(InvalidInput) as refusal:
        proposed(ada, wish(milestone, due_at=in_days(120)), milestone=milestone)
    assert refusal.value.code == "held_too_short"


def test_less_than_what_was_released_cannot_be_agreed_on(ada, ben):
    milestone = funded_milestone(ada, ben, 100_000)
    release_part(milestone_id=milestone.pk, by=ada, amount=40_000)
    with pytest.raises(InvalidInput, match="are released"):
        price_to(40_100, milestone, ben)
    with pytest.raises(InvalidInput, match="was released"):
        proposed(ada, wish(milestone, drop=True), another(), milestone=milestone)
    accept_change(order_id=price_to(60_000, milestone, ben).pk, by=ada)
    assert facts_of(milestone).held == 20_600
    the_books_agree()


def test_one_change_at_a_time_and_none_of_an_offer(ada, ben):
    milestone = funded_milestone(ada, ben)
    price_to(70_000, milestone, ben)
    with pytest.raises(WrongState, match="answered or withdrawn first"):
        price_to(80_000, milestone, ada)
    offer = offered_contract(ada, ben)
    with pytest.raises(WrongState):
        proposed(ada, another(), contract=offer)


def test_a_disputed_or_ended_milestone_stays_as_it_is(ada, ben):
    milestone = submitted_milestone(ada, ben)
    order = price_to(70_000, milestone, ben)
    open_dispute(
        milestone_id=milestone.pk,
        by=ada,
        reason="not_as_agreed",
        statement="It is not.",
        asked_for=0,
    )
    with pytest.raises(WrongState):
        accept_change(order_id=order.pk, by=ada)
    with pytest.raises(WrongState):
        counter_change(order_id=order.pk, by=ada, wishes=[wish(milestone, amount=60_000)])
    order.refresh_from_db()
    assert order.status == "proposed"


def test_money_that_a_bank_wants_back_is_not_agreed_on_anew(ada, ben):
    milestone = funded_milestone(ada, ben)
    order = price_to(70_000, milestone, ben)
    Bank(Payment.objects.get(paid_for=milestone.escrow.public_id)).asks()
    Bank(Payment.objects.get(paid_for=milestone.escrow.public_id), name="du_x").takes()
    with pytest.raises(WrongState, match="bank"):
        accept_change(order_id=order.pk, by=ada)
    assert not Refund.objects.exists()


def test_what_has_changed_since_is_refused_and_nothing_moves(ada, ben):
    contract = active_contract(ada, ben, plan=plan_of(50_000, 70_000))
    first, second = contract.milestones.order_by("position")
    fund(first)
    order = proposed(ben, wish(first, amount=60_000), another(), contract=contract)
    ending = propose_ending(milestone_id=first.pk, by=ben, to_freelancer=20_000, into_id=second.pk)
    accept_proposal(proposal_id=ending.pk, by=ada)
    with pytest.raises(WrongState):
        accept_change(order_id=order.pk, by=ada)
    assert contract.milestones.count() == 2
    the_books_agree()


# --- At the same moment --------------------------------------------------------------------------


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
