"""Everybody locks top-down: whoever waits above holds nothing below that another may want."""

from functools import partial

import pytest
from django.db import transaction

from accounts.parties.selectors import own_party_of
from marketplace.common.clock import now
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.escrow.outside import services as outside
from payments.escrow.rolling.services import roll
from payments.escrow.selectors import heir_of
from payments.fundings.models import Payment
from payments.gateway.base import RemotePayout, RemoteRefund, State
from payments.ledger import chart
from payments.ledger.models import LedgerAccount
from payments.ledger.selectors import balance_of
from payments.ledger.services import Deed, Move, move_money, move_money_in_batch
from payments.payees.models import ConnectedAccount
from payments.payouts import services as payouts
from payments.payouts.adopting.services import adopt_payout
from payments.payouts.models import Earning, Payout
from payments.payouts.reminding.services import remind_payee
from payments.payouts.sending.services import record_payout
from payments.reconciliation.deeds import services as deeds
from payments.reconciliation.models import Difference
from tests.payments.chargeback_world import findings, payment_of, stands
from tests.payments.payout_world import now_of, ready_without_provider
from tests.payments.rolled_world import rolled_pair
from tests.payments.world import held
from tests.races import at_once, holds_nothing_below

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_payout_is_tried_again_from_its_payee_down(ada, ben):
    payout = payouts.schedule_payout(
        party_id=ready_without_provider(ada, ben), currency="USD", by=ben
    )
    payout.attempts.create(number=1, destination="acct_ben", remote_id="po_remote")
    record_payout(
        remote=RemotePayout("po_remote", "", payout.public_id, 1, State.FAILED, 97_000, "USD")
    )

    assert holds_nothing_below(
        lambda: payouts.retry_payout(payout_id=payout.pk, by=ben),
        above=ConnectedAccount.objects.all(),
        below=Payout.objects.all(),
    )

    assert now_of(payout).status == "scheduled"


def test_a_payout_of_others_becomes_ours_from_its_payee_down(ada, ben):
    payout = payouts.schedule_payout(
        party_id=ready_without_provider(ada, ben), currency="USD", by=ben
    )
    Payout.objects.update(transfer_id="tr_1")
    remote = RemotePayout("po_desk", "acct_ben", "", 0, State.DONE, 97_000, "USD")

    assert holds_nothing_below(
        lambda: adopt_payout(payout_id=payout.pk, remote=remote, by=ben),
        above=ConnectedAccount.objects.all(),
        below=Payout.objects.all(),
    )

    assert now_of(payout).status == "paid"


def test_a_refund_is_borne_from_its_escrow_down(ada, ben, dora):
    escrow = held(ada, ben)
    escrows.release(escrow_id=escrow.pk)
    ends = chart.provider("USD"), chart.own_funds("USD")
    move_money(Move("own_funds", *ends, 5_000, "USD"), key="top up")
    payment = Payment.objects.get()
    thing = RemoteRefund("re_desk", "", 0, payment.charge_id, State.DONE, 1_234, "USD")

    def bear() -> None:
        with transaction.atomic():
            deeds._bear_refund(Difference(), thing, "", dora)

    assert holds_nothing_below(bear, above=Escrow.objects.all(), below=Payment.objects.all())

    payment.refresh_from_db()
    assert payment.refunded == 1_234


# --- The accounts of a deed ----------------------------------------------------------------------

FIRST, LAST = (f"party:pa_{name}:available:USD" for name in "az")
GIVES = {"upwards": (FIRST, LAST), "downwards": (LAST, FIRST)}


def one_by_one(move: Move) -> None:
    move_money(move, key="gift", book="ct_one")


def of_no_book(move: Move) -> None:
    move_money(move, key="gift")


def in_a_batch(move: Move) -> None:
    move_money_in_batch([Deed("gift", [move], book="ct_one")])


