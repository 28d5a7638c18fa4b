"""What happens to money because somebody rang or because time has passed.

A listener hears of one row; a sweep finds what no bell told of. Services act, and all of it may be
run twice.
"""

from functools import partial

from celery import shared_task

from accounts.holds.models import Hold
from accounts.holds.selectors import ending_hold_ids
from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.sweeps import sweep
from payments.chargebacks.answering.services import look_after_chargeback
from payments.chargebacks.limits import services as limits
from payments.chargebacks.selectors import due_chargeback_ids
from payments.fundings.selectors import due_payment_ids
from payments.gateway.pacing import may_ask
from payments.incoming import services as incoming
from payments.incoming.own_funds import services as own_funds
from payments.incoming.selectors import due_event_ids
from payments.ledger import services as ledger
from payments.payees.selectors import due_account_ids, party_ids_of_a_new_country
from payments.payees.services import refresh_account
from payments.payouts import services as payouts
from payments.payouts.cancelling.services import finish_cancelling
from payments.payouts.holding.selectors import held_payout_ids_to_let_go
from payments.payouts.holding.services import TOLD_AHEAD, let_go_before_the_limit, tell_that_it_ends
from payments.payouts.models import Payout
from payments.payouts.recovering.selectors import recoverable
from payments.payouts.recovering.services import recover
from payments.payouts.reminding.selectors import party_ids_to_remind, payout_ids_to_remind_of
from payments.payouts.reminding.services import remind_of_payout, remind_payee
from payments.payouts.selectors import (
    due_cancellation_ids,
    due_payout_ids,
)
from payments.payouts.sending import services as sending
from payments.payouts.turns.selectors import due_groups
from payments.reconciliation.running.services import advance_run, plan_run
from payments.reconciliation.selectors import due_run_ids
from payments.refunds import services as refunds
from payments.refunds.selectors import due_refund_ids

# Each of these waits for the provider: fewer at a time than where only the database is asked.
CALLS = 50

# --- Listeners -----------------------------------------------------------------------------------


@shared_task(name="payments.handle_event")
def handle_event(event_id: int) -> None:
    incoming.handle_event(event_id=event_id)


@shared_task(name="payments.ask_about_payment")
def ask_about_payment(payment_id: int) -> None:
    incoming.ask_about_payment(payment_id=payment_id)


@shared_task(name="payments.note_country")
def note_country(party_id: int) -> None:
    limits.note_country(party_id=party_id)


@shared_task(name="payments.send_refund")
def send_refund(refund_id: int) -> None:
    refunds.send_refund(refund_id=refund_id)


@shared_task(name="payments.send_payout")
def send_payout(payout_id: int) -> None:
    sending.send_payout(payout_id=payout_id)


# --- Sweeps --------------------------------------------------------------------------------------


@shared_task(name="payments.handle_due_events")
def handle_due_events() -> dict[str, int]:
    """Letters whose bell was lost, that came too early or met trouble."""
    return sweep(
        partial(due_event_ids, now()),
        lambda pk: incoming.handle_event(event_id=pk),
        at_once=CALLS,
        while_=may_ask,
    )


@shared_task(name="payments.note_countries")
def note_countries() -> dict[str, int]:
    """The country of a payee was set, and its bell was lost."""
    return sweep(party_ids_of_a_new_country, lambda pk: limits.note_country(party_id=pk))


@shared_task(name="payments.ask_about_due_payments")
def ask_about_due_payments() -> dict[str, int]:
    """Payments of which no letter came, fees not booked yet, pages to be closed."""
    return sweep(
        partial(due_payment_ids, now()),
        lambda pk: incoming.ask_about_payment(payment_id=pk),
        at_once=CALLS,
        while_=may_ask,
    )


@shared_task(name="payments.send_due_refunds")
def send_due_refunds() -> dict[str, int]:
    """Refunds whose bell or answer was lost, that wait for cover, or that are tried again."""
    return sweep(
        partial(due_refund_ids, now()),
        lambda pk: refunds.pursue_refund(refund_id=pk),
        at_once=CALLS,
        while_=may_ask,
    )


