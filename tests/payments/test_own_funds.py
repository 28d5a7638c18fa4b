"""What the platform puts in at the provider, or takes out, is booked once."""

import pytest
from django.core.management import call_command

from accounts.parties.selectors import own_party_of
from payments.escrow import services as escrows
from payments.gateway import books
from payments.gateway.base import RemoteMovement
from payments.incoming.own_funds.services import book_own_funds
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payouts.models import Payout
from payments.reconciliation.judging.movements import judge_movement
from payments.reconciliation.judging.rows import Rows
from tests.payments.payout_world import arrive
from tests.payments.world import A_WHILE, days_pass, opened, paid_at, with_account
from tests.sandbox import play_on

pytestmark = pytest.mark.django_db


def test_what_we_put_in_and_take_out_is_booked_once(ben, sandbox):
    for amount in (5_000, 7_000):
        sandbox.ask("POST", "/topups", amount=amount, currency="usd")
    play_on(sandbox)
    sandbox.api("POST", "/v1/payouts", amount=2_000, currency="usd")
    play_on(sandbox)
    play_on(sandbox)

    assert balance_of(chart.own_funds("USD")) == 10_000
    call_command("check_ledger")
    call_command("reconcile")


def test_a_movement_of_nothing_keeps_nothing_else_from_being_booked(monkeypatch):
    shown = {
        "stripe_fee": [RemoteMovement("txn_0", "stripe_fee", 0, "USD", "")],
        "topup": [RemoteMovement("txn_1", "topup", 5_000, "USD", "tu_1")],
    }
    monkeypatch.setattr(books, "movements", lambda kind: iter(shown.get(kind, [])))

    assert (book_own_funds(), book_own_funds()) == (1, 0)

    assert balance_of(chart.own_funds("USD")) == 5_000
    (nothing,) = shown["stripe_fee"]
    assert judge_movement(nothing, Rows()) == []


def test_a_payout_that_costs_have_eaten_into_goes_once_we_put_money_in(ada, ben, sandbox):
    """The provider keeps its fee of the whole payment, also of what is given back."""
    with_account(sandbox, ben)
    escrow = opened(ada, ben)
    paid_at(sandbox, escrow)
    days_pass(A_WHILE)
    play_on(sandbox)
    escrows.split(escrow_id=escrow.pk, to_payee=33_333, reason="ruling")
    play_on(sandbox)
    days_pass(7)
    arrive(sandbox)
    payout = Payout.objects.get(party=own_party_of(ben))
    assert (payout.status, payout.failure_code) == ("scheduled", "balance_insufficient")
    call_command("reconcile")

    sandbox.ask("POST", "/topups", amount=5_000, currency="usd")
    days_pass(0.1)
    arrive(sandbox)

    payout.refresh_from_db()
    assert payout.status == "paid"
    call_command("reconcile")
