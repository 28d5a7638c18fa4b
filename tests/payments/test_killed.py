"""Killed in the middle: wherever a worker dies, the sweep brings it to the same end, once.

A death is an error that nothing catches, raised at a named point: before the call, between the
call and the note of its answer, and inside the transaction that notes it, before its commit.
"""

import pytest
from django.core.management import call_command

from accounts.parties.selectors import own_party_of
from payments.escrow import services as escrows
from payments.fundings import services as fundings
from payments.gateway.stripe import StripeGateway
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payouts import services as payouts
from payments.payouts.models import Payout
from payments.payouts.sending import services as sending
from payments.refunds import services as refunds
from payments.refunds.models import Refund
from tests.payments.payout_world import due, transfers_at
from tests.payments.payout_world import payouts_at as bank_payouts_at
from tests.payments.world import A_WHILE, asked, days_pass, opened, paid_at
from tests.sandbox import AVAILABLE_AT_ONCE, Sandbox, play_on, sweep_all

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """No ``except Exception`` of ours may save a worker that was killed."""


def dying(real, *, before: bool):
    """The same function, but its first caller dies: before it does anything, or right after."""
    deaths = []

    def act(*args, **kwargs):
        if before and not deaths:
            deaths.append(1)
            raise Killed
        found = real(*args, **kwargs)
        if not deaths:
            deaths.append(1)
            raise Killed
        return found

    return act


def lost_letters(sandbox: Sandbox) -> None:
    sandbox.collect()
    sandbox.letters.clear()


def the_books_agree(sandbox: Sandbox) -> None:
    days_pass(A_WHILE)
    play_on(sandbox)
    days_pass(A_WHILE)
    play_on(sandbox)
    call_command("check_ledger")
    call_command("reconcile")


BEFORE, AFTER = True, False


@pytest.mark.parametrize(
    ("owner", "name", "before"),
    [
        (StripeGateway, "send_transfer", BEFORE),
        (StripeGateway, "send_transfer", AFTER),
        (sending, "_note_transfer", BEFORE),
        (sending, "_note_transfer", AFTER),
        (StripeGateway, "send_payout", BEFORE),
        (StripeGateway, "send_payout", AFTER),
        (sending, "record_payout", BEFORE),
        (sending, "record_payout", AFTER),
        (sending, "begin_attempt", AFTER),
    ],
)
def test_a_payout_arrives_once(ada, ben, sandbox, monkeypatch, owner, name, before):
    due(ada, ben, sandbox)
    payout = payouts.schedule_payout(party_id=own_party_of(ben).pk, currency="USD", by=ben)
    monkeypatch.setattr(owner, name, dying(getattr(owner, name), before=before))

    with pytest.raises(Killed):
        sending.send_payout(payout_id=payout.pk)
    lost_letters(sandbox)
    the_books_agree(sandbox)

    payout.refresh_from_db()
    assert (payout.status, payout.attempts.count()) == ("paid", 1)
    assert len(transfers_at(sandbox)) == len(bank_payouts_at(sandbox)) == 1
    assert balance_of(chart.leaving(payout.public_id)) == 0


@pytest.mark.parametrize(
    ("owner", "name", "before"),
    [
        (StripeGateway, "send_refund", BEFORE),
        (StripeGateway, "send_refund", AFTER),
        (refunds, "record_refund", BEFORE),
        (refunds, "move_money", BEFORE),
        (refunds, "move_money", AFTER),
        (refunds, "record_refund", AFTER),
    ],
)
def test_a_refund_goes_back_once(ada, ben, sandbox, monkeypatch, owner, name, before):
    escrow = opened(ada, ben)
    paid_at(sandbox, escrow)
    sandbox.ask("POST", "/topups", amount=500_000, currency="usd")
    days_pass(A_WHILE)
    play_on(sandbox)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    refund = Refund.objects.get()
    monkeypatch.setattr(owner, name, dying(getattr(owner, name), before=before))

    with pytest.raises(Killed):
        refunds.send_refund(refund_id=refund.pk)
    lost_letters(sandbox)
    the_books_agree(sandbox)

    refund.refresh_from_db()
    assert (refund.status, refund.attempt) == ("succeeded", 1)
    assert len(sandbox.api("GET", "/v1/refunds")["data"]) == 1


@pytest.mark.parametrize(
    ("owner", "name", "before"),
    [
        (StripeGateway, "open_pay_page", BEFORE),
        (StripeGateway, "open_pay_page", AFTER),
        (fundings, "_note_page", BEFORE),
        (fundings, "_note_page", AFTER),
    ],
)
def test_a_pay_page_is_made_once(ada, ben, sandbox, monkeypatch, owner, name, before):
    payment = asked(opened(ada, ben))
    monkeypatch.setattr(owner, name, dying(getattr(owner, name), before=before))

    with pytest.raises(Killed):
        fundings.open_pay_page(payment_id=payment.pk)
    payment = fundings.open_pay_page(payment_id=payment.pk)
    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)
    play_on(sandbox)

    payment.refresh_from_db()
    assert payment.status == "succeeded"
    assert len(sandbox.api("GET", "/v1/checkout/sessions")["data"]) == 1
    the_books_agree(sandbox)


@pytest.mark.parametrize(
    ("owner", "name", "before"),
    [
        (StripeGateway, "payment_on", BEFORE),
        (StripeGateway, "payment_on", AFTER),
        (fundings, "record_success", AFTER),
        (escrows, "move_money", BEFORE),
        (escrows, "move_money", AFTER),
        (escrows, "take_in", AFTER),
    ],
)
def test_a_payment_is_taken_in_once(ada, ben, sandbox, monkeypatch, owner, name, before):
    escrow = opened(ada, ben)
    payment = fundings.open_pay_page(payment_id=asked(escrow).pk)
    sandbox.pay(payment.url, AVAILABLE_AT_ONCE)
    monkeypatch.setattr(owner, name, dying(getattr(owner, name), before=before))

    with pytest.raises(Killed):
        play_on(sandbox)
    lost_letters(sandbox)
    for _ in range(3):
        days_pass(A_WHILE)
        sweep_all()

    payment.refresh_from_db()
    assert payment.status == "succeeded"
    assert balance_of(chart.escrow(escrow.public_id)) == 103_000
    assert Payout.objects.count() == Refund.objects.count() == 0
    the_books_agree(sandbox)
