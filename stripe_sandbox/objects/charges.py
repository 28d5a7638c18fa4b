"""Charges: what a card was asked for, and what came of it."""

from __future__ import annotations

from stripe_sandbox.cards import CARDS, Card
from stripe_sandbox.events import emit
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.money import card_fee
from stripe_sandbox.objects.balance import found, move
from stripe_sandbox.params import Spec, text
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World, job, later

DAYS_UNTIL_AVAILABLE = 2
DAY = 86_400

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


def charge_card(world: World, intent: Obj, card: Card, *, email: str | None) -> Obj:
    """Ask the card. The money is booked a moment later, as automatic_async does it."""
    charge = blank_charge(world, prefix="ch_", amount=intent["amount"], currency=intent["currency"])
    charge |= {
        "billing_details": no_billing_details(email),
        "customer": intent["customer"],
        "description": intent["description"],
        "metadata": dict(intent["metadata"]),
        "payment_intent": intent["id"],
        "payment_method": new_id("pm_"),
        "payment_method_details": {"type": "card", "card": _card_details(card, charge["amount"])},
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "transfer_group": intent["transfer_group"],
        "outcome": _outcome(card),
        "_card": card.number,
    }
    if card.code is not None:
        charge |= {
            "amount_captured": 0,
            "captured": False,
            "failure_code": card.code,
            "failure_message": card.message,
            "paid": False,
            "status": "failed",
        }
        emit(world, "charge.failed", world.store.save(charge))
        return charge
    emit(world, "charge.succeeded", world.store.save(charge))
    later(world, "charge.settle", world.settings.settle_delay, charge_id=charge["id"])
    return charge


def available_on(charge: Obj) -> int:
    card = CARDS.get(charge.get("_card", ""))
    wait = 0 if card and card.bypass_pending else DAYS_UNTIL_AVAILABLE * DAY
    return charge["created"] + wait


@job("charge.settle")
def settle(world: World, *, charge_id: str) -> None:
    """Write the balance transaction, and let a card that disputes do so."""
    charge = world.store.get(charge_id)
    assert charge is not None and charge["balance_transaction"] is None
    booked = move(
        world,
        account="",
        type="charge",
        amount=charge["amount"],
        currency=charge["currency"],
        source=charge["id"],
        fee=card_fee(charge["amount"], charge["currency"]),
        description=charge["description"],
        available_on=available_on(charge),
    )
    charge["balance_transaction"] = booked["id"]
    world.store.save(charge)
    emit(world, "charge.updated", charge, before={"balance_transaction": None})
    card = CARDS[charge["_card"]]
    if card.dispute:
        later(world, "dispute.open", 0, charge_id=charge_id, reason=card.dispute)


def _outcome(card: Card) -> Obj:
    declined = card.code is not None
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if declined else "approved_by_network",
        "reason": card.decline_code or card.code,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": (
            "The bank did not accept the payment." if declined else "Payment complete."
        ),
        "type": "issuer_declined" if declined else "authorized",
    }


def _card_details(card: Card, amount: int) -> Obj:
    return {
        "amount_authorized": amount if card.code is None else None,
        "authorization_code": None,
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "fail" if card.code == "incorrect_cvc" else "pass",
        },
        "country": "US",
        "electronic_commerce_indicator": None,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sandbox{card.last4}",
        "funding": "credit",
        "installments": None,
        "last4": card.last4,
        "mandate": None,
        "network": card.network,
        "network_transaction_id": None,
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }


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
