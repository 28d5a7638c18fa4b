"""Two beats ring, and many workers come: what is due is done by one of them."""

import pytest

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from payments import tasks
from payments.escrow import services as escrows
from payments.ledger import chart
from payments.ledger.checks import CHECKS
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.payouts.cancelling.services import wish_to_cancel
from payments.payouts.models import Earning
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
from tests.races import outcomes_at_once
from tests.sandbox import AVAILABLE_AT_ONCE, NO_SUCH_ACCOUNT, Sandbox, play_on

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 8


def eight_times(sweep) -> list:
    outcomes = outcomes_at_once(*[sweep] * WORKERS)
    broken = [one for one in outcomes if isinstance(one, BaseException)]
    assert broken == []
    return outcomes


def test_a_refund_leaves_once(ada, ben, sandbox: Sandbox, bells):
    escrow = opened(ada, ben)
    paid_at(sandbox, escrow, card=AVAILABLE_AT_ONCE)
    sandbox.ask("POST", "/topups", amount=500_000, currency="usd")
    days_pass(A_WHILE)
    play_on(sandbox)
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")

    eight_times(tasks.send_due_refunds)

    assert len(sandbox.api("GET", "/v1/refunds")["data"]) == 1
    the_books_agree(sandbox)


def test_a_payout_is_one_transfer_and_one_payout(ada, ben, sandbox, bells):
    scheduled(ada, ben, sandbox)

    eight_times(tasks.send_due_payouts)

    assert (len(transfers_at(sandbox)), len(payouts_at(sandbox))) == (1, 1)
    the_books_agree(sandbox)


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
