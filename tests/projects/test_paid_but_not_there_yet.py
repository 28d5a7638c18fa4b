"""The time to fund a contract, while a bank is at it and before anybody was told of the money."""

import pytest

from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from payments.fundings.models import Payment
from projects.agreements.leaving.services import leave_contract
from projects.agreements.outlook import prospects_of
from projects.agreements.services import close_finished_contract
from projects.agreements.turns import turn_of
from projects.bonuses.services import give_bonus
from projects.milestones.arrivals.services import tell_funding
from projects.milestones.models import LIFECYCLE, Reminder
from projects.milestones.services import cancel_milestone, release_milestone
from projects.tasks import tell_reminders
from tests.projects.ending_world import part, tag_for
from tests.projects.test_fund_in_time import contract_of_two, due, heard, is_near, opened, paid
from tests.projects.test_leave_contract import grounds_of
from tests.world import api_of, browser, planned_milestone

pytestmark = pytest.mark.django_db


def with_the_bank(payment: Payment) -> Payment:
    """As a bank debit is for days after its payer has agreed to it."""
    Payment.objects.filter(pk=payment.pk).update(
        status=Payment.Status.REQUIRES_ACTION, sent_at=now()
    )
    return payment


def test_who_has_paid_is_not_late_while_a_bank_is_at_it(ada, ben, later):
    contract = contract_of_two(ada, ben)
    first = part(contract, 1)
    payment = with_the_bank(opened(first))
    later(days=14.1)
    tell_reminders()
    assert heard("fund_over") == 0
    with pytest.raises(WrongState, match="their bank takes its time"):
        cancel_milestone(milestone_id=first.pk, by=ben, step="cancel_unfunded")

    Payment.objects.filter(pk=payment.pk).update(status=Payment.Status.PENDING)
    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    assert grounds_of(contract) == ["cancel_unfunded"] * 2


def test_who_leaves_before_the_bank_has_brought_it_blames_nobody(ada, ben, later):
    contract = contract_of_two(ada, ben)
    with_the_bank(opened(part(contract, 1)))
    later(days=14.1)

    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))

    assert grounds_of(contract) == ["cancel"] * 2


@pytest.mark.parametrize("is_told_late", [False, True])
def test_what_was_paid_and_ended_before_it_was_told_begins_it_anew(ada, ben, later, is_told_late):
    contract = contract_of_two(ada, ben)
    first = part(contract, 1)
    later(days=13.9)
    paid(opened(first))
    release_milestone(milestone_id=first.pk, by=ada)

    close_finished_contract(contract_id=contract.pk)
    if is_told_late:
        tell_funding(milestone_id=first.pk)

    assert is_near(due(contract), 14)
    assert Reminder.objects.filter(kind__startswith="fund_", told_at=None).count() == 3


# --- What is shown meanwhile ---------------------------------------------------------------------


def test_while_a_bank_brings_it_nobody_is_asked_to_pay(ada, ben):
    milestone = planned_milestone(ada, ben)
    payment = with_the_bank(opened(milestone))
    page = f"/contracts/{milestone.contract.public_id}/"
    place = f"/api/v1/milestones/{milestone.public_id}/"

    shown = browser(ada).get(page).content.decode()
    assert "Your bank is bringing the money" in shown and "Waiting for the bank" in shown
    for wrong in ("Continue to pay", "pay page for", "Finish the payment", "Fund with"):
        assert wrong not in shown
    assert "is bringing it, which takes some days" in browser(ben).get(page).content.decode()
    assert "fund" not in api_of(ada).get(place).json()["next_steps"]
    refused = api_of(ada).post(f"{place}fund/")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "wrong_state")
    shown = browser(ada).get(f"/payments/{payment.public_id}/").content.decode()
    assert "Your bank is bringing it" in shown and "Go to the pay page" not in shown


def test_it_is_said_once_nothing_else_is_to_be_done(ada, ben):
    """Another milestone that is to be funded, or reviewed, comes first."""
    contract = contract_of_two(ada, ben)
    with_the_bank(opened(part(contract, 1)))

    assert "Fund “" in turn_of(prospects_of(contract), "client").title

    paid(opened(part(contract, 2)))
    assert "delivers “" in turn_of(prospects_of(contract), "client").title


@pytest.mark.parametrize("how", ["brought by a bank", "here, and nobody was told"])
def test_no_page_offers_an_end_that_is_refused(ada, ben, later, how):
    """Its time is over, and money for the other milestone is on its way or has come."""
    contract = contract_of_two(ada, ben)
    second = part(contract, 2)
    payment = opened(part(contract, 1))
    later(days=14.1)
    page, api = f"/contracts/{contract.public_id}/", f"/api/v1/milestones/{second.public_id}/"
    label = LIFECYCLE.steps["cancel_unfunded"].label
    assert "cancel_unfunded" in api_of(ben).get(api).json()["next_steps"]
    assert label in browser(ben).get(page).content.decode()

    (with_the_bank if how == "brought by a bank" else paid)(payment)

    assert "cancel_unfunded" not in api_of(ben).get(api).json()["next_steps"]
    assert label not in browser(ben).get(page).content.decode()
    with pytest.raises(WrongState):
        cancel_milestone(milestone_id=second.pk, by=ben, step="cancel_unfunded")


def test_a_bonus_that_a_bank_brings_is_not_to_be_paid_again(ada, ben):
    contract = planned_milestone(ada, ben).contract
    _, payment = give_bonus(contract_id=contract.pk, by=ada, amount=5_000)
    page = f"/contracts/{contract.public_id}/"
    assert "Continue to pay" in browser(ada).get(page).content.decode()

    with_the_bank(payment)

    shown = browser(ada).get(page).content.decode()
    assert "Continue to pay" not in shown and "your bank is bringing it" in shown
