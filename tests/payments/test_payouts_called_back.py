"""A payout that was tried and waits is called back for what its payee owes, and is not sent."""

import pytest
from django.core.management import call_command

from accounts.parties.selectors import own_party_of
from payments.chargebacks import services as chargebacks
from payments.fundings.models import Payment
from payments.gateway.base import GatewayRefused, RemotePayout, State
from payments.gateway.stripe import gateway
from payments.payouts import services as payouts
from payments.payouts.adopting.services import adopt_payout
from payments.payouts.cancelling.services import finish_cancelling
from payments.payouts.holding.services import hold_payouts, lift_hold
from payments.payouts.models import Earning, Payout
from payments.payouts.recovering.models import Recovery
from payments.payouts.sending import services as sending
from payments.tasks import recover_debts
from tests.payments.chargeback_world import Bank, owes
from tests.payments.payout_world import (
    PAYOUTS,
    TRANSFERS,
    arrive,
    available,
    earned,
    leaving,
    now_of,
    payouts_at,
    ready_without_provider,
    scheduled,
    the_books_agree,
    transfers_at,
)
from tests.payments.test_chargebacks_at_once import taken_word
from tests.payments.world import days_pass, with_account
from tests.projects.test_races import without_locks
from tests.races import at_once, overtaken_after
from tests.sandbox import GOOD_CARD, Sandbox, play_on

pytestmark = pytest.mark.django_db

NO_COVER = GatewayRefused("balance_insufficient", "no", retry_later=True)


def refused(ada, ben) -> Payout:
    """Set aside, tried once, and waiting for cover; without any provider."""
    party_id = ready_without_provider(ada, ben)
    payout = payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)
    attempt = sending.begin_attempt(payout.pk)
    sending._record_refusal(attempt, NO_COVER)
    assert now_of(payout).status == "scheduled"
    return payout


def uncovered(ada, ben, sandbox: Sandbox) -> Payout:
    """The same at the provider: the payer's card money is not in our balance yet."""
    with_account(sandbox, ben)
    earned(ada, ben, sandbox, card=GOOD_CARD)
    days_pass(0.1)
    Earning.objects.update(clears_at=Earning.objects.get().earned_at)
    play_on(sandbox)
    payout = Payout.objects.get()
    assert (payout.failure_code, payout.attempts.count()) == ("balance_insufficient", 1)
    return payout


def bank_takes(sandbox: Sandbox) -> None:
    sandbox.ask("POST", "/disputes", charge=Payment.objects.get().charge_id)
    play_on(sandbox)


# --- Not sent ------------------------------------------------------------------------------------


def test_one_that_waits_for_cover_is_called_back(ada, ben, sandbox):
    payout = uncovered(ada, ben, sandbox)

    bank_takes(sandbox)

    assert (now_of(payout).status, payout.failure_code) == ("cancelled", "called_back")
    assert (leaving(payout), available(ben), owes(ben)) == (0, 0, 0)
    days_pass(3)
    arrive(sandbox)
    assert transfers_at(sandbox) == payouts_at(sandbox) == []
    the_books_agree(sandbox)


def test_a_transfer_that_it_left_at_the_provider_is_taken_back_first(
    ada, ben, sandbox, quick_gateway
):
    payout = scheduled(ada, ben, sandbox)
    sandbox.trouble({"fault": "timeout_after", "path": TRANSFERS, "seconds": 0.05})
    sending.send_payout(payout_id=payout.pk)
    sending._record_refusal(payout.attempts.get(), NO_COVER)  # of a later call, perhaps

    bank_takes(sandbox)

    assert (now_of(payout).status, owes(ben), available(ben)) == ("cancelled", 0, 0)
    assert payout.transfer_id == transfers_at(sandbox)[0]["id"]
    assert transfers_at(sandbox)[0]["amount_reversed"] == 97_000
    assert payouts_at(sandbox) == []
    the_books_agree(sandbox)


def test_one_that_was_being_sent_when_the_debt_arose_is_not_tried_again(ada, ben):
    party_id = ready_without_provider(ada, ben)
    payout = payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)
    attempt = sending.begin_attempt(payout.pk)
    Bank(Payment.objects.get()).takes()
    sending._record_refusal(attempt, NO_COVER)

    assert sending.begin_attempt(payout.pk) is None

    assert (now_of(payout).status, payout.attempts.count()) == ("scheduled", 1)
    assert payout.next_check_at is not None and payout.failure_code == "called_back"
    recover_debts()
    assert now_of(payout).is_called_back
    call_command("check_ledger")


def test_without_the_look_at_the_debt_it_would_be_sent(ada, ben, monkeypatch):
    party_id = ready_without_provider(ada, ben)
    payout = payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)
    attempt = sending.begin_attempt(payout.pk)
    Bank(Payment.objects.get()).takes()
    sending._record_refusal(attempt, NO_COVER)
    monkeypatch.setattr(sending, "owed_by", lambda party, currency: 0)

    assert sending.begin_attempt(payout.pk) is not None and owes(ben) == 97_000


