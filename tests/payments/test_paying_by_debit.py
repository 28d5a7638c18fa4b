"""Paying by a bank account: the payer is done, and the bank answers days later."""

import pytest
from django.core.management import call_command

from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.fundings.selectors import is_with_a_bank
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.refunds.models import Refund
from tests.payments.world import A_WHILE, asked, days_pass, opened
from tests.sandbox import CLOSED_ACCOUNT, GOOD_ACCOUNT, Sandbox, play_on

pytestmark = pytest.mark.django_db


def debited(sandbox: Sandbox, escrow: Escrow, account: str = GOOD_ACCOUNT) -> Payment:
    payment = fundings.open_pay_page(payment_id=asked(escrow).pk)
    assert sandbox.pay(payment.url, account).status_code == 303
    play_on(sandbox)
    payment.refresh_from_db()
    return payment


def bank_answers(sandbox: Sandbox, payment: Payment) -> str:
    days_pass(A_WHILE)
    play_on(sandbox)
    payment.refresh_from_db()
    return payment.status


def test_nothing_is_held_until_the_bank_has_paid(ada, ben, sandbox):
    escrow = opened(ada, ben)

    payment = debited(sandbox, escrow)
    assert (payment.status, balance_of(chart.escrow(escrow.public_id))) == ("requires_action", 0)

    assert bank_answers(sandbox, payment) == "succeeded"
    assert balance_of(chart.escrow(escrow.public_id)) == 103_000
    days_pass(A_WHILE)
    play_on(sandbox)
    call_command("check_ledger")
    call_command("reconcile")
    payment.refresh_from_db()
    assert payment.provider_fee == 500


@pytest.mark.parametrize("amount", [None, 50_000])
def test_while_the_bank_brings_it_nobody_is_led_to_pay_again(ada, ben, sandbox, amount):
    escrow = opened(ada, ben)
    payment = debited(sandbox, escrow)
    Payment.objects.update(expires_at=now())  # its page closes within a day, a bank takes several

    with pytest.raises(WrongState, match=r"bank is bringing \$1,030\.00"):
        escrows.ask_for_funds(escrow_id=escrow.pk, return_path="/", amount=amount)

    assert is_with_a_bank([escrow.public_id])
    assert bank_answers(sandbox, payment) == "succeeded"
    assert balance_of(chart.escrow(escrow.public_id)) == 103_000


def test_an_account_whose_bank_took_money_back_pays_nothing_more(ada, ben, sandbox):
    first = debited(sandbox, opened(ada, ben))
    bank_answers(sandbox, first)
    days_pass(3)  # by then the provider has booked it
    play_on(sandbox)
    assert first.card
    sandbox.ask("POST", "/disputes", charge=first.charge_id)
    play_on(sandbox)

    escrow = opened(ada, ben)
    bank_answers(sandbox, debited(sandbox, escrow))

    assert Refund.objects.get().reason == "disputed_card"
    assert balance_of(chart.escrow(escrow.public_id)) == 0


def test_a_debit_that_the_bank_refuses_leaves_the_way_free_for_another(ada, ben, sandbox):
    escrow = opened(ada, ben)
    payment = debited(sandbox, escrow, CLOSED_ACCOUNT)
    assert payment.status == "requires_action"

    assert bank_answers(sandbox, payment) == "cancelled"

    assert payment.failure_code == "account_closed"
    assert balance_of(chart.escrow(escrow.public_id)) == 0
    another = debited(sandbox, escrow)
    assert (another.pk != payment.pk, bank_answers(sandbox, another)) == (True, "succeeded")


def test_a_debit_that_arrives_after_the_drop_is_given_back(ada, ben, sandbox):
    escrow = opened(ada, ben)
    payment = debited(sandbox, escrow)

    escrows.drop(escrow_id=escrow.pk)
    play_on(sandbox)
    bank_answers(sandbox, payment)
    sandbox.ask("POST", "/topups", amount=5_000, currency="usd")  # what the provider's fee took
    days_pass(3)  # and by then the rest is available
    bank_answers(sandbox, payment)

    refund = Refund.objects.get()
    assert (refund.status, refund.amount, payment.status) == ("succeeded", 103_000, "refunded")
    assert balance_of(chart.escrow(escrow.public_id)) == 0
    call_command("check_ledger")
    call_command("reconcile")
