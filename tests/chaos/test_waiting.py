"""What has not ended once all is quiet: it waits for somebody who knows, or it is found."""

from datetime import timedelta

import pytest

from accounts.notifications.models import Notification
from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from payments.chargebacks.models import Chargeback
from payments.escrow import services as escrows
from payments.payees.models import ConnectedAccount
from payments.payees.services import refresh_account
from payments.payouts.models import Earning, Payout
from payments.payouts.sending.services import send_payout
from payments.refunds.models import Refund
from tests.against_the_rules import force
from tests.chaos.waiting import everything_that_waits, what_waits
from tests.payments.chargeback_world import Bank, payment_of
from tests.payments.payout_world import arrive, due, scheduled
from tests.payments.world import held, paid_out
from tests.sandbox import SENDS_BACK_LATER

pytestmark = pytest.mark.django_db


def waits() -> list[str]:
    return [whom for whom, _ in everything_that_waits()]


def test_where_everything_has_ended_nothing_waits(ada, ben):
    escrow = held(ada, ben)
    escrows.release(escrow_id=escrow.pk)
    paid_out(ben)

    assert waits() == []


def test_a_payout_that_came_back_waits_for_its_payee_who_was_told(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox, bank=SENDS_BACK_LATER)
    assert waits() == [""]  # it goes out by itself: nothing is quiet yet

    send_payout(payout_id=payout.pk)
    arrive(sandbox)
    arrive(sandbox)

    assert Payout.objects.get().status == "failed"
    assert waits() == ["failed payouts for other details of their payees"]
    failed = Notification.objects.filter(kind="payout_failed")
    failed.update(created_at=payout.created_at)
    assert waits() == [""], "they were told of an earlier failure, not of this"
    failed.delete()
    assert waits() == [""]


def test_a_payout_to_a_restricted_account_waits_for_its_payee_who_was_told(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox)
    account = ConnectedAccount.objects.get(party=own_party_of(ben))
    sandbox.ask("POST", f"/accounts/{account.remote_id}/restrict")
    refresh_account(account_id=account.pk)
    send_payout(payout_id=payout.pk)

    assert waits() == ["payouts for what the provider asks of their payees"]
    Notification.objects.filter(kind="payout_account_restricted").delete()
    assert waits() == [""]


def test_what_is_past_the_providers_limit_and_not_paid_out_is_found(ada, ben, sandbox):
    due(ada, ben, sandbox)
    assert what_waits() == ([], [])

    past = now() - timedelta(days=3)
    Earning.objects.update(clears_at=past, limit_at=past)
    (found,), _ = what_waits()
    assert "that is past the provider's limit and is not paid out" in found


def test_a_refund_waits_for_the_desk_once_nobody_tries_it_again(ada, ben):
    escrow = held(ada, ben)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    assert waits() == [""]  # it is to be sent

    Refund.objects.update(status="failed")
    assert waits() == [""]  # it is tried again
    Refund.objects.update(next_check_at=None)
    assert waits() == ["refunds for the desk"]


def test_what_has_ended_leaves_nothing_in_transit(ada, ben, sandbox):
    payout = scheduled(ada, ben, sandbox)
    force(Payout, status="paid")

    assert [str(row) for _, row in everything_that_waits()] == [f"leaving:{payout.public_id}"]
    assert waits() == [""]
    force(Payout, status="scheduled")


def test_what_a_bank_takes_waits_for_an_answer_and_what_is_owed_for_an_earning(ada, ben):
    escrow = held(ada, ben)
    escrows.release(escrow_id=escrow.pk)
    paid_out(ben)
    bank = Bank(payment_of(escrow))
    bank.takes()
    debt = "debts for what their payees earn next"

    assert waits() == ["chargebacks for an answer", debt]
    Chargeback.objects.update(evidence="It was delivered.", answered_at="2030-01-01T00:00Z")
    assert waits() == ["", debt]  # answered, and still open: the answer never reached the bank
    bank.keeps()
    assert waits() == [debt]
