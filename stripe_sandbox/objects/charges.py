"""Charges: what a card or a bank account was asked for, and what came of it."""

from __future__ import annotations

from stripe_sandbox.errors import StripeError
from stripe_sandbox.events import emit
from stripe_sandbox.instruments import INSTRUMENTS, Instrument
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.money import card_fee, debit_fee
from stripe_sandbox.objects.balance import found, move
from stripe_sandbox.params import Spec, text
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World, job, later

DAYS_UNTIL_AVAILABLE = 2
DAY = 86_400
HOLD = 7 * DAY  # how long a card's bank keeps an amount for a capture

# fmt: off
NULL = dict.fromkeys((
    "application", "application_fee", "application_fee_amount", "balance_transaction", "customer",
    "description", "failure_balance_transaction", "failure_code", "failure_message",
    "on_behalf_of", "outcome", "payment_intent", "payment_method", "payment_method_details",
    "receipt_email", "receipt_number", "receipt_url", "review", "shipping", "source",
    "source_transfer", "statement_descriptor", "statement_descriptor_suffix", "transfer_data",
    "transfer_group",
))
# fmt: on


def blank_charge(world: World, *, prefix: str, amount: int, currency: str) -> Obj:
    """A charge with nothing in it but the money. Transfers arrive as one, too."""
    return {
        "id": new_id(prefix),
        "object": "charge",
        **NULL,
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "billing_details": no_billing_details(),
        "calculated_statement_descriptor": "SANDBOX",
        "captured": True,
        "created": world.now(),
        "currency": currency,
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "paid": True,
        "refunded": False,
        "status": "succeeded",
    }


def no_billing_details(email: str | None = None) -> Obj:
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {"address": address, "email": email, "name": None, "phone": None, "tax_id": None}


def instrument_of(charge_or_method: Obj) -> Instrument:
    return INSTRUMENTS[charge_or_method["_instrument"]]


# -- asking ---------------------------------------------------------------


