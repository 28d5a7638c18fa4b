"""Stripe's objects in our words: pure functions, no calls."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import stripe

from payments.gateway.base import (
    Letter,
    PaymentState,
    RemoteAccount,
    RemoteCharge,
    RemoteMovement,
    RemoteObject,
    RemotePayment,
    RemotePayout,
    RemoteRefund,
    RemoteReversal,
    RemoteTransfer,
    State,
)

# The kind of a movement that takes back a debit, whose bank did not pay after all, or no longer.
RETURNED = "payment_failure_refund"

_STATES = {
    "pending": State.PENDING,
    "requires_action": State.PENDING,
    "in_transit": State.IN_TRANSIT,
    "paid": State.DONE,
    "succeeded": State.DONE,
    "failed": State.FAILED,
    "canceled": State.FAILED,
}


def noted(thing: Any, name: str) -> str:
    """What we wrote into an object's metadata; empty where we wrote nothing."""
    notes = getattr(thing, "metadata", None)
    return notes[name] if notes and name in notes else ""


def _attempt(thing: Any) -> int:
    number = noted(thing, "attempt")
    return int(number) if number.isdecimal() else 0


def moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def payment_of(session: stripe.checkout.Session) -> RemotePayment:
    """The intent counts where it is expanded: it knows more than its page."""
    intent = session.payment_intent
    expanded = intent if isinstance(intent, stripe.PaymentIntent) else None
    charge = expanded.latest_charge if expanded else None
    error = getattr(expanded, "last_payment_error", None)
    state = _payment_state(session, expanded)
    return RemotePayment(
        session_id=session.id,
        payment=session.client_reference_id or "",
        state=state,
        is_sent=state == PaymentState.WAITING and session.status == "complete",
        amount=session.amount_total,
        currency=session.currency.upper(),
        url=session.url or "",
        expires_at=moment(session.expires_at),
        intent_id=_id(intent),
        charge_id=_id(charge) if expanded else "",
        card=_card_of(charge),
        paid_at=moment(charge.created) if isinstance(charge, stripe.Charge) else None,
        failure_code=_failure(error),
    )


def _card_of(charge: Any) -> str:
    paid_by = charge.payment_method_details if isinstance(charge, stripe.Charge) else None
    means = getattr(paid_by, paid_by.type, None) if paid_by else None
    return getattr(means, "fingerprint", None) or ""


def _payment_state(
    session: stripe.checkout.Session, intent: stripe.PaymentIntent | None
) -> PaymentState:
    if session.payment_status == "paid":
        return PaymentState.PAID
    if session.status == "expired":
        return PaymentState.EXPIRED
    status = intent.status if intent else ""
    if session.status == "complete":
        # A bank debit that has been sent off: no second try is possible on this page.
        failed = status in ("requires_payment_method", "canceled")
        return PaymentState.FAILED if failed else PaymentState.WAITING
    if status in ("requires_action", "processing"):
        return PaymentState.WAITING
    return PaymentState.OPEN


def _failure(error: Any) -> str:
    if error is None:
        return ""
    return getattr(error, "decline_code", None) or getattr(error, "code", None) or "declined"


def charge_of(charge: stripe.Charge) -> RemoteCharge:
    booked = charge.balance_transaction
    known = isinstance(booked, stripe.BalanceTransaction)
    return RemoteCharge(
        remote_id=charge.id,
        payment=noted(charge, "payment"),
        amount=charge.amount,
        currency=charge.currency.upper(),
        fee=booked.fee if known else None,
        fee_currency=booked.currency.upper() if known else "",
        failed_by=_id(getattr(charge, "failure_balance_transaction", None)),
    )


def refund_of(refund: stripe.Refund) -> RemoteRefund:
    return RemoteRefund(
        remote_id=refund.id,
        refund=noted(refund, "refund"),
        attempt=_attempt(refund),
        charge_id=_id(refund.charge),
        # Null is possible: then it has been taken on, and nothing more is known.
        state=_STATES[refund.status or "pending"],
        amount=refund.amount,
        currency=refund.currency.upper(),
        failure_code=getattr(refund, "failure_reason", None) or "",
        booked=refund.balance_transaction is not None,
    )


def transfer_of(transfer: stripe.Transfer) -> RemoteTransfer:
    return RemoteTransfer(
        remote_id=transfer.id,
        amount=transfer.amount,
        amount_reversed=transfer.amount_reversed,
        currency=transfer.currency.upper(),
        destination=_id(transfer.destination),
        payout=noted(transfer, "payout"),
    )


