"""Payment intents as a program asks for them: created, confirmed, captured, canceled."""

from __future__ import annotations

from stripe_sandbox.errors import StripeError, invalid_parameter
from stripe_sandbox.instruments import types_for
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.money import demand_chargeable, written
from stripe_sandbox.objects import customers, intent_states, paying
from stripe_sandbox.objects.balance import demand_platform, found
from stripe_sandbox.objects.intent_states import UNPAID, demand_state, refused
from stripe_sandbox.objects.wallet import demand_usable, named
from stripe_sandbox.params import (
    Spec,
    amount,
    boolean,
    currency,
    merged_metadata,
    metadata,
    one_of,
    shape,
    strings,
    text,
    up_to,
    url,
)
from stripe_sandbox.store import Obj
from stripe_sandbox.world import Call, World

CAPTURE_METHOD = one_of("automatic", "automatic_async", "manual")
FUTURE = one_of("off_session", "on_session")
CHANGED: Spec = {
    "allowed_payment_method_types": strings,
    "capture_method": CAPTURE_METHOD,
    "customer": text,
    "description": up_to(1000),
    "metadata": metadata,
    "payment_method": text,
    "receipt_email": text,
    "setup_future_usage": FUTURE,
    "statement_descriptor": up_to(22),
    "statement_descriptor_suffix": up_to(22),
    "transfer_group": text,
}
CONFIRM: Spec = {
    "allowed_payment_method_types": strings,
    "capture_method": CAPTURE_METHOD,
    "error_on_requires_action": boolean,
    "off_session": boolean,
    "payment_method": text,
    "receipt_email": text,
    "return_url": url,
    "setup_future_usage": FUTURE,
}
AUTOMATIC: Spec = {
    "automatic_payment_methods": shape(
        {"enabled*": boolean, "allow_redirects": one_of("always", "never")}
    )
}
CREATE: Spec = {
    **CHANGED,
    **CONFIRM,
    **AUTOMATIC,
    "amount*": amount,
    "confirm": boolean,
    "confirmation_method": one_of("automatic", "manual"),
    "currency*": currency,
}
# What may still be changed when the money is under way, or was taken.
ALWAYS = {"description", "metadata", "receipt_email"}


def create(world: World, call: Call) -> Obj:
    demand_platform(call)
    p = call.params
    demand_chargeable(p["amount"], p["currency"], what="amount", param="amount")
    if not p.get("confirm"):
        for name in ("error_on_requires_action", "off_session", "return_url"):
            if p.get(name):
                raise invalid_parameter(f"`{name}` can only be used with `confirm=true`.", name)
    if p.get("customer"):
        customers.demand(world, call, p["customer"])
    intent = intent_states.create(world, p)
    _demand_a_way_to_pay(intent)
    _choose(world, intent, p)
    return _confirm(world, intent, p) if p.get("confirm") else intent


def _demand_a_way_to_pay(intent: Obj) -> None:
    if not intent["payment_method_types"]:
        raise invalid_parameter(
            f"No payment method type can be used for this payment in {intent['currency']}.",
            "allowed_payment_method_types",
        )


def _choose(world: World, intent: Obj, p: Obj) -> None:
    """Take the method that is named, if it is one that can pay this."""
    if p.get("payment_method"):
        intent["payment_method"] = _usable(world, intent, p["payment_method"])["id"]
    if intent["payment_method"]:
        intent_states.await_confirmation(world, intent)


def _usable(world: World, intent: Obj, id: str) -> Obj:
    method = named(world, id)
    demand_usable(method, intent["customer"])
    if method["type"] not in intent["payment_method_types"]:
        raise StripeError(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent."
            f" Allowed here are: {', '.join(intent['payment_method_types'])}.",
            code="payment_intent_incompatible_payment_method",
            param="payment_method",
        )
    return method


# -- confirming -----------------------------------------------------------


