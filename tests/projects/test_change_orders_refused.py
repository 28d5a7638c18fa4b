"""What cannot be agreed on, and who cannot agree: refused in words, and nothing moves."""

import pytest

from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from payments.fundings.models import Payment
from payments.refunds.models import Refund
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.planning import Wish
from projects.agreements.changes.services import (
    accept_change,
    counter_change,
    decline_change,
    withdraw_change,
)
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.disputes.services import open_dispute
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import cancel_milestone, release_milestone
from tests.payments.chargeback_world import Bank
from tests.projects.change_world import (
    another,
    facts_of,
    in_days,
    price_to,
    proposed,
    the_books_agree,
    wish,
    wording,
)
from tests.world import (
    SIGNED,
    active_contract,
    api_of,
    fund,
    funded_milestone,
    offered_contract,
    plan_of,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db


def test_only_the_other_side_answers_and_strangers_not_at_all(ada, ben, cleo, dora):
    order = price_to(70_000, funded_milestone(ada, ben), ben)
    for deed in (accept_change, decline_change):
        with pytest.raises(NotAllowed, match="You made this"):
            deed(order_id=order.pk, by=ben)
    with pytest.raises(NotAllowed, match="The other side made this"):
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
        ({"due_at": "yesterday"}, "changes[0].due_at"),
        ({"due_at": "never"}, "changes[0].due_at"),
        ({"drop": True}, "changes[0].milestone"),
        ({"milestone": "ms_nobodys"}, "changes[0].milestone"),
    ],
)
def test_a_new_milestone_is_judged_as_one_of_a_bid(said, field, ada, ben):
    contract = active_contract(ada, ben)
    days = {"yesterday": -1, "never": 2_000}
    if said.get("due_at"):
        said = {"due_at": in_days(days[said["due_at"]])}
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


def dispute(milestone: Milestone, ada, ben) -> None:
    fund(milestone)
    open_dispute(milestone_id=milestone.pk, by=ada, reason="late", statement="Late.", asked_for=0)


def release(milestone: Milestone, ada, ben) -> None:
    release_milestone(milestone_id=fund(milestone).pk, by=ada)


def cancel(milestone: Milestone, ada, ben) -> None:
    cancel_milestone(milestone_id=milestone.pk, by=ben)


def divide(milestone: Milestone, ada, ben) -> None:
    ending = propose_ending(milestone_id=fund(milestone).pk, by=ben, to_freelancer=10_000)
    accept_proposal(proposal_id=ending.pk, by=ada)


ENDS = {"disputed": dispute, "released": release, "cancelled": cancel, "split": divide}
CHANGES = [
    {"amount": 60_000},
    {"due_at": "2099"},
    {"criteria": ["It runs."]},
    {"revisions": 5},
    {"place": 2},
    {"drop": True},
]


@pytest.mark.parametrize("said", CHANGES)
@pytest.mark.parametrize("state", ENDS)
def test_nothing_of_a_disputed_or_closed_milestone_is_changed(ada, ben, state, said):
    contract = active_contract(ada, ben, plan=plan_of(50_000, 70_000))
    first = contract.milestones.get(position=1)
    said = said | ({"due_at": in_days(40)} if "due_at" in said else {})
    waiting = proposed(ben, wish(first, **said), contract=contract)
    ENDS[state](first, ada, ben)
    first.refresh_from_db()
    assert first.status == state
    before = wording(contract)

    with pytest.raises(WrongState, match=state):
        accept_change(order_id=waiting.pk, by=ada)
    withdraw_change(order_id=waiting.pk, by=ben)
    with pytest.raises(WrongState, match=state):
        proposed(ben, wish(first, **said), contract=contract)
    body = {"changes": [{"milestone": first.public_id, "amount": 60_000}]} | SIGNED
    answer = api_of(ben).post(f"/api/v1/contracts/{contract.public_id}/change-orders/", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_state")
    assert wording(contract) == before and not Payment.objects.filter(status="pending").exists()
    the_books_agree()


@pytest.mark.parametrize("kind", ["a new date", "a new milestone"])
def test_a_date_that_has_passed_before_it_is_signed_is_not_agreed_on(ada, ben, later, kind):
    milestone = funded_milestone(ada, ben)
    tomorrow = in_days(1)
    wanted = another(due_at=tomorrow) if "milestone" in kind else wish(milestone, due_at=tomorrow)
    order = proposed(ben, wanted, milestone=milestone)
    later(days=2)
    with pytest.raises(InvalidInput, match="still ahead") as refusal:
        accept_change(order_id=order.pk, by=ada)
    assert refusal.value.param == "due_at"
    assert milestone.contract.milestones.count() == 1
    assert "due_at" not in wording(milestone.contract)["milestones"][0]


def test_a_disputed_milestone_stays_as_it_is(ada, ben):
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
