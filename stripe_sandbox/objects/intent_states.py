"""The states of a payment intent, each with its event. Who decides on them is ``paying``."""

from __future__ import annotations

from typing import Any

from stripe_sandbox.errors import AttemptRefused, StripeError
from stripe_sandbox.events import emit
from stripe_sandbox.instruments import types_for
from stripe_sandbox.params import merged_metadata
from stripe_sandbox.render import rendered
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import World

# fmt: off
NULL = dict.fromkeys((
    "allowed_payment_method_types", "application", "application_fee_amount",
    "automatic_payment_methods", "canceled_at", "cancellation_reason", "customer",
    "customer_account", "description", "excluded_payment_method_types", "last_payment_error",
    "latest_charge", "managed_payments", "next_action", "on_behalf_of", "payment_method",
    "payment_method_configuration_details", "payment_record", "processing", "receipt_email",
    "review", "setup_future_usage", "shipping", "source", "statement_descriptor",
    "statement_descriptor_suffix", "transfer_data", "transfer_group",
))
COPIED = (
    "allowed_payment_method_types", "automatic_payment_methods", "customer", "description",
    "receipt_email", "setup_future_usage", "statement_descriptor", "statement_descriptor_suffix",
    "transfer_group",
)
# fmt: on
NOUN = {"payment_intent": "PaymentIntent", "setup_intent": "SetupIntent"}
UNPAID = ("requires_payment_method", "requires_confirmation", "requires_action")
AUTHENTICATION_FAILED = (
    "We are unable to authenticate your payment method. Please choose a different payment method"
    " and try again."
)


def create(world: World, p: Obj, **ours: str) -> Obj:
    """An intent of these parameters; keys of ours begin with a line."""
    id = new_id("pi_")
    intent = {
        "id": id,
        "object": "payment_intent",
        **NULL,
        **{name: p.get(name) for name in COPIED},
        "amount": p["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": p.get("capture_method", "automatic_async"),
        "client_secret": new_id(f"{id}_secret_", 25),
        "confirmation_method": p.get("confirmation_method", "automatic"),
        "created": world.now(),
        "currency": p["currency"],
        "livemode": False,
        "metadata": merged_metadata({}, p.get("metadata")),
        "payment_method_options": {"card": {"installments": None, "mandate_options": None,
            "network": None, "request_three_d_secure": "automatic"}},
        "payment_method_types": types_for(p["currency"], p.get("allowed_payment_method_types")),
        "status": "requires_payment_method",
        **ours,
    }  # fmt: skip
    emit(world, "payment_intent.created", world.store.save(intent))
    return intent


def ask_for_authentication(
    world: World, intent: Obj, *, page: str, return_url: str | None = None
) -> None:
    intent |= {
        "status": "requires_action",
        "last_payment_error": None,
        "next_action": redirect_to(page, return_url),
    }
    emit(world, "payment_intent.requires_action", world.store.save(intent))


def redirect_to(page: str, return_url: str | None) -> Obj:
    return {
        "type": "redirect_to_url",
        "redirect_to_url": {"return_url": return_url, "url": page},
    }


def await_confirmation(world: World, intent: Obj) -> None:
    intent |= {"next_action": None, "status": "requires_confirmation"}
    world.store.save(intent)


def _attempted(intent: Obj, charge: Obj) -> None:
    intent |= {
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": charge["payment_method"],
    }


def process(world: World, intent: Obj, charge: Obj) -> None:
    _attempted(intent, charge)
    intent["status"] = "processing"
    emit(world, "payment_intent.processing", world.store.save(intent))


def authorize(world: World, intent: Obj, charge: Obj) -> None:
    _attempted(intent, charge)
    intent |= {"amount_capturable": charge["amount"], "status": "requires_capture"}
    emit(world, "payment_intent.amount_capturable_updated", world.store.save(intent))


def succeed(world: World, intent: Obj, charge: Obj) -> None:
    _attempted(intent, charge)
    intent |= {
        "amount_capturable": 0,
        "amount_received": charge["amount_captured"],
        "status": "succeeded",
    }
    emit(world, "payment_intent.succeeded", world.store.save(intent))


def decline(world: World, intent: Obj, method: Obj, charge: Obj, refusal: Obj) -> None:
    error = error_of(world, refusal, method) | {"charge": charge["id"], "type": "card_error"}
    intent["latest_charge"] = charge["id"]
    _fail(world, intent, error)


def fail_authentication(world: World, intent: Obj, method: Obj) -> None:
    refusal = {
        "code": "payment_intent_authentication_failure",
        "message": AUTHENTICATION_FAILED,
    }
    error = error_of(world, refusal, method) | {"type": "invalid_request_error"}
    _fail(world, intent, error)


def _fail(world: World, intent: Obj, error: Obj) -> None:
    intent |= {
        "last_payment_error": error,
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    emit(world, "payment_intent.payment_failed", world.store.save(intent))


def error_of(world: World, refusal: Obj, method: Obj) -> Obj:
    """What an intent remembers of a refused attempt, but for its type."""
    code = refusal["code"]
    error = {
        "code": code,
        "doc_url": "https://stripe.com/docs/error-codes/" + code.replace("_", "-"),
        "message": refusal["message"],
        "payment_method": rendered(world, method),
    }
    if refusal.get("decline_code"):
        error["decline_code"] = refusal["decline_code"]
    return error


def cancel(world: World, intent: Obj, reason: str | None) -> None:
    intent |= {
        "amount_capturable": 0,
        "canceled_at": world.now(),
        "cancellation_reason": reason,
        "next_action": None,
        "status": "canceled",
    }
    emit(world, "payment_intent.canceled", world.store.save(intent))


# -- what is said of them -------------------------------------------------


def refused(world: World, intent: Obj, key: str = "payment_intent") -> AttemptRefused:
    """The answer to a confirmation that came to nothing: the last error, and the intent."""
    error = intent["last_payment_error" if key == "payment_intent" else "last_setup_error"]
    told = {
        name: error[name] for name in ("charge", "decline_code", "payment_method") if name in error
    }
    return AttemptRefused(
        error["message"], code=error["code"], **told, **{key: rendered(world, intent)}
    )


def demand_state(world: World, intent: Obj, what: str, *allowed: str) -> None:
    """Refuse to do ``what`` in another state than these."""
    if intent["status"] not in allowed:
        raise _unexpected_state(
            world,
            intent,
            f"You cannot {what} this {NOUN[intent['object']]} because it has a status of"
            f" {intent['status']}. Its status must be one of: {', '.join(allowed)}.",
        )


def demand_method(world: World, intent: Obj) -> None:
    if intent["payment_method"] is None:
        noun = NOUN[intent["object"]]
        raise _unexpected_state(
            world,
            intent,
            f"You cannot confirm this {noun} because it's missing a payment method. You can either"
            f" update the {noun} with a payment method and then confirm it again, or confirm it"
            " again directly with a payment method.",
        )


def _unexpected_state(world: World, intent: Obj, message: str) -> StripeError:
    kind = intent["object"]
    about: dict[str, Any] = {kind: rendered(world, intent)}
    return StripeError(message, code=f"{kind}_unexpected_state", **about)