def reversal_of(reversal: Any) -> RemoteReversal:
    return RemoteReversal(
        remote_id=reversal.id,
        transfer_id=_id(reversal.transfer),
        amount=reversal.amount,
        currency=reversal.currency.upper(),
    )


def payout_of(payout: stripe.Payout, account: str) -> RemotePayout:
    return RemotePayout(
        remote_id=payout.id,
        account=account,
        payout=noted(payout, "payout"),
        attempt=_attempt(payout),
        state=_STATES[payout.status],
        amount=payout.amount,
        currency=payout.currency.upper(),
        failure_code=payout.failure_code or "",
        arrives_at=moment(payout.arrival_date),
    )


def movement_of(movement: stripe.BalanceTransaction, account: str = "") -> RemoteMovement:
    source = movement.source
    return RemoteMovement(
        remote_id=movement.id,
        kind=movement.type,
        net=movement.net,
        currency=movement.currency.upper(),
        source=_id(source),
        of=_source_of(movement, source, account),
        booked_at=moment(movement.created),
        fee=movement.fee,
    )


def _source_of(
    movement: stripe.BalanceTransaction, source: Any, account: str
) -> RemoteObject | None:
    """What moved it, in our words; None where it is not expanded, or of another kind."""
    if isinstance(source, stripe.Charge) and movement.type == RETURNED:
        return charge_of(source)  # its own fee is another movement's
    if isinstance(source, stripe.Charge):
        booked = {"fee": movement.fee, "fee_currency": movement.currency.upper()}
        return replace(charge_of(source), **booked)
    if isinstance(source, stripe.Refund):
        return refund_of(source)
    if isinstance(source, stripe.Transfer):
        return transfer_of(source)
    if getattr(source, "object", "") == "transfer_reversal":
        return reversal_of(source)
    return payout_of(source, account) if isinstance(source, stripe.Payout) else None


def account_of(account: Any) -> RemoteAccount:
    transfers = "configuration.recipient.capabilities.stripe_balance.stripe_transfers"
    entries = [
        entry
        for entry in _follow(account, "requirements.entries") or []
        if _follow(entry, "awaiting_action_from") != "stripe"  # they look at it: nobody is asked
    ]
    return RemoteAccount(
        remote_id=account.id,
        can_receive=_follow(account, f"{transfers}.status") == "active",
        closed=bool(_follow(account, "closed")),
        requirements=[_follow(entry, "description") or "more details" for entry in entries],
    )


def _follow(thing: Any, path: str) -> Any:
    """Along a path of fields, any of which v2 may leave out or answer with null."""
    for name in path.split("."):
        thing = getattr(thing, name, None)
    return thing


def letter_of(body: bytes) -> Letter:
    """A snapshot event, or a thin one that only names its object. Raises ValueError."""
    try:
        said = _storable(json.loads(body))
    except RecursionError:
        raise ValueError("this is nested too deeply for an event") from None
    if not isinstance(said, dict) or said.get("object") not in ("event", "v2.core.event"):
        raise ValueError("this is no event")
    about = said.get("related_object") or {}
    if not isinstance(about, dict):
        raise ValueError("this event is about nothing that we know")
    thin_account = about.get("id", "") if about.get("type") == "v2.core.account" else ""
    remote_id, kind = said.get("id"), said.get("type")
    account = said.get("account") or thin_account
    if not (_is_name(remote_id, 255) and _is_name(kind, 120) and _is_name(account or "-", 255)):
        raise ValueError("this event has no name that we can keep")
    return Letter(remote_id=remote_id, kind=kind, account=account, payload=said)


def _is_name(said: Any, longest: int) -> bool:
    return isinstance(said, str) and 1 <= len(said) <= longest


def _storable(said: Any) -> Any:
    """Without NULs and halves of pairs, which JSON may carry and the database does not take."""
    if isinstance(said, str):
        return said.replace("\0", "").encode("utf-8", "ignore").decode()
    if isinstance(said, list):
        return [_storable(one) for one in said]
    if isinstance(said, dict):
        return {_storable(name): _storable(one) for name, one in said.items()}
    return said


def _id(thing: Any) -> str:
    """An expandable field's id, expanded or not."""
    if thing is None:
        return ""
    return thing if isinstance(thing, str) else thing.id
