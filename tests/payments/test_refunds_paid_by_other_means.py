"""A refund that the provider cannot make: finance pays it, and its money is the platform's own."""

from datetime import timedelta

import pytest

from accounts.notifications.models import Notification
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.chargebacks.models import Chargeback
from payments.chargebacks.selectors import due_chargeback_ids
from payments.chargebacks.services import ask_about_chargeback
from payments.chargebacks.settling import services as settling
from payments.chargebacks.settling.services import settle_refund
from payments.escrow import services as escrows
from payments.fundings.models import Payment
from payments.gateway.base import GatewayRefused, GatewayUnknown, RemoteRefund, State
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.reconciliation.findings import K
from payments.reconciliation.judging.refunds import judge_refund
from payments.reconciliation.judging.rows import Rows
from payments.refunds.models import Refund
from payments.refunds.selectors import failed_refunds
from payments.refunds.services import _begin, _record_refusal, record_refund, send_refund
from tests.payments.chargeback_world import Bank, findings, payment_of
from tests.payments.racing import at_once
from tests.payments.world import held, paid_out
from tests.races import meet_after

pytestmark = pytest.mark.django_db

OWN = chart.own_funds("USD")


@pytest.fixture
def held_up(ada, ben) -> Refund:
    """A bank has kept 500.00 of a payment, and the rest of it cannot be refunded."""
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow), 50_000)
    bank.takes()
    bank.keeps()
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    return Refund.objects.get()


@pytest.fixture
def failed(ada, ben) -> Refund:
    """Its card is closed."""
    escrows.refund(escrow_id=held(ada, ben).pk, reason="cancelled")
    refund = Refund.objects.get()
    _begin(refund.pk)
    _record_refusal(refund.pk, 1, GatewayRefused("expired_or_canceled_card", "no"))
    refund.refresh_from_db()
    return refund


def settle(refund: Refund, dora, **other) -> Refund:
    return settle_refund(
        refund_id=refund.pk, **{"reason": "Transfer 4711 of 3 May.", "by": dora} | other
    )


def word(refund: Refund, state: State, *, remote_id: str = "re_late") -> RemoteRefund:
    return RemoteRefund(
        remote_id, refund.public_id, refund.attempt, refund.payment.charge_id, state,
        refund.amount, "USD", booked=True,
    )  # fmt: skip


def test_what_a_lost_chargeback_holds_up_is_settled(held_up, ada, dora):
    before = Payment.objects.get()

    settled = settle(held_up, dora)

    assert (settled.status, settled.next_check_at) == ("settled", None)
    assert balance_of(chart.leaving(settled.public_id)) == 0
    assert balance_of(OWN) == 53_000  # it still lies at the provider
    assert Payment.objects.get().refunded == before.refunded == 53_000
    assert list(failed_refunds()) == [] and findings() == []
    told = Notification.objects.get(kind="refund_settled")
    assert told.recipient == ada and "$530.00" in told.text and "4711" in told.text


def test_a_failed_one_is_settled_and_never_tried_again(failed, dora):
    settle(failed, dora)

    send_refund(refund_id=failed.pk)
    failed.refresh_from_db()

    assert failed.status == "settled"
    assert balance_of(OWN) == 103_000 and findings() == []


def test_a_bank_that_takes_it_as_well_takes_it_from_us(failed, ada, dora):
    settle(failed, dora)

    Bank(Payment.objects.get()).takes()

    assert balance_of(chart.losses("USD")) == -103_000
    assert findings() == []


def test_what_a_bank_took_while_it_was_being_sent_is_not_paid_once_more(ada, ben, dora):
    escrow = held(ada, ben)
    escrows.split(escrow_id=escrow.pk, to_payee=60_000, reason="ruling")
    paid_out(ben)
    refund = Refund.objects.get()
    _begin(refund.pk)
    chargeback = Bank(payment_of(escrow)).takes()
    Chargeback.objects.update(next_check_at=now() + timedelta(days=7))
    _record_refusal(refund.pk, 1, GatewayRefused("charge_disputed", "no"))

    with pytest.raises(WrongState, match="has taken this money"):
        settle(refund, dora)

    # The sweep finds it, and needs no answer of the provider's to write it down.
    assert due_chargeback_ids(now(), limit=5) == [chargeback.pk]
    with pytest.raises(GatewayUnknown):
        ask_about_chargeback(chargeback_id=chargeback.pk)
    refund.refresh_from_db()
    assert (refund.status, refund.covered_by) == ("covered", chargeback.public_id)
    assert balance_of(chart.losses("USD")) == 0
    assert due_chargeback_ids(now(), limit=5) == [] and findings() == []


