"""The letterbox: what the provider tells us is kept at once, read later and applied once.

A letter is only a reason to look: what counts is how the thing stands at the provider now.
"""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.errors import DomainError
from payments.chargebacks import services as chargebacks
from payments.chargebacks.returning.services import note_failed_charge
from payments.escrow import services as escrows
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from payments.fundings.provider_fees import services as provider_fees
from payments.gateway import chargebacks as provider_chargebacks
from payments.gateway.base import (
    GatewayRefused,
    GatewayUnknown,
    Letter,
    PaymentState,
    RemoteCharge,
    RemotePayment,
)
from payments.gateway.stripe import gateway
from payments.incoming.models import WebhookEvent
from payments.payees import services as payees
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Payout, PayoutAttempt
from payments.payouts.sending.services import record_payout
from payments.refunds import services as refunds
from payments.refunds.models import Refund


class TooEarly(Exception):
    """It speaks of something that we have not noted yet."""


class NotOurs(Exception):
    """It speaks of something that we did not do: a person has to look at it."""


class BooksDiffer(Exception):
    """The provider's sums are not ours: nothing is booked, a person has to look at it."""


# Until a letter is given up and left to a person.
_PATIENCE = [
    timedelta(seconds=seconds)
    for seconds in (5, 15, 60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600, 24 * 3_600)
]


@transaction.atomic
def keep_event(*, letter: Letter) -> WebhookEvent:
    """Keep a letter, of whatever kind; the provider may send it as often as it likes."""
    event, is_new = WebhookEvent.objects.get_or_create(
        remote_id=letter.remote_id,
        defaults={"kind": letter.kind, "account": letter.account, "payload": letter.payload},
    )
    if is_new:
        ring("payments.handle_event", event.pk)
    return event


def handle_event(*, event_id: int) -> None:
    """Apply a letter. Not atomic: its facts are fetched. Safe to run twice and in any order.

    One that comes too early, or whose facts cannot be had, is tried again; one that speaks of what
    we never did stays for a person.
    """
    event = _take(event_id)
    if event is None:
        return
    try:
        handler = _handler_of(event.kind)
        if handler is not None:
            handler(event)
    except (NotOurs, BooksDiffer) as problem:
        _note_problem(event_id, str(problem), final=True)
    except (TooEarly, GatewayUnknown, GatewayRefused, DomainError) as problem:
        _note_problem(event_id, str(problem))
    except Exception as problem:
        _note_problem(event_id, f"{type(problem).__name__}: {problem}")
        raise
    else:
        _note_handled(event_id)


def ask_about_payment(*, payment_id: int) -> None:
    """Ask the provider how a payment stands, and settle it as its letters would have. Not atomic.

    For payments of which no letter came, for the provider's fee, and for pages to be closed.
    Raises GatewayRefused, GatewayUnknown or BooksDiffer.
    """
    payment = fundings.begin_asking(payment_id=payment_id)
    if payment.succeeded_at is not None:
        if payment.provider_fee is None:
            _settle_fee(payment)
    elif payment.session_id:
        _settle_payment(fundings.ask_provider(payment))


# --- Taking letters up ---------------------------------------------------------------------------


@transaction.atomic
def _take(event_id: int) -> WebhookEvent | None:
    """Count the try before it is made: a letter that kills its reader is not read for ever."""
    event = (
        WebhookEvent.objects.select_for_update(skip_locked=True)
        .filter(pk=event_id, handled_at=None)
        .first()
    )
    if event is None or event.tries > len(_PATIENCE):
        return None
    wait = _PATIENCE[min(event.tries, len(_PATIENCE) - 1)]
    event.tries += 1
    event.next_try_at = now() + wait if event.tries <= len(_PATIENCE) else None
    event.save(update_fields=["tries", "next_try_at"])
    return event


@transaction.atomic
def _note_problem(event_id: int, problem: str, *, final: bool = False) -> None:
    event = WebhookEvent.objects.select_for_update().get(pk=event_id)
    event.problem = problem[:2_000]
    if final:
        event.next_try_at = None
    event.save(update_fields=["problem", "next_try_at"])


@transaction.atomic
def _note_handled(event_id: int) -> None:
    WebhookEvent.objects.filter(pk=event_id).update(handled_at=now(), next_try_at=None, problem="")


# --- Money in ------------------------------------------------------------------------------------


def _pay_page_changed(event: WebhookEvent) -> None:
    _settle_payment(gateway().payment_on(_object(event)["id"]))


def _intent_changed(event: WebhookEvent) -> None:
    payment = _payment_noted_on(event)
    if not payment.session_id:
        raise TooEarly(f"The pay page of {payment} is not noted yet.")
    _settle_payment(gateway().payment_on(payment.session_id))


def _charge_booked(event: WebhookEvent) -> None:
    payment = _payment_noted_on(event)
    if payment.succeeded_at is None:
        raise TooEarly(f"{payment} is not noted as paid yet.")
    _settle_fee(payment)


def _payment_noted_on(event: WebhookEvent) -> Payment:
    about = _object(event)
    public_id = (about.get("metadata") or {}).get("payment", "")
    payment = Payment.objects.filter(public_id=public_id).first()
    if payment is None:
        raise NotOurs(f"{about['id']} belongs to no payment of ours.")
    return payment


