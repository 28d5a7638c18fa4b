"""Deeds on payouts by eight at once: as they are, and with what keeps them apart taken away.

Without its lock all are judged to be allowed; without its key each asks the provider, or the books,
as if nobody else had. What is below keeps the money right, and the answers are not.
"""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from accounts.holds.services import appeal_hold
from accounts.people.models import User
from marketplace.common.lifecycle import Lifecycle
from payments import tasks
from payments.escrow import services as escrows
from payments.fundings.models import Payment
from payments.gateway.base import RemotePayout, State
from payments.incoming.own_funds import services as own_funds
from payments.ledger.models import Transfer
from payments.payouts import services as payouts
from payments.payouts.cancelling import services as cancelling
from payments.payouts.holding import services as holding
from payments.payouts.models import Payout
from payments.payouts.recovering import services as recovering
from payments.payouts.recovering.models import Recovery
from payments.payouts.sending.services import record_payout
from tests.payments.chargeback_world import Bank, owes
from tests.payments.payout_world import (
    arrive,
    available,
    leaving,
    ready_without_provider,
    scheduled,
    transfers_at,
)
from tests.payments.test_payout_holds import hold
from tests.payments.test_sweeps_at_once import without_keys
from tests.payments.world import A_WHILE, days_pass, held, paid_out
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after, outcomes_at_once
from tests.sandbox import NO_SUCH_ACCOUNT, Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[], Any]


def set_aside(ada: User, ben: User) -> Payout:
    party_id = ready_without_provider(ada, ben)
    return payouts.schedule_payout(party_id=party_id, currency="USD", by=ben)


def retry(ada: User, ben: User, dora: User) -> Act:
    payout = set_aside(ada, ben)
    payout.attempts.create(number=1, destination="acct_ben", remote_id="po_remote")
    record_payout(
        remote=RemotePayout("po_remote", "", payout.public_id, 1, State.FAILED, 97_000, "USD")
    )
    return lambda: payouts.retry_payout(payout_id=payout.pk, by=ben)


def wish_to_cancel(ada: User, ben: User, dora: User) -> Act:
    payout = set_aside(ada, ben)
    return lambda: cancelling.wish_to_cancel(payout_id=payout.pk, by=ben)


def lift(ada: User, ben: User, dora: User) -> Act:
    placed = hold(set_aside(ada, ben).party_id, dora)
    return lambda: holding.lift_hold(hold_id=placed.pk, by=dora)


def appeal(ada: User, ben: User, dora: User) -> Act:
    placed = hold(set_aside(ada, ben).party_id, dora)
    return lambda: appeal_hold(hold_id=placed.pk, statement="It is mine.", by=ben)


# Each with the last step of its judgement.
DEEDS = {
    retry: (payouts, "_under_way"),
    wish_to_cancel: (cancelling, "refuse_if_being_cancelled"),
    lift: (Lifecycle, "advance"),
    appeal: (Lifecycle, "judge"),
}
each_deed = pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)


@each_deed
def test_eight_at_once_are_judged_one_after_the_other(ada, ben, dora, bells, deed):
    act = deed(ada, ben, dora)

    assert sorted(at_once(*[act] * 8)) == ["done"] + ["wrong_state"] * 7


@each_deed
def test_without_its_lock_all_are_told_that_they_did_it(ada, ben, dora, bells, monkeypatch, deed):
    act = deed(ada, ben, dora)
    without_locks(monkeypatch)
    meet_after(monkeypatch, *DEEDS[deed])

    assert at_once(*[act] * 8) == ["done"] * 8

    payout = Payout.objects.get()
    assert (available(ben), leaving(payout)) == (0, 97_000)  # so it was set aside once


def test_without_the_debtors_lock_eight_recoveries_come_as_far_as_the_balance(
    ada, ben, bells, monkeypatch
):
    party_id = ready_without_provider(ada, ben)
    paid_out(ben)
    Bank(Payment.objects.get()).takes()
    escrows.release(escrow_id=held(ada, ben, amount=100_000).pk)
    without_locks(monkeypatch)
    # Each has seen what can be taken: who came later would find that there is nothing.
    meet_after(monkeypatch, recovering, "draw_earnings", before=True)

    outcomes = at_once(*[lambda: recovering.recover(party_id=party_id, currency="USD")] * 8)

    assert sorted(outcomes) == ["done"] + ["insufficient_funds"] * 7
    assert (owes(ben), available(ben), Recovery.objects.count()) == (0, 0, 1)


# --- Without its key -----------------------------------------------------------------------------


def test_without_its_key_a_payout_is_taken_back_once_and_the_others_find_that_it_was(
    ada, ben, sandbox: Sandbox, bells, monkeypatch
):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    cancelling.wish_to_cancel(payout_id=payout.pk, by=ben)
    without_keys(monkeypatch, "reverse_transfer")
    meet_after(monkeypatch, cancelling, "_put_off")

    outcomes = outcomes_at_once(*[lambda: cancelling.finish_cancelling(payout_id=payout.pk)] * 8)

    assert {type(one) for one in outcomes} == {Payout}
    assert transfers_at(sandbox)[0]["amount_reversed"] == 97_000


def test_without_its_key_our_own_money_is_booked_by_each(sandbox: Sandbox, bells, monkeypatch):
    sandbox.ask("POST", "/topups", amount=500_000, currency="usd")
    days_pass(A_WHILE)
    real, number = own_funds.own_funds_key, itertools.count()
    monkeypatch.setattr(own_funds, "own_funds_key", lambda one: f"{real(one)}:{next(number)}")
    meet_after(monkeypatch, own_funds, "is_booked")

    at_once(*[tasks.book_own_funds] * 8)

    assert sum(transfer.amount for transfer in Transfer.objects.all()) == 8 * 500_000