def confirm(world: World, call: Call) -> Obj:
    intent, p = retrieve(world, call), call.params
    demand_state(world, intent, "confirm", *UNPAID)
    _demand_no_session(intent, "confirm", "It is paid at the session's page.")
    _set(world, intent, p)
    _choose(world, intent, p)
    return _confirm(world, intent, p)


def _confirm(world: World, intent: Obj, p: Obj) -> Obj:
    intent_states.demand_method(world, intent)
    method = _usable(world, intent, intent["payment_method"])
    outcome = paying.attempt(
        world,
        intent,
        method,
        page=f"{world.settings.base_url}/authenticate/{intent['id']}",
        return_url=p.get("return_url"),
        off_session=p.get("off_session", False),
        may_ask=not p.get("error_on_requires_action", False),
    )
    if outcome == "declined":
        raise refused(world, intent)
    return intent


# -- capturing and canceling ----------------------------------------------

CAPTURE: Spec = {
    "amount_to_capture": amount,
    "metadata": metadata,
    "statement_descriptor": up_to(22),
    "statement_descriptor_suffix": up_to(22),
}


def capture(world: World, call: Call) -> Obj:
    intent, p = retrieve(world, call), call.params
    demand_state(world, intent, "capture", "requires_capture")
    held, unit = intent["amount_capturable"], intent["currency"]
    wanted = p.pop("amount_to_capture", held)
    if wanted > held:
        raise StripeError(
            f"The amount_to_capture ({written(wanted, unit)}) is greater than the capturable amount"
            f" ({written(held, unit)}).",
            code="amount_too_large",
            param="amount_to_capture",
        )
    _set(world, intent, p)
    paying.capture(world, intent, wanted)
    return intent


CANCEL: Spec = {
    "cancellation_reason": one_of("abandoned", "duplicate", "fraudulent", "requested_by_customer")
}


def cancel(world: World, call: Call) -> Obj:
    intent = retrieve(world, call)
    demand_state(world, intent, "cancel", *UNPAID, "requires_capture")
    session = world.store.get(intent.get("_session", ""))
    if session is not None and session["status"] == "open":
        _demand_no_session(intent, "cancel", "Expire the Checkout Session instead.")
    paying.cancel(world, intent, call.params.get("cancellation_reason"))
    return intent


def _demand_no_session(intent: Obj, what: str, instead: str) -> None:
    if "_session" in intent:
        raise StripeError(
            f"You cannot {what} this PaymentIntent because it was created by a Checkout Session."
            f" {instead}"
        )


# -- changing and reading -------------------------------------------------

UPDATE: Spec = {**CHANGED, "amount": amount, "currency": currency}


def update(world: World, call: Call) -> Obj:
    intent, p = retrieve(world, call), call.params
    touches_the_payment = bool(set(p) - ALWAYS)
    if touches_the_payment:
        demand_state(world, intent, "update", *UNPAID)
        _demand_no_session(intent, "update", "Its session says what is paid.")
    if p.get("customer"):
        customers.demand(world, call, p["customer"])
    _set(world, intent, p)
    if touches_the_payment:
        demand_chargeable(intent["amount"], intent["currency"], what="amount", param="amount")
        _choose(world, intent, p)
    return world.store.save(intent)


def _set(world: World, intent: Obj, p: Obj) -> None:
    plain = (UPDATE.keys() | CONFIRM.keys()) - {"metadata", "payment_method"}
    intent |= {name: p[name] for name in plain & p.keys() & intent.keys()}
    intent["metadata"] = merged_metadata(intent["metadata"], p.get("metadata"))
    intent["payment_method_types"] = types_for(
        intent["currency"], intent["allowed_payment_method_types"]
    )
    _demand_a_way_to_pay(intent)


LIST: Spec = listing(customer=text)


def list_intents(world: World, call: Call) -> Obj:
    return page_of(world, call, "payment_intent", "/v1/payment_intents", customer="customer")


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, "payment_intent", call.ids["id"])
