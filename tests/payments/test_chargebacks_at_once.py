"""Banks, payouts and workers at the same moment: what is owed is not paid out."""

import pytest
from django.db import IntegrityError, OperationalError

from accounts.parties.selectors import own_party_of
from marketplace.common.errors import InsufficientFunds, KeyReused
from payments.chargebacks import services as chargebacks
from payments.chargebacks.models import Chargeback, ChargebackMovement
from payments.escrow import services as escrows
from payments.fundings.models import Payment
from payments.gateway.chargebacks import ChargebackState
from payments.incoming.checks import CHECKS
from payments.ledger.models import Transfer
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.models import Earning, Payout
from payments.payouts.recovering import services as recovering
from payments.payouts.recovering.models import Recovery
from tests.payments.chargeback_world import FEE, Bank, has, owes
from tests.payments.world import held, paid_out
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after, outcomes_at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def released(ada, ben):
    """Everything of Ben's is past its hold, and his account is ready."""
    escrow = held(ada, ben)
    escrows.release(escrow_id=escrow.pk)
    party = own_party_of(ben)
    ConnectedAccount.objects.create(
        party=party, country="US", remote_id="acct_ben", status="active"
    )
    Earning.objects.update(clears_at=escrow.created_at)
    return escrow


def bank_of(escrow) -> Bank:
    return Bank(Payment.objects.get(paid_for=escrow.public_id))


def taken_word(bank: Bank):
    bank._move(bank.amount, FEE)
    return bank.word(ChargebackState.OPEN)


def test_eight_readers_of_its_letters_book_it_once(released, ben):
    word = taken_word(bank_of(released))

    outcomes = at_once(*[lambda: chargebacks.record_chargeback(remote=word)] * 8)

    assert outcomes == ["done"] * 8
    assert Chargeback.objects.count() == ChargebackMovement.objects.count() == 1
    assert (has(ben), owes(ben), Recovery.objects.count()) == (0, 0, 1)


def test_without_locks_and_keys_of_its_rows_the_ledgers_key_books_it_once(
    released, ben, monkeypatch
):
    """Three floors: the row's lock, the movement's unique id, the ledger's key."""
    word = taken_word(bank_of(released))
    first = chargebacks.record_chargeback(remote=word)
    moved = Transfer.objects.count()
    monkeypatch.setattr(
        ChargebackMovement.objects,
        "get_or_create",
        lambda **_: (ChargebackMovement.objects.get(), True),
    )

    outcomes = outcomes_at_once(*[lambda: chargebacks.record_chargeback(remote=word)] * 8)

    assert [type(outcome) for outcome in outcomes] == [KeyReused] * 8
    assert Transfer.objects.count() == moved
    assert first.movements.count() == 1


def test_a_payout_at_the_same_moment_is_called_back_or_refused(released, ben):
    word, party = taken_word(bank_of(released)), own_party_of(ben)

    outcomes = at_once(
        *[lambda: payouts.schedule_payout(party_id=party.pk, currency="USD", by=ben)] * 4,
        *[lambda: chargebacks.record_chargeback(remote=word)] * 4,
    )

    assert outcomes[4:] == ["done"] * 4
    assert outcomes[:4].count("done") <= 1
    assert (has(ben), owes(ben)) == (0, 0)
    assert set(Payout.objects.values_list("status", flat=True)) <= {"cancelled"}


@pytest.mark.parametrize(("first", "left"), [("payout", ["cancelled"]), ("bank", [])])
def test_whichever_was_first_keeps_the_money_from_all_who_come_at_once(released, ben, first, left):
    word, party = taken_word(bank_of(released)), own_party_of(ben)

    def schedule() -> Payout:
        return payouts.schedule_payout(party_id=party.pk, currency="USD", by=ben)

    def book() -> Chargeback:
        return chargebacks.record_chargeback(remote=word)

    {"payout": schedule, "bank": book}[first]()
    outcomes = at_once(*[schedule] * 4, *[book] * 4)

    assert outcomes[4:] == ["done"] * 4
    assert outcomes[:4].count("done") == 0
    assert (has(ben), owes(ben)) == (0, 0)
    assert list(Payout.objects.values_list("status", flat=True)) == left


def test_without_the_gate_all_are_let_through_and_only_the_balance_keeps_it_from_going_twice(
    released, ben, monkeypatch
):
    """Neither the demand nor the payout is seen by those who judge; whoever comes second finds the
    money gone, and a letter that was not booked is read again.
    """
    word, party = taken_word(bank_of(released)), own_party_of(ben)
    with monkeypatch.context() as unguarded:
        without_locks(unguarded)
        meet_after(unguarded, payouts, "sendable", (chargebacks, "lock_homes"))
        outcomes = outcomes_at_once(
            *[lambda: payouts.schedule_payout(party_id=party.pk, currency="USD", by=ben)] * 4,
            *[lambda: chargebacks.record_chargeback(remote=word)] * 4,
        )

    refused = [type(one) for one in outcomes[:4] if isinstance(one, Exception)]
    assert len(refused) >= 3 and set(refused) <= {IntegrityError, InsufficientFunds}, outcomes
    late = {type(one) for one in outcomes[4:] if isinstance(one, Exception)}
    assert late <= {IntegrityError, InsufficientFunds, OperationalError}, outcomes
    assert has(ben) == 0
    chargebacks.record_chargeback(remote=word)
    assert [finding for check in CHECKS for finding in check()] == []


def test_without_the_gate_what_is_owed_is_paid_out(released, ben, monkeypatch):
    """Whoever pays out has judged that nothing is owed before the bank's demand is booked."""
    word, party = taken_word(bank_of(released)), own_party_of(ben)
    monkeypatch.setattr(recovering, "lock_debtor", lambda party: None)
    monkeypatch.setattr(recovering, "_call_back", lambda party, currency: None)
    meet_after(monkeypatch, payouts, "_refuse_if_owing", people=2)
    real = chargebacks.take_back

    def late(**what):
        payouts._refuse_if_owing(own_party_of(ben), "USD")
        return real(**what)

    monkeypatch.setattr(chargebacks, "take_back", late)

    at_once(
        lambda: payouts.schedule_payout(party_id=party.pk, currency="USD", by=ben),
        lambda: chargebacks.record_chargeback(remote=word),
    )

    assert Payout.objects.filter(status="scheduled").exists() and owes(ben) + has(ben) > 0


def test_a_payout_that_is_being_sent_is_left_and_recovered_later(released, ada, ben):
    party = own_party_of(ben)
    payout = payouts.schedule_payout(party_id=party.pk, currency="USD", by=ben)
    payout.attempts.create(number=1, destination="acct_ben")
    Payout.objects.update(status="sending")

    chargebacks.record_chargeback(remote=taken_word(bank_of(released)))

    payout.refresh_from_db()
    assert (payout.status, owes(ben)) == ("sending", 97_000)
    later = held(ada, ben)
    escrows.release(escrow_id=later.pk)
    recovering.recover(party_id=party.pk, currency="USD")
    assert (owes(ben), has(ben)) == (0, 0)


def test_eight_recoveries_take_it_once(released, ada, ben):
    paid_out(ben)
    chargebacks.record_chargeback(remote=taken_word(bank_of(released)))
    escrows.release(escrow_id=held(ada, ben, amount=300_000).pk)
    party = own_party_of(ben)

    outcomes = at_once(*[lambda: recovering.recover(party_id=party.pk, currency="USD")] * 8)

    assert outcomes == ["done"] * 8
    assert Recovery.objects.count() == 1
    assert (owes(ben), has(ben)) == (0, 194_000)
