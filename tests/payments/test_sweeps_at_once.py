"""Two beats ring, and many workers come: what is due is done by one of them."""

import itertools

import pytest
from django.db import IntegrityError

from accounts.notifications.models import Notification
from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from payments import tasks
from payments.escrow import services as escrows
from payments.gateway.stripe import StripeGateway
from payments.ledger import chart
from payments.ledger import services as ledger
from payments.ledger.checks import CHECKS
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.payouts.cancelling.services import wish_to_cancel
from payments.payouts.models import Earning
from payments.payouts.reminding import services as reminding
from payments.payouts.sending import services as sending
from payments.refunds import services as refunds
from payments.refunds.models import Refund
from tests.payments.payout_world import (
    arrive,
    available,
    now_of,
    payouts_at,
    scheduled,
    the_books_agree,
    transfers_at,
)
from tests.payments.world import A_WHILE, days_pass, held, opened, paid_at
from tests.projects.test_races import without_locks
from tests.races import meet_after, outcomes_at_once
from tests.sandbox import AVAILABLE_AT_ONCE, NO_SUCH_ACCOUNT, Sandbox, play_on

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 8


def eight_times(sweep) -> list:
    outcomes = outcomes_at_once(*[sweep] * WORKERS)
    broken = [one for one in outcomes if isinstance(one, BaseException)]
    assert broken == []
    return outcomes


def to_send_back(ada, ben, sandbox: Sandbox) -> Refund:
    escrow = opened(ada, ben)
    paid_at(sandbox, escrow, card=AVAILABLE_AT_ONCE)
    sandbox.ask("POST", "/topups", amount=500_000, currency="usd")
    days_pass(A_WHILE)
    play_on(sandbox)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    return Refund.objects.get()


def test_a_refund_leaves_once(ada, ben, sandbox: Sandbox, bells):
    refund = to_send_back(ada, ben, sandbox)

    eight_times(tasks.send_due_refunds)

    assert len(sandbox.api("GET", "/v1/refunds")["data"]) == 1
    refund.refresh_from_db()
    assert refund.failures == 0
    the_books_agree(sandbox)


def test_a_payout_is_one_transfer_and_one_payout(ada, ben, sandbox, bells):
    scheduled(ada, ben, sandbox)

    eight_times(tasks.send_due_payouts)

    assert (len(transfers_at(sandbox)), len(payouts_at(sandbox))) == (1, 1)
    the_books_agree(sandbox)


def without_keys(monkeypatch, call: str) -> None:
    """Each worker asks the provider under a key of its own."""
    real, number = getattr(StripeGateway, call), itertools.count()

    def under_another_key(self, *, key: str, **said):
        return real(self, key=f"{key}:{next(number)}", **said)

    monkeypatch.setattr(StripeGateway, call, under_another_key)


def test_without_their_keys_eight_workers_make_several_transfers(
    ada, ben, sandbox, bells, monkeypatch
):
    payout = scheduled(ada, ben, sandbox)
    sandbox.ask("POST", "/topups", amount=5_000_000, currency="usd")
    days_pass(A_WHILE)
    without_keys(monkeypatch, "send_transfer")
    meet_after(monkeypatch, sending, "begin_attempt")

    outcomes = outcomes_at_once(*[lambda: sending.send_payout(payout_id=payout.pk)] * WORKERS)

    assert len(transfers_at(sandbox)) > 1  # so it is the key that keeps it at one
    # What is below can only say so: one is noted, and whoever made another one learns of it.
    assert {type(one) for one in outcomes} == {type(None), WrongState}


def test_without_its_key_a_refund_is_asked_for_twice_and_only_the_provider_refuses(
    ada, ben, sandbox: Sandbox, bells, monkeypatch
):
    refund = to_send_back(ada, ben, sandbox)
    without_keys(monkeypatch, "send_refund")
    meet_after(monkeypatch, refunds, "_begin")
    refused, real = [], refunds._record_refusal
    monkeypatch.setattr(
        refunds, "_record_refusal", lambda *said: (refused.append(said[-1].code), real(*said))
    )

    eight_times(lambda: refunds.send_refund(refund_id=refund.pk))

    assert len(sandbox.api("GET", "/v1/refunds")["data"]) == 1  # all of the charge went with it
    assert refused and set(refused) == {"charge_already_refunded"}


def test_a_cancelled_payout_is_taken_back_once(ada, ben, sandbox, bells):
    payout = scheduled(ada, ben, sandbox, bank=NO_SUCH_ACCOUNT)
    arrive(sandbox)
    wish_to_cancel(payout_id=payout.pk, by=ben)
    days_pass(1.1)

    eight_times(tasks.cancel_due_payouts)

    assert now_of(payout).status == "cancelled"
    assert transfers_at(sandbox)[0]["amount_reversed"] == 97_000
    assert available(ben) == 97_000


def test_a_payee_is_reminded_once(ada, ben, bells):
    escrows.release(escrow_id=held(ada, ben).pk)
    Earning.objects.update(clears_at=now())

    eight_times(tasks.remind_payees)

    assert Notification.objects.filter(kind="payout_account_missing").count() == 1


@pytest.mark.parametrize(("has_its_key", "told"), [(True, 1), (False, WORKERS)])
def test_without_its_lock_the_notices_key_keeps_a_reminder_to_one(
    ada, ben, bells, monkeypatch, has_its_key, told
):
    escrows.release(escrow_id=held(ada, ben).pk)
    party, real = own_party_of(ben), reminding.notify
    without_locks(monkeypatch)
    meet_after(monkeypatch, reminding, "now")  # asked once it was read who was reminded when
    if not has_its_key:
        monkeypatch.setattr(reminding, "notify", lambda **news: real(**news | {"key": ""}))

    eight_times(lambda: reminding.remind_payee(party_id=party.pk))

    assert Notification.objects.filter(kind="payout_account_missing").count() == told


def test_our_own_funds_are_booked_once(ada, sandbox, bells):
    sandbox.ask("POST", "/topups", amount=500_000, currency="usd")
    days_pass(A_WHILE)

    eight_times(tasks.book_own_funds)

    assert sum(t.amount for t in Transfer.objects.all()) == 500_000


def test_snapshots_at_once_leave_every_balance_as_it_is(ada, ben, bells):
    escrows.release(escrow_id=held(ada, ben).pk)
    before = balance_of(chart.platform_fees("USD"))

    eight_times(tasks.take_snapshots)

    assert balance_of(chart.platform_fees("USD")) == before == 6_000
    assert [finding for check in CHECKS for finding in check()] == []


def test_without_their_second_look_all_snapshots_but_one_break_at_the_constraint(
    ada, ben, bells, monkeypatch
):
    escrows.release(escrow_id=held(ada, ben).pk)
    look_again = "ON CONFLICT"
    assert look_again in ledger._TAKE_SNAPSHOTS
    monkeypatch.setattr(ledger, "_TAKE_SNAPSHOTS", ledger._TAKE_SNAPSHOTS.split(look_again)[0])

    outcomes = outcomes_at_once(*[tasks.take_snapshots] * WORKERS)

    assert [type(one) for one in outcomes].count(IntegrityError) == WORKERS - 1, outcomes
    assert balance_of(chart.platform_fees("USD")) == 6_000
