"""Paying by a bank account: the payer is done, and the bank answers days later."""

from dataclasses import replace

import pytest
from django.core.management import call_command

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, WrongState
from payments.chargebacks import services as chargebacks
from payments.chargebacks.models import Chargeback, ChargebackMovement
from payments.chargebacks.returning.services import note_failed_charge, record_returned_debit
from payments.chargebacks.services import ask_about_chargeback
from payments.escrow import services as escrows
from payments.escrow.models import Escrow
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.fundings.selectors import is_with_a_bank, why_not_with_this_card
from payments.gateway import books
from payments.gateway.base import RemoteCharge, RemoteMovement
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.reconciliation.judging.movements import judge_movement
from payments.reconciliation.judging.rows import Rows
from payments.reconciliation.models import Difference
from payments.refunds.models import Refund
from tests.payments.chargeback_world import findings, owes, payment_of
from tests.payments.reconciling import all_agrees
from tests.payments.world import A_WHILE, asked, days_pass, held, opened, paid_out
from tests.projects.test_races import stopped_by_the_database, without_locks
from tests.races import at_once, meet_after, outcomes_at_once
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


# --- Returned after it was paid ------------------------------------------------------------------


def paid_by_debit(ada, ben, sandbox: Sandbox) -> tuple[Escrow, Payment]:
    escrow = opened(ada, ben)
    payment = debited(sandbox, escrow)
    assert bank_answers(sandbox, payment) == "succeeded"
    days_pass(3)  # by then the provider has booked it
    play_on(sandbox)
    payment.refresh_from_db()
    return escrow, payment


def returned(sandbox: Sandbox, payment: Payment) -> None:
    sandbox.ask("POST", f"/charges/{payment.charge_id}/return")


def test_what_a_bank_returns_after_it_was_paid_is_no_longer_held(ada, ben, sandbox):
    escrow, payment = paid_by_debit(ada, ben, sandbox)
    returned(sandbox, payment)

    play_on(sandbox)

    chargeback = Chargeback.objects.get()
    assert (chargeback.status, chargeback.reason) == ("lost", "returned_debit")
    assert (chargeback.amount, chargeback.next_check_at) == (103_000, None)
    assert balance_of(chart.escrow(escrow.public_id)) == 0
    payment.refresh_from_db()
    assert payment.charged_back_at is not None
    told = Notification.objects.filter(kind="chargeback_lost")
    assert sorted(one.recipient.name for one in told) == ["Ada", "Ben"]
    call_command("check_ledger")
    all_agrees()


def test_what_was_released_of_it_is_owed(ada, ben, sandbox):
    escrow, payment = paid_by_debit(ada, ben, sandbox)
    escrows.release(escrow_id=escrow.pk)
    paid_out(ben)
    returned(sandbox, payment)

    play_on(sandbox)

    assert owes(ben) == 97_000
    call_command("check_ledger")


def test_its_bank_account_still_pays_for_others(ada, ben, cleo):
    """Nobody disputed anything: there were no funds."""
    payment, again = (payment_of(held(ada, ben)) for _ in range(2))
    other = payment_of(held(cleo, ben))
    Payment.objects.update(card="an_account")

    record_returned_debit(movement=movement_of(payment))

    of = {each.pk: each for each in Payment.objects.all()}
    assert of[payment.pk].charged_back_at is not None and not of[payment.pk].is_lost
    assert why_not_with_this_card(of[again.pk]) == "disputed_card"
    assert why_not_with_this_card(of[other.pk]) == ""
    assert findings() == []


def test_without_its_letter_the_comparison_of_the_books_finds_and_books_it(ada, ben, sandbox):
    escrow, payment = paid_by_debit(ada, ben, sandbox)
    all_agrees()
    returned(sandbox, payment)
    days_pass(1)
    sandbox.collect()
    sandbox.letters.clear()

    all_agrees()

    healed = Difference.objects.get()
    assert (healed.kind, healed.status, healed.net) == ("debit_returned", "healed", -103_000)
    assert balance_of(chart.escrow(escrow.public_id)) == 0
    assert Chargeback.objects.get().movements.get().amount == 103_000
    all_agrees()
    call_command("check_ledger")