def test_won_after_all_only_what_the_bank_had_goes_back(ada, ben, dora):
    escrow = held(ada, ben)
    bank = Bank(payment_of(escrow), 50_000)
    bank.takes()
    escrows.refund(escrow_id=escrow.pk, reason="cancelled")
    settle(Refund.objects.get(), dora)

    bank.gives_back()

    rows = sorted(Refund.objects.values_list("status", "amount"))
    assert rows == [("requested", 50_000), ("settled", 53_000)]
    assert findings() == []


# --- Who and when --------------------------------------------------------------------------------


def test_it_is_for_finance_alone(held_up, ada, cleo):
    for stranger in (ada, cleo):
        with pytest.raises(NotAllowed):
            settle(held_up, stranger)


def test_nobody_of_finance_says_that_they_have_been_paid_themselves(held_up, ada):
    staff = grant_staff_roles(user_id=ada.pk, roles={"finance"}, by=SYSTEM)
    with pytest.raises(NotAllowed):
        settle(held_up, staff)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 2_001, "a\0b"])
def test_it_needs_words_that_can_be_read(held_up, dora, reason):
    with pytest.raises(InvalidInput) as refusal:
        settle(held_up, dora, reason=reason)
    assert refusal.value.param == "reason"
    assert Transfer.objects.filter(kind="refund_settled").count() == 0


def test_what_is_on_its_way_is_not_settled(ada, ben, dora):
    escrows.refund(escrow_id=held(ada, ben).pk, reason="cancelled")
    refund = Refund.objects.get()
    with pytest.raises(WrongState, match="on its way by itself"):
        settle(refund, dora)

    _begin(refund.pk)
    with pytest.raises(WrongState, match="being sent"):
        settle(refund, dora)
    assert balance_of(OWN) == 0


def test_twice_is_once(held_up, dora):
    settle(held_up, dora)
    with pytest.raises(WrongState):
        settle(held_up, dora)
    assert balance_of(OWN) == 53_000


# --- What the provider says of it later ----------------------------------------------------------


def test_that_the_provider_made_it_too_is_for_a_person(failed, dora):
    settle(failed, dora)

    for state in (State.PENDING, State.DONE):
        with pytest.raises(WrongState, match="paid by other means"):
            record_refund(remote=word(failed, state))
    found = judge_refund(word(failed, State.DONE), rows_of(failed))

    failed.refresh_from_db()
    assert (failed.status, failed.next_check_at) == ("settled", None)
    assert (found.kind, found.net, found.heals) == (K.REFUND_TWICE, -103_000, False)


def test_that_the_provider_could_not_is_no_news(failed, dora):
    settle(failed, dora)

    record_refund(remote=word(failed, State.FAILED))

    assert judge_refund(word(failed, State.FAILED), rows_of(failed)) is None
    failed.refresh_from_db()
    assert failed.status == "settled" and findings() == []


def rows_of(refund: Refund) -> Rows:
    refund.refresh_from_db()
    return Rows(payments={}, refunds={refund.public_id: refund}, payouts={})


# --- Races ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_who_settle_it_at_once_settle_it_once(held_up, dora):
    assert at_once(lambda _: settle(held_up, dora)) == {"done": 1, "WrongState": 7}
    assert balance_of(OWN) == 53_000 and findings() == []
    assert Notification.objects.filter(kind="refund_settled").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_eight_say_they_have_and_the_ledgers_key_moves_it_once(
    held_up, dora, monkeypatch
):
    unlocked = Refund.objects.all()
    monkeypatch.setattr(Refund.objects, "select_for_update", lambda **_: unlocked.all())
    meet_after(monkeypatch, settling, "checked_text")

    outcomes = at_once(lambda _: settle(held_up, dora))

    assert outcomes["done"] > 1
    assert balance_of(OWN) == 53_000
