"""Payment intents: one for a checkout session, from its first attempt on."""

from __future__ import annotations

from stripe_sandbox.cards import Card
from stripe_sandbox.errors import StripeError
from stripe_sandbox.events import emit
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.objects.balance import found
from stripe_sandbox.objects.charges import no_billing_details
from stripe_sandbox.params import Spec, merged_metadata, metadata, one_of, text, up_to
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World

# fmt: off
NULL = dict.fromkeys((
    "allowed_payment_method_types", "application", "application_fee_amount", "canceled_at",
    "cancellation_reason", "customer_account", "excluded_payment_method_types",
    "last_payment_error", "latest_charge", "managed_payments", "next_action", "on_behalf_of",
    "payment_method", "payment_method_configuration_details", "payment_record", "processing",
    "review", "setup_future_usage", "shipping", "source", "statement_descriptor", "transfer_data",
))
# fmt: on
AUTHENTICATION_FAILED = (
    "payment_intent_authentication_failure",
    "We are unable to authenticate your payment method. Please choose a different payment method"
    " and try again.",
)


def create_for_session(world: World, session: Obj) -> Obj:
    data = session["_payment_intent_data"]
    intent = {
        "id": new_id("pi_"),
        "object": "payment_intent",
        **NULL,
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": None,
        "capture_method": "automatic_async",
        "client_secret": None,
        "confirmation_method": "automatic",
        "created": world.now(),
        "currency": session["currency"],
        "customer": session["customer"],
        "description": data.get("description"),
        "livemode": False,
        "metadata": merged_metadata({}, data.get("metadata")),
        "payment_method_options": {"card": {"installments": None, "mandate_options": None,
            "network": None, "request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "receipt_email": data.get("receipt_email"),
        "statement_descriptor_suffix": data.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_group": data.get("transfer_group"),
        "_session": session["id"],
    }  # fmt: skip
    intent["client_secret"] = new_id(f"{intent['id']}_secret_", 25)
    emit(world, "payment_intent.created", world.store.save(intent))
    return intent


def ask_for_authentication(world: World, intent: Obj, url: str) -> None:
    intent |= {
        "status": "requires_action",
        "last_payment_error": None,
        "next_action": {
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": None, "url": url},
        },
    }
    emit(world, "payment_intent.requires_action", world.store.save(intent))


def succeed(world: World, intent: Obj, charge: Obj) -> None:
    intent |= {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": charge["payment_method"],
        "status": "succeeded",
    }
    emit(world, "payment_intent.succeeded", world.store.save(intent))


def decline(world: World, intent: Obj, charge: Obj, card: Card) -> None:
    assert card.code is not None
    _fail(world, intent, card, card.code, card.message, charge=charge)


def fail_authentication(world: World, intent: Obj, card: Card) -> None:
    _fail(world, intent, card, *AUTHENTICATION_FAILED, charge=None)


def _fail(
    world: World, intent: Obj, card: Card, code: str, message: str, *, charge: Obj | None
) -> None:
    error: Obj = {
        "code": code,
        "doc_url": "https://stripe.com/docs/error-codes/" + code.replace("_", "-"),
        "message": message,
        "payment_method": _payment_method(world, card, charge),
        "type": "card_error" if charge else "invalid_request_error",
    }
    if charge is not None:
        error["charge"] = charge["id"]
        intent["latest_charge"] = charge["id"]
    if card.decline_code:
        error["decline_code"] = card.decline_code
    intent |= {
        "status": "requires_payment_method",
        "next_action": None,
        "last_payment_error": error,
    }
    emit(world, "payment_intent.payment_failed", world.store.save(intent))


def _payment_method(world: World, card: Card, charge: Obj | None) -> Obj:
    return {
        "id": charge["payment_method"] if charge else new_id("pm_"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": no_billing_details(),
        "card": {
            "brand": card.brand,
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": None,
            },
            "country": "US",
            "display_brand": card.brand,
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": f"sandbox{card.last4}",
            "funding": "credit",
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.network], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": world.now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def cancel_with_session(world: World, intent: Obj) -> None:
    """An expired session takes its unpaid intent with it."""
    intent |= {
        "canceled_at": world.now(),
        "cancellation_reason": "expired",
        "next_action": None,
        "status": "canceled",
    }
    emit(world, "payment_intent.canceled", world.store.save(intent))


LIST: Spec = listing(customer=text)


def list_intents(world: World, call: Call) -> Obj:
    return page_of(world, call, "payment_intent", "/v1/payment_intents", customer="customer")


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, "payment_intent", call.ids["id"])


UPDATE: Spec = {"metadata": metadata, "description": up_to(1000)}


def update(world: World, call: Call) -> Obj:
    intent = retrieve(world, call)
    if "description" in call.params:
        intent["description"] = call.params["description"]
    intent["metadata"] = merged_metadata(intent["metadata"], call.params.get("metadata"))
    return world.store.save(intent)


CANCEL: Spec = {
    "cancellation_reason": one_of("abandoned", "duplicate", "fraudulent", "requested_by_customer")
}


def cancel(world: World, call: Call) -> Obj:
    """Never allowed here, as every intent belongs to a session: expire that instead."""
    intent = retrieve(world, call)
    if intent["status"] in ("succeeded", "canceled"):
        raise StripeError(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
            payment_intent={k: v for k, v in intent.items() if not k.startswith("_")},
        )
    raise StripeError(
        "You cannot cancel this PaymentIntent because it was created by a Checkout Session."
        " Expire the Checkout Session instead."
    )