def ask(world: World, intent: Obj, method: Obj, *, refusal: Obj | None = None) -> Obj:
    """Ask a card, which answers at once, or a bank account, whose bank answers days later.

    The charge is ``succeeded``, ``failed`` or ``pending``. Money is not booked here.
    """
    instrument = instrument_of(method)
    waits = instrument.kind != "card"
    if refusal is None and instrument.code is not None and not waits:
        refusal = refusal_by(instrument)
    prefix = "py_" if waits else "ch_"
    charge = blank_charge(
        world, prefix=prefix, amount=intent["amount"], currency=intent["currency"]
    )
    charge |= {
        "billing_details": method["billing_details"],
        "customer": intent["customer"],
        "description": intent["description"],
        "metadata": dict(intent["metadata"]),
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _details(world, intent, method, refused=refusal is not None),
        "receipt_email": intent["receipt_email"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "transfer_group": intent["transfer_group"],
        "outcome": _outcome(refusal),
        "_instrument": instrument.number,
    }
    if refusal is not None:
        return refuse(world, charge, refusal)
    if waits:
        charge |= {"amount_captured": 0, "captured": False, "paid": False, "status": "pending"}
        emit(world, "charge.pending", world.store.save(charge))
        return charge
    if intent["capture_method"] == "manual":
        charge |= {"amount_captured": 0, "captured": False}
        world.store.save(charge)
    else:
        _book_soon(world, intent, charge)
    emit(world, "charge.succeeded", charge)
    return charge


def refusal_by(instrument: Instrument) -> Obj:
    return {
        "code": instrument.code,
        "decline_code": instrument.decline_code,
        "message": instrument.message,
    }


def refuse(world: World, charge: Obj, refusal: Obj) -> Obj:
    charge |= {
        "amount_captured": 0,
        "captured": False,
        "failure_code": refusal["code"],
        "failure_message": refusal["message"],
        "outcome": _outcome(refusal),
        "paid": False,
        "status": "failed",
    }
    emit(world, "charge.failed", world.store.save(charge))
    return charge


def give_up(world: World, charge: Obj) -> Obj:
    """The bank of a debited account takes back what it had paid, and no dispute is made of it."""
    if charge["status"] != "succeeded" or charge["balance_transaction"] is None:
        raise StripeError(f"This charge is not booked: {charge['status']}.", status=409)
    back = move(
        world,
        account="",
        type="payment_failure_refund",
        amount=-charge["amount"],
        currency=charge["currency"],
        source=charge["id"],
        reporting_category="charge_failure",
    )
    charge |= {
        "failure_balance_transaction": back["id"],
        "failure_code": "debit_not_authorized",
        "failure_message": "The customer has told their bank that it was not authorized.",
        "paid": False,
        "status": "failed",
    }
    emit(world, "charge.failed", world.store.save(charge))
    return charge


def arrive(world: World, intent: Obj, charge: Obj) -> None:
    """The bank of a debited account has paid."""
    charge |= {
        "amount_captured": charge["amount"],
        "captured": True,
        "paid": True,
        "status": "succeeded",
        "_taken_at": world.now(),
    }
    _book_soon(world, intent, charge)
    emit(world, "charge.succeeded", charge)


def capture(world: World, intent: Obj, charge: Obj, amount: int) -> None:
    charge |= {"amount_captured": amount, "captured": True, "_taken_at": world.now()}
    _book_soon(world, intent, charge)
    emit(world, "charge.captured", charge)


# -- booking --------------------------------------------------------------


def _book_soon(world: World, intent: Obj, charge: Obj) -> None:
    """``automatic_async`` books a moment later; the other ways of capture at once."""
    if intent["capture_method"] == "automatic_async":
        world.store.save(charge)
        later(world, "charge.settle", world.settings.settle_delay, charge_id=charge["id"])
    else:
        _book(world, charge)


def available_on(charge: Obj) -> int:
    bypass = "_instrument" in charge and instrument_of(charge).bypass_pending
    wait = 0 if bypass else DAYS_UNTIL_AVAILABLE * DAY
    taken_at: int = charge.get("_taken_at") or charge["created"]
    return taken_at + wait


@job("charge.settle")
def settle(world: World, *, charge_id: str) -> None:
    charge = world.store.get(charge_id)
    assert charge is not None and charge["balance_transaction"] is None
    _book(world, charge)
    emit(world, "charge.updated", charge, before={"balance_transaction": None})


def _book(world: World, charge: Obj) -> None:
    """Write the balance transaction, and let a card that disputes, or is suspected, do so."""
    instrument = instrument_of(charge)
    amount, unit = charge["amount_captured"], charge["currency"]
    booked = move(
        world,
        account="",
        type="charge" if instrument.kind == "card" else "payment",
        amount=amount,
        currency=unit,
        source=charge["id"],
        fee=card_fee(amount, unit) if instrument.kind == "card" else debit_fee(amount),
        description=charge["description"],
        available_on=available_on(charge),
    )
    charge["balance_transaction"] = booked["id"]
    world.store.save(charge)
    if instrument.dispute:
        later(
            world,
            "dispute.open",
            0,
            charge_id=charge["id"],
            reason=instrument.dispute,
            inquiry=instrument.inquiry,
        )
    if instrument.suspected:
        later(world, "warning.open", 0, charge_id=charge["id"])


# -- what it looks like ---------------------------------------------------


def _outcome(refusal: Obj | None) -> Obj:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if refusal else "approved_by_network",
        "reason": (refusal.get("decline_code") or refusal["code"]) if refusal else None,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": (
            "The bank did not accept the payment." if refusal else "Payment complete."
        ),
        "type": "issuer_declined" if refusal else "authorized",
    }


def _details(world: World, intent: Obj, method: Obj, *, refused: bool) -> Obj:
    kind = method["type"]
    seen = method[kind]
    if kind != "card":
        names = ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4",
                 "routing_number")  # fmt: skip
        return {
            "type": kind,
            kind: {name: seen[name] for name in names} | {"payment_reference": None},
        }
    same = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4",
            "regulated_status", "wallet")  # fmt: skip
    checks = {**seen["checks"]}
    checks["cvc_check"] = "fail" if instrument_of(method).code == "incorrect_cvc" else "pass"
    card = {
        **{name: seen[name] for name in same},
        "amount_authorized": None if refused else intent["amount"],
        "authorization_code": None,
        "checks": checks,
        "electronic_commerce_indicator": None,
        "installments": None,
        "mandate": None,
        "network": seen["networks"]["available"][0],
        "network_transaction_id": None,
        "three_d_secure": None,
        "transaction_link_id": None,
    }
    if intent["capture_method"] == "manual" and not refused:
        card["capture_before"] = world.now() + HOLD
    return {"type": kind, kind: card}


# -- reading --------------------------------------------------------------

LIST: Spec = listing(customer=text, payment_intent=text, transfer_group=text)


def list_charges(world: World, call: Call) -> Obj:
    return page_of(
        world,
        call,
        "charge",
        "/v1/charges",
        customer="customer",
        payment_intent="payment_intent",
        transfer_group="transfer_group",
    )


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, "charge", call.ids["id"])