@pytest.mark.about_roles
@pytest.mark.parametrize("opened", [(FIRST, LAST), (LAST, FIRST)], ids=["first", "last"])
@pytest.mark.parametrize("way", GIVES)
@pytest.mark.parametrize("deed", [one_by_one, of_no_book, in_a_batch])
def test_a_deed_locks_its_accounts_by_their_keys(deed, way, opened):
    """Whoever gives, and wherever their rows lie: the one that was opened later, lies behind."""
    for key in opened:
        move_money(Move("fund", chart.provider("USD"), key, 100, "USD"), key=key, book="ct_one")
    first, last = (LedgerAccount.objects.filter(key=key) for key in (FIRST, LAST))
    act = partial(deed, Move("gift", *GIVES[way], 5, "USD"))

    assert holds_nothing_below(act, above=first, below=last)

    assert {balance_of(FIRST), balance_of(LAST)} == {95, 105}


@pytest.mark.about_roles
def test_who_waits_for_the_last_account_holds_the_first():
    """So the search above can tell the orders apart."""
    for key in (FIRST, LAST):
        move_money(Move("fund", chart.provider("USD"), key, 100, "USD"), key=key, book="ct_one")
    first, last = (LedgerAccount.objects.filter(key=key) for key in (FIRST, LAST))
    act = partial(one_by_one, Move("gift", FIRST, LAST, 5, "USD"))

    assert not holds_nothing_below(act, above=last, below=first)


# --- The earnings of a payee ---------------------------------------------------------------------


def test_who_reminds_a_payee_locks_what_they_earned_in_one_order(ada, ben):
    """Wherever the rows lie: the first is moved to the end of its table."""
    for _ in range(3):
        escrows.release(escrow_id=held(ada, ben).pk)
    first, *others = Earning.objects.order_by("pk").values_list("pk", flat=True)
    Earning.objects.filter(pk=first).update(earned_at=now())

    assert holds_nothing_below(
        lambda: remind_payee(party_id=own_party_of(ben).pk),
        above=Earning.objects.filter(pk=first),
        below=Earning.objects.filter(pk__in=others),
    )
    assert Earning.objects.filter(reminded_at=None).count() == 0


# --- The escrows of a book -----------------------------------------------------------------------


@pytest.mark.parametrize("guarded", [True, False])
def test_who_follows_a_payment_holds_no_later_escrow_of_its_book(ada, ben, monkeypatch, guarded):
    """The money is in the later one by now, and whoever rolls locks the earlier one first, too."""
    source, target = rolled_pair(ada, ben, target_first=True)
    if not guarded:
        monkeypatch.setattr(outside, "lock_book_of", _lock_where_it_is)

    assert guarded == holds_nothing_below(
        lambda: outside.note_refunded(payment_id=payment_of(source).pk, amount=1_000),
        above=Escrow.objects.filter(pk=source.pk),
        below=Escrow.objects.filter(pk=target.pk),
    )

    assert stands(target) == 113_300 - 1_000
    assert findings() == []


def _lock_where_it_is(paid_for: str) -> None:
    """The heir first, and then where it has come from."""
    for name in (heir_of(paid_for), paid_for):
        Escrow.objects.select_for_update().get(public_id=name)


def test_rolls_of_both_directions_and_refunds_of_both_payments_do_not_wait_in_a_circle(ada, ben):
    first, second = held(ada, ben), held(ada, ben, amount=50_000)
    payments = [payment_of(first), payment_of(second)]
    outcomes = at_once(
        lambda: roll(escrow_id=first.pk, into_id=second.pk, part=40_000),
        lambda: roll(escrow_id=second.pk, into_id=first.pk, part=20_000),
        *[
            partial(outside.note_refunded, payment_id=payment.pk, amount=100)
            for payment in payments * 3
        ],
    )

    assert outcomes[2:] == ["done"] * 6
    assert outcomes[:2].count("done") <= 1, "only what is held whole goes on"
    assert stands(first) + stands(second) + KEPT_BY[tuple(outcomes[:2])] == 154_500 - 600
    assert findings() == []


# What was released by the roll that was first, fee included.
KEPT_BY = {
    ("done", "wrong_state"): 41_200,
    ("wrong_state", "done"): 20_600,
    ("wrong_state", "wrong_state"): 0,
}
