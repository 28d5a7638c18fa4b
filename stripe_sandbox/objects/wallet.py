"""Whose a payment method is, and whether it may be used: by token, once, or kept by a customer."""

from __future__ import annotations

from typing import Any

from stripe_sandbox.errors import CardError, StripeError, no_such
from stripe_sandbox.events import emit
from stripe_sandbox.instruments import Instrument, of_token
from stripe_sandbox.objects.charges import instrument_of, no_billing_details
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import World


def blank_method(
    world: World, instrument: Instrument, *, email: str | None = None, mark: str = ""
) -> Obj:
    """A method of its own for each use of a test card, as a form or a token makes one.

    ``mark`` tells the card of one person from that of another: they share a few numbers, and a
    fingerprint is one card's.
    """
    looks = _card_looks(instrument) if instrument.kind == "card" else _account_looks(instrument)
    looks["fingerprint"] += mark
    return world.store.save(
        {
            "id": new_id("pm_"),
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": no_billing_details(email),
            "created": world.now(),
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": {},
            "type": instrument.kind,
            instrument.kind: looks,
            "_instrument": instrument.number,
        }
    )


def _card_looks(card: Instrument) -> Obj:
    return {
        "brand": card.brand,
        "checks": dict.fromkeys(("address_line1_check", "address_postal_code_check", "cvc_check")),
        "country": "US",
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": card.fingerprint,
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _account_looks(account: Instrument) -> Obj:
    return {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": account.fingerprint,
        "last4": account.last4,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": {},
    }


def named(world: World, id: str, *, param: str = "payment_method") -> Obj:
    """The method of that id; a test token makes a new one."""
    if id.startswith("pm_") and (instrument := of_token(id)) is not None:
        return blank_method(world, instrument)
    method = world.store.get(id)
    if method is None or method["object"] != "payment_method":
        raise no_such("PaymentMethod", id, param=param, status=400)
    return method


def demand_usable(method: Obj, customer: str | None) -> None:
    """Refuse one that is somebody else's, or was used before and kept by nobody."""
    owner = method["customer"]
    if owner is not None and owner != customer:
        raise StripeError(
            f"The payment method {method['id']} belongs to the customer {owner}. Please include"
            " that customer in the `customer` parameter.",
            param="payment_method",
        )
    if owner is None and method.get("_used"):
        raise StripeError(
            "The provided PaymentMethod was used before without being attached to a customer, or"
            " was detached from one. It may not be used again.",
            param="payment_method",
        )


def keep(world: World, method: Obj, customer: str) -> None:
    """Attach it, if it is not there already; a customer deleted in the meantime keeps nothing."""
    owner = world.store.get(customer)
    if owner is not None and not owner.get("deleted") and method["customer"] != customer:
        method["customer"] = customer
        emit(world, "payment_method.attached", world.store.save(method))


def attach_to(world: World, method: Obj, customer: str) -> Obj:
    if method["customer"] is not None:
        raise StripeError(
            "The payment method you provided has already been attached to a customer.",
            param="payment_method",
        )
    demand_usable(method, customer)
    instrument = instrument_of(method)
    if instrument.kind == "card" and instrument.code is not None and not instrument.attachable:
        more: dict[str, Any] = {}
        if instrument.decline_code:
            more["decline_code"] = instrument.decline_code
        raise CardError(instrument.message, code=instrument.code, **more)
    keep(world, method, customer)
    return method