def _settle_payment(remote: RemotePayment) -> None:
    payment = Payment.objects.filter(public_id=remote.payment).first()
    if payment is None:
        raise NotOurs(f"{remote.session_id} belongs to no payment of ours.")
    if (remote.amount, remote.currency) != (payment.amount, payment.currency):
        raise BooksDiffer(
            f"{remote.session_id} is about {remote.amount} {remote.currency}, "
            f"{payment} about {payment.amount} {payment.currency}."
        )
    if remote.state == PaymentState.PAID:
        escrows.take_in(
            payment_id=payment.pk,
            intent_id=remote.intent_id,
            charge_id=remote.charge_id,
            card=remote.card,
            paid_at=remote.paid_at,
        )
    else:
        fundings.record_state(payment_id=payment.pk, remote=remote)


def _settle_fee(payment: Payment) -> None:
    charge: RemoteCharge = gateway().charge(payment.charge_id)
    if charge.fee is None:
        provider_fees.wait_for_fee(payment_id=payment.pk)
    else:
        provider_fees.record_provider_fee(
            payment_id=payment.pk, fee=charge.fee, currency=charge.fee_currency
        )


# --- Money back and out --------------------------------------------------------------------------


def _refund_changed(event: WebhookEvent) -> None:
    remote = gateway().refund(_object(event)["id"])
    try:
        refunds.record_refund(remote=remote)
    except Refund.DoesNotExist:
        raise NotOurs(
            f"{remote.remote_id} gives back {remote.amount} {remote.currency} of "
            f"{remote.charge_id}, and nobody here asked for that."
        ) from None


def _payout_changed(event: WebhookEvent) -> None:
    remote_id = _object(event)["id"]
    if not event.account:
        return  # the platform's own money: the sweep books it
    remote = gateway().payout(remote_id, account=event.account)
    try:
        record_payout(remote=remote)
    except (Payout.DoesNotExist, PayoutAttempt.DoesNotExist):
        raise NotOurs(
            f"{remote_id} pays out {remote.amount} {remote.currency} of {event.account}, "
            "and nobody here asked for that."
        ) from None


def _transfer_reversed(event: WebhookEvent) -> None:
    about = _object(event)
    payout = Payout.objects.filter(transfer_id=about["id"]).first()
    if payout is None or not (payout.reversal_id or payout.cancel_wished_at):
        raise NotOurs(f"{about['id']} was taken back, and nobody here asked for that.")


def _account_changed(event: WebhookEvent) -> None:
    if not event.account:
        return  # it names none: the sweep asks about all of them
    try:
        payees.refresh_remote_account(remote_id=event.account)
    except ConnectedAccount.DoesNotExist:
        raise TooEarly(f"{event.account} is nobody's account here yet.") from None


def _chargeback_changed(event: WebhookEvent) -> None:
    remote = provider_chargebacks.chargeback(_object(event)["id"])
    try:
        chargebacks.record_chargeback(remote=remote)
    except Payment.DoesNotExist:
        raise TooEarly(f"{remote.charge_id} is not noted as paid yet.") from None


def _object(event: WebhookEvent) -> dict:
    """What the letter names; only its id is believed."""
    data = event.payload.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    if not isinstance(about, dict) or not isinstance(about.get("id"), str):
        version = str(event.payload.get("api_version"))[:40]
        raise NotOurs(f"It names nothing in a way that we can read; its version is {version}.")
    return about


Handler = Callable[[WebhookEvent], None]

HANDLERS: dict[str, Handler] = {
    "checkout.session.completed": _pay_page_changed,
    "checkout.session.async_payment_succeeded": _pay_page_changed,
    "checkout.session.async_payment_failed": _pay_page_changed,
    "checkout.session.expired": _pay_page_changed,
    "payment_intent.requires_action": _intent_changed,
    "payment_intent.processing": _intent_changed,
    "payment_intent.payment_failed": _intent_changed,
    "charge.updated": _charge_booked,
    "charge.failed": lambda event: note_failed_charge(charge_id=_object(event)["id"]),
    "charge.dispute.created": _chargeback_changed,
    "charge.dispute.updated": _chargeback_changed,
    "charge.dispute.closed": _chargeback_changed,
    "charge.dispute.funds_withdrawn": _chargeback_changed,
    "charge.dispute.funds_reinstated": _chargeback_changed,
    "refund.created": _refund_changed,
    "refund.updated": _refund_changed,
    "refund.failed": _refund_changed,
    "payout.updated": _payout_changed,
    "payout.paid": _payout_changed,
    "payout.failed": _payout_changed,
    "payout.canceled": _payout_changed,
    "transfer.reversed": _transfer_reversed,
}


def _handler_of(kind: str) -> Handler | None:
    """None: of no consequence here. The letter is kept all the same."""
    # Not v2.core.account_link and v2.core.account_person, which are about something else.
    if kind.startswith(("v2.core.account.", "v2.core.account[")):
        return _account_changed
    return HANDLERS.get(kind)