def test_it_is_booked_once_however_often_it_is_told(ada, ben, sandbox):
    _, payment = paid_by_debit(ada, ben, sandbox)
    returned(sandbox, payment)
    play_on(sandbox)
    moved = Transfer.objects.count()
    movement = books.movement(Chargeback.objects.get().remote_id)
    assert (movement.kind, movement.net, movement.fee) == ("payment_failure_refund", -103_000, 0)

    for _ in range(2):
        record_returned_debit(movement=movement)
        note_failed_charge(charge_id=payment.charge_id)
    ask_about_chargeback(chargeback_id=Chargeback.objects.get().pk)

    assert Transfer.objects.count() == moved


@pytest.mark.django_db(transaction=True)
def test_eight_who_hear_of_it_at_once_book_it_once(ada, ben, bells):
    payment = Payment.objects.get(paid_for=held(ada, ben).public_id)
    movement = movement_of(payment)

    assert at_once(*[lambda: record_returned_debit(movement=movement)] * 8) == ["done"] * 8

    assert ChargebackMovement.objects.count() == 1
    assert balance_of(chart.escrow(payment.paid_for)) == 0


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_only_the_movements_own_key_books_it_once(ada, ben, bells, monkeypatch):
    """Nobody waits, and nobody looks whether it is booked already: PostgreSQL refuses seven."""
    payment = Payment.objects.get(paid_for=held(ada, ben).public_id)
    movement = movement_of(payment)
    without_locks(monkeypatch)
    meet_after(monkeypatch, chargebacks, "lock_homes")
    movements = ChargebackMovement.objects
    monkeypatch.setattr(
        movements,
        "get_or_create",
        lambda defaults, **which: (movements.create(**which, **defaults), True),
    )

    outcomes = outcomes_at_once(*[lambda: record_returned_debit(movement=movement)] * 8)

    stopped = [one for one in outcomes if not isinstance(one, Chargeback)]
    assert len(stopped) == 7, outcomes
    assert all(stopped_by_the_database(one, "(remote_id)=(txn_back)") for one in stopped), outcomes
    assert balance_of(chart.escrow(payment.paid_for)) == 0


@pytest.mark.parametrize(
    "change", [{"net": 103_000}, {"net": 0}, {"currency": "EUR"}, {"of": None}]
)
def test_what_takes_nothing_back_is_not_booked(ada, ben, change):
    payment = Payment.objects.get(paid_for=held(ada, ben).public_id)

    with pytest.raises(InvalidInput):
        record_returned_debit(movement=replace(movement_of(payment), **change))

    assert not Chargeback.objects.exists()


def movement_of(payment: Payment, **charge) -> RemoteMovement:
    facts = {"payment": payment.public_id, "amount": 103_000, "currency": "USD"} | charge
    of = RemoteCharge(payment.charge_id, failed_by="txn_back", **facts)
    return RemoteMovement(
        "txn_back", "payment_failure_refund", -103_000, "USD", payment.charge_id, of=of
    )


def test_a_debit_that_was_never_paid_came_and_went(ada, ben):
    payment = asked(opened(ada, ben))
    back = replace(movement_of(payment).of, remote_id="py_never")
    came = RemoteMovement("txn_came", "payment", 102_500, "USD", "py_never", of=back)
    went = replace(movement_of(payment), of=back, source="py_never")

    assert judged(came) == judged(went) == []


def test_one_of_somebody_else_is_a_movement_of_its_own(ada, ben):
    payment = asked(opened(ada, ben))
    foreign = replace(movement_of(payment).of, remote_id="py_foreign", payment="")

    (found,) = judged(replace(movement_of(payment), of=foreign))

    assert (found.kind, found.net, found.deed) == ("movement", -103_000, "own_funds")


def judged(movement: RemoteMovement) -> list:
    return judge_movement(movement, Rows.of([movement]))