@shared_task(name="payments.ask_about_chargebacks")
def ask_about_chargebacks() -> dict[str, int]:
    """Chargebacks of which no letter came, and answers to the bank whose own answer was lost."""
    return sweep(
        partial(due_chargeback_ids, now()),
        lambda pk: look_after_chargeback(chargeback_id=pk),
        at_once=CALLS,
        while_=may_ask,
    )


@shared_task(name="payments.recover_debts")
def recover_debts() -> dict[str, int]:
    """What was earned by somebody who owes goes to what they owe before it is paid out."""
    return sweep(recoverable, lambda group: recover(party_id=group[0], currency=group[1]))


@shared_task(name="payments.schedule_due_payouts")
def schedule_due_payouts() -> dict[str, int]:
    """What is past its hold goes out by itself: once a day for each payee and currency, or as they
    chose; and whatever they chose before the provider's limit.
    """
    return sweep(
        partial(due_groups, now()),
        lambda group: payouts.schedule_payout(party_id=group[0], currency=group[1], by=SYSTEM),
    )


@shared_task(name="payments.send_due_payouts")
def send_due_payouts() -> dict[str, int]:
    """Payouts to be sent or asked about, whose bell or answer was lost."""
    return sweep(
        partial(due_payout_ids, now()),
        lambda pk: sending.send_payout(payout_id=pk),
        at_once=CALLS,
        while_=may_ask,
    )


@shared_task(name="payments.cancel_due_payouts")
def cancel_due_payouts() -> dict[str, int]:
    """Wishes to cancel that the provider did not answer."""
    return sweep(
        partial(due_cancellation_ids, now()),
        lambda pk: finish_cancelling(payout_id=pk),
        at_once=CALLS,
        while_=may_ask,
    )


@shared_task(name="payments.let_held_payouts_go")
def let_held_payouts_go() -> dict[str, int]:
    """What is held goes out before the provider's limit, whatever the hold says."""
    return sweep(
        partial(held_payout_ids_to_let_go, now()),
        lambda pk: let_go_before_the_limit(payout_id=pk),
    )


@shared_task(name="payments.tell_that_holds_end")
def tell_that_holds_end() -> dict[str, int]:
    """Finance hears a day before that a hold of payouts ends by itself."""
    return sweep(
        partial(ending_hold_ids, now(), kind=Hold.Kind.PAYOUTS, ahead=TOLD_AHEAD),
        lambda pk: tell_that_it_ends(hold_id=pk),
        of=Hold,
    )


@shared_task(name="payments.ask_about_accounts")
def ask_about_accounts() -> dict[str, int]:
    """Payout accounts whose change nobody told us of."""
    return sweep(
        partial(due_account_ids, now()),
        lambda pk: refresh_account(account_id=pk),
        at_once=CALLS,
        while_=may_ask,
    )


@shared_task(name="payments.remind_payees")
def remind_payees() -> dict[str, int]:
    """Who has earned and cannot be paid out is told so once a week."""
    return sweep(partial(party_ids_to_remind, now()), lambda pk: remind_payee(party_id=pk))


@shared_task(name="payments.remind_of_payouts")
def remind_of_payouts() -> dict[str, int]:
    """Whose payout has failed, or waits for their details, is told so once a week."""
    return sweep(
        partial(payout_ids_to_remind_of, now()),
        lambda pk: remind_of_payout(payout_id=pk),
        of=Payout,
    )


@shared_task(name="payments.book_own_funds")
def book_own_funds() -> int:
    """What the platform put in at the provider, or took out."""
    return own_funds.book_own_funds() if may_ask() else 0


@shared_task(name="payments.reconcile")
def reconcile() -> dict[str, int]:
    """Our books against the provider's: once a day and after an outage, a few pages at a time."""
    plan_run()
    return sweep(lambda **_: due_run_ids(now()), lambda pk: advance_run(run_id=pk), while_=may_ask)


@shared_task(name="payments.take_snapshots")
def take_snapshots() -> int:
    """Keep the sums of our own accounts cheap to read."""
    return ledger.take_snapshots()
