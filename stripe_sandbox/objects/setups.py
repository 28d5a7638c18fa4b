"""Setup intents: a payment method is made ready for payments to come; no money moves."""

from __future__ import annotations

from stripe_sandbox.errors import invalid_parameter
from stripe_sandbox.events import emit
from stripe_sandbox.instruments import types_for
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.objects import charges, customers, intent_states, wallet
from stripe_sandbox.objects.balance import demand_platform, found
from stripe_sandbox.objects.charges import instrument_of
from stripe_sandbox.objects.intent_states import UNPAID, demand_state, refused
from stripe_sandbox.objects.intents import AUTOMATIC
from stripe_sandbox.params import (
    Spec,
    boolean,
    merged_metadata,
    metadata,
    one_of,
    strings,
    text,
    up_to,
    url,
)
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World

UPDATE: Spec = {
    "allowed_payment_method_types": strings,
    "customer": text,
    "description": up_to(1000),
    "metadata": metadata,
    "payment_method": text,
}
CONFIRM: Spec = {"payment_method": text, "return_url": url}
CREATE: Spec = {
    **UPDATE,
    **CONFIRM,
    **AUTOMATIC,
    "confirm": boolean,
    "usage": one_of("off_session", "on_session"),
}

# fmt: off
NULL = dict.fromkeys((
    "application", "cancellation_reason", "customer_account", "excluded_payment_method_types",
    "flow_directions", "last_setup_error", "latest_attempt", "managed_payments", "mandate",
    "next_action", "on_behalf_of", "payment_method", "payment_method_configuration_details",
    "single_use_mandate",
))
# fmt: on


def create(world: World, call: Call) -> Obj:
    demand_platform(call)
    p = call.params
    if p.get("return_url") and not p.get("confirm"):
        raise invalid_parameter("`return_url` can only be used with `confirm=true`.", "return_url")
    id = new_id("seti_")
    intent: Obj = {
        "id": id,
        "object": "setup_intent",
        **NULL,
        "allowed_payment_method_types": None,
        "automatic_payment_methods": p.get("automatic_payment_methods"),
        "client_secret": new_id(f"{id}_secret_", 25),
        "created": world.now(),
        "customer": None,
        "description": None,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {"card": {"mandate_options": None, "network": None,
            "request_three_d_secure": "automatic"}},
        "payment_method_types": [],
        "status": "requires_payment_method",
        "usage": p.get("usage", "off_session"),
    }  # fmt: skip
    _set(world, call, intent)
    emit(world, "setup_intent.created", world.store.save(intent))
    return _confirm(world, intent, p) if p.get("confirm") else intent


def update(world: World, call: Call) -> Obj:
    intent = retrieve(world, call)
    if set(call.params) - {"description", "metadata"}:
        demand_state(world, intent, "update", *UNPAID)
    _set(world, call, intent)
    return world.store.save(intent)


def _set(world: World, call: Call, intent: Obj) -> None:
    p = call.params
    if p.get("customer"):
        customers.demand(world, call, p["customer"])
    for name in ("allowed_payment_method_types", "customer", "description"):
        if name in p:
            intent[name] = p[name]
    intent["metadata"] = merged_metadata(intent["metadata"], p.get("metadata"))
    intent["payment_method_types"] = types_for("usd", intent["allowed_payment_method_types"])
    if not intent["payment_method_types"]:
        raise invalid_parameter(
            "No payment method type can be set up.", "allowed_payment_method_types"
        )
    if p.get("payment_method"):
        intent["payment_method"] = _usable(world, intent, p["payment_method"])["id"]
        intent |= {"next_action": None, "status": "requires_confirmation"}


def _usable(world: World, intent: Obj, id: str) -> Obj:
    method = wallet.named(world, id)
    wallet.demand_usable(method, intent["customer"])
    if method["type"] not in intent["payment_method_types"]:
        raise invalid_parameter(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this SetupIntent.",
            "payment_method",
        )
    return method


# -- confirming -----------------------------------------------------------


def confirm(world: World, call: Call) -> Obj:
    intent = retrieve(world, call)
    demand_state(world, intent, "confirm", *UNPAID)
    _set(world, call, intent)
    return _confirm(world, intent, call.params)


