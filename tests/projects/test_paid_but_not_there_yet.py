"""The time to fund a contract, while a bank is at it and before anybody was told of the money."""

import pytest

from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from payments.fundings.models import Payment
from projects.agreements.leaving.services import leave_contract
from projects.agreements.services import close_finished_contract
from projects.milestones.arrivals.services import tell_funding
from projects.milestones.models import Reminder
from projects.milestones.services import cancel_milestone, release_milestone
from projects.tasks import tell_reminders
from tests.projects.ending_world import part, tag_for
from tests.projects.test_fund_in_time import contract_of_two, due, heard, is_near, opened, paid
from tests.projects.test_leave_contract import grounds_of

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