def test_one_that_finance_holds_is_called_back_as_well(ada, ben, dora, monkeypatch):
    payout = refused(ada, ben)
    hold = hold_payouts(
        party_id=payout.party_id, by=dora, days=7, reason="Two share it.", evidence="A letter."
    )
    assert now_of(payout).status == "held"
    Bank(Payment.objects.get()).takes()
    assert now_of(payout).is_called_back
    monkeypatch.setattr("payments.payouts.cancelling.services._transfer_of", lambda payout: "")

    finish_cancelling(payout_id=payout.pk)
    recover_debts()

    assert (now_of(payout).status, leaving(payout)) == ("cancelled", 0)
    assert (owes(ben), available(ben), Recovery.objects.get().amount) == (0, 0, 97_000)
    lift_hold(hold_id=hold.pk, by=dora)
    call_command("check_ledger")


# --- What cannot be taken back -------------------------------------------------------------------


def paid_by_hand(ada, ben, sandbox: Sandbox, quick_gateway) -> Payout:
    """Its money is at the payee's account, and somebody has paid it out at the provider's desk."""
    payout = scheduled(ada, ben, sandbox)
    sandbox.trouble({"fault": "timeout_before", "path": PAYOUTS, "seconds": 0.05})
    sending.send_payout(payout_id=payout.pk)
    sandbox.trouble()
    sending._record_refusal(payout.attempts.get(), NO_COVER)
    account = now_of(payout).party.connected_account.remote_id
    sandbox.api("POST", PAYOUTS, account=account, amount=97_000, currency="usd")
    return payout


def test_what_the_provider_cannot_take_back_is_asked_for_while_it_is_owed(
    ada, ben, sandbox, quick_gateway
):
    payout = paid_by_hand(ada, ben, sandbox, quick_gateway)
    sandbox.ask("POST", "/disputes", charge=Payment.objects.get().charge_id)
    for _ in range(3):
        sandbox.collect()
        play_on(sandbox)
    wished = now_of(payout).cancel_wished_at
    assert payout.is_called_back and payout.next_check_at > wished
    assert (payout.status, payout.attempts.count(), owes(ben)) == ("scheduled", 1, 97_000)

    days_pass(0.03)
    play_on(sandbox)
    assert now_of(payout).cancel_wished_at > wished  # under another key
    (by_hand,) = payouts_at(sandbox)
    account = payout.party.connected_account.remote_id
    adopt_payout(
        payout_id=payout.pk, remote=gateway().payout(by_hand["id"], account=account), by=ben
    )

    assert (now_of(payout).status, payout.cancel_wished_at) == ("paid", None)
    assert (leaving(payout), owes(ben)) == (0, 97_000)
    the_books_agree(sandbox)


def test_what_nobody_owes_any_more_goes_out(ada, ben, sandbox, quick_gateway):
    payout = paid_by_hand(ada, ben, sandbox, quick_gateway)
    bank = Bank(Payment.objects.get())
    bank.takes()
    assert now_of(payout).is_called_back
    bank.gives_back()
    assert owes(ben) == 0

    play_on(sandbox)

    assert now_of(payout).cancel_wished_at is None


def test_one_that_lives_after_all_is_booked(ada, ben):
    payout = refused(ada, ben)
    Bank(Payment.objects.get()).takes()
    Payout.objects.update(transfer_id="tr_1")

    sending.record_payout(
        remote=RemotePayout("po_1", "acct_ben", payout.public_id, 1, State.DONE, 97_000, "USD")
    )

    assert (now_of(payout).status, payout.cancel_wished_at) == ("paid", None)
    assert (leaving(payout), owes(ben)) == (0, 97_000)
    call_command("check_ledger")


# --- At the same moment --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_an_attempt_is_begun_before_the_debt_or_never(ada, ben, bells):
    payout = refused(ada, ben)
    word = taken_word(Bank(Payment.objects.get()))

    outcomes = at_once(
        *[lambda: sending.begin_attempt(payout.pk)] * 4,
        *[lambda: chargebacks.record_chargeback(remote=word)] * 4,
    )

    assert outcomes == ["done"] * 8
    is_sent = now_of(payout).status == "sending"
    assert is_sent == (payout.attempts.count() == 2) == (not payout.is_called_back)
    assert (owes(ben), leaving(payout)) == (97_000, 97_000)
    assert own_party_of(ben).pk == payout.party_id
    call_command("check_ledger")


@pytest.mark.django_db(transaction=True)
def test_without_the_gate_one_is_begun_of_what_is_owed(ada, ben, bells, monkeypatch):
    """It has judged that nothing is owed before the bank's demand is booked."""
    payout = refused(ada, ben)
    word = taken_word(Bank(Payment.objects.get()))
    without_locks(monkeypatch)
    overtaken_after(
        monkeypatch, sending, "owed_by", lambda: chargebacks.record_chargeback(remote=word)
    )

    assert sending.begin_attempt(payout.pk) is not None

    assert (now_of(payout).status, owes(ben)) == ("sending", 97_000)