def _confirm(world: World, intent: Obj, p: Obj) -> Obj:
    intent_states.demand_method(world, intent)
    method = _usable(world, intent, intent["payment_method"])
    instrument = instrument_of(method)
    _note_attempt(world, intent, method, "requires_confirmation")
    if instrument.authenticate and instrument.off_session != "allowed":
        _note(world, intent, "requires_action")
        page = f"{world.settings.base_url}/authenticate/{intent['id']}"
        intent |= {
            "last_setup_error": None,
            "next_action": intent_states.redirect_to(page, p.get("return_url")),
            "status": "requires_action",
        }
        emit(world, "setup_intent.requires_action", world.store.save(intent))
        return intent
    if instrument.kind == "card" and instrument.code is not None and not instrument.attachable:
        _fail(world, intent, method, charges.refusal_by(instrument), "card_error")
        raise refused(world, intent, "setup_intent")
    return _succeed(world, intent, method)


def finish_authentication(world: World, intent: Obj, *, passed: bool) -> str:
    """Returns "paid", as a payment does, though nothing was, or "declined"."""
    if intent["status"] != "requires_action":
        return "declined"
    method = world.store.get(intent["payment_method"])
    assert method is not None
    if passed:
        _succeed(world, intent, method)
        return "paid"
    refusal = {
        "code": "setup_intent_authentication_failure",
        "message": intent_states.AUTHENTICATION_FAILED,
    }
    _fail(world, intent, method, refusal, "invalid_request_error")
    return "declined"


def _succeed(world: World, intent: Obj, method: Obj) -> Obj:
    method |= {"_set_up": True, "_used": True}
    world.store.save(method)
    if intent["customer"]:
        wallet.keep(world, method, intent["customer"])
    _note(world, intent, "succeeded")
    intent |= {"last_setup_error": None, "next_action": None, "status": "succeeded"}
    emit(world, "setup_intent.succeeded", world.store.save(intent))
    return intent


def _fail(world: World, intent: Obj, method: Obj, refusal: Obj, type: str) -> None:
    error = intent_states.error_of(world, refusal, method) | {"type": type}
    _note(world, intent, "failed", error)
    intent |= {
        "last_setup_error": error,
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    emit(world, "setup_intent.setup_failed", world.store.save(intent))


CANCEL: Spec = {"cancellation_reason": one_of("abandoned", "duplicate", "requested_by_customer")}


def cancel(world: World, call: Call) -> Obj:
    intent = retrieve(world, call)
    demand_state(world, intent, "cancel", *UNPAID)
    if intent["status"] == "requires_action":
        _note(world, intent, "abandoned")
    intent |= {
        "cancellation_reason": call.params.get("cancellation_reason"),
        "next_action": None,
        "status": "canceled",
    }
    emit(world, "setup_intent.canceled", world.store.save(intent))
    return intent


# -- attempts -------------------------------------------------------------


def _note_attempt(world: World, intent: Obj, method: Obj, status: str) -> None:
    attempt = {
        "id": new_id("setatt_"),
        "object": "setup_attempt",
        "application": None,
        "created": world.now(),
        "customer": intent["customer"],
        "customer_account": None,
        "flow_directions": None,
        "livemode": False,
        "on_behalf_of": None,
        "payment_method": method["id"],
        "payment_method_details": {"type": method["type"], method["type"]: _details(method)},
        "setup_error": None,
        "setup_intent": intent["id"],
        "status": status,
        "usage": intent["usage"],
    }
    intent["latest_attempt"] = world.store.save(attempt)["id"]


def _details(method: Obj) -> Obj:
    if method["type"] != "card":
        return {}
    card = method["card"]
    same = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding",
            "last4", "wallet")  # fmt: skip
    return {
        **{name: card[name] for name in same},
        "network": card["networks"]["available"][0],
        "three_d_secure": None,
    }


def _note(world: World, intent: Obj, status: str, error: Obj | None = None) -> None:
    attempt = world.store.get(intent["latest_attempt"])
    assert attempt is not None
    world.store.save(attempt | {"setup_error": error, "status": status})


# -- reading --------------------------------------------------------------

LIST: Spec = listing(customer=text, payment_method=text)
LIST_ATTEMPTS: Spec = listing(**{"setup_intent*": text})


def list_setups(world: World, call: Call) -> Obj:
    return page_of(
        world,
        call,
        "setup_intent",
        "/v1/setup_intents",
        customer="customer",
        payment_method="payment_method",
    )


def list_attempts(world: World, call: Call) -> Obj:
    return page_of(world, call, "setup_attempt", "/v1/setup_attempts", setup_intent="setup_intent")


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, "setup_intent", call.ids["id"])
