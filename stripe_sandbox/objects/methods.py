"""Payment methods: a card or a bank account, used once or kept by a customer."""

from __future__ import annotations

from stripe_sandbox.errors import (
    CardError,
    StripeError,
    invalid_parameter,
    missing_parameter,
    no_such,
)
from stripe_sandbox.events import emit
from stripe_sandbox.instruments import BANK_ACCOUNTS, Instrument, card_of, of_token
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.objects import customers
from stripe_sandbox.objects.balance import demand_platform, found
from stripe_sandbox.objects.wallet import attach_to, blank_method, named
from stripe_sandbox.params import (
    Spec,
    integer,
    merged_metadata,
    metadata,
    one_of,
    shape,
    text,
    up_to,
)
from stripe_sandbox.store import Obj
from stripe_sandbox.world import Call, World

KINDS = ("card", "us_bank_account")
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
KEPT: Spec = {
    "allow_redisplay": one_of("always", "limited", "unspecified"),
    "billing_details": shape(
        {"address": shape(dict.fromkeys(ADDRESS, text)), "email": text, "name": text, "phone": text}
    ),
    "metadata": metadata,
}
HOLDER: Spec = {
    "account_holder_type": one_of("company", "individual"),
    "account_type": one_of("checking", "savings"),
}


def year(value: object, name: str) -> int:
    """Of four digits, or of the last two."""
    number = integer(value, name)
    return 2000 + number if 0 <= number < 100 else number


EXPIRY: Spec = {"exp_month": integer, "exp_year": year}
CREATE: Spec = {
    "type*": one_of(*KINDS),
    "card": shape({"number": text, "cvc": text, "token": text, **EXPIRY}),
    "us_bank_account": shape({"account_number*": text, "routing_number*": up_to(9), **HOLDER}),
    **KEPT,
}


def create(world: World, call: Call) -> Obj:
    demand_platform(call)
    p = call.params
    details = p.get(p["type"])
    if details is None:
        raise missing_parameter(p["type"])
    if p["type"] == "card":
        instrument = _card(details)
        _check_expiry(world, details)
    else:
        instrument = _bank_account(details)
    method = blank_method(world, instrument)
    _change(method, p)
    return world.store.save(method)


def _card(details: Obj) -> Instrument:
    if (token := details.get("token")) is not None:
        instrument = of_token(token) if token.startswith("tok_") else None
        if instrument is None:
            raise no_such("token", token, param="card[token]", status=400)
        return instrument
    if not details.get("number"):
        raise missing_parameter("card[number]")
    instrument = card_of(details["number"])
    if instrument is None:
        raise CardError(
            "Your card number is incorrect. The sandbox takes its test cards only.",
            code="incorrect_number",
            param="number",
        )
    return instrument


def _bank_account(details: Obj) -> Instrument:
    instrument = BANK_ACCOUNTS.get(details["account_number"])
    if instrument is None:
        raise StripeError(
            "The account number is invalid. The sandbox takes its test accounts only.",
            code="account_number_invalid",
            param="us_bank_account[account_number]",
        )
    return instrument


def _check_expiry(world: World, details: Obj) -> None:
    month, expires = details.get("exp_month"), details.get("exp_year")
    if month is not None and not 1 <= month <= 12:
        raise CardError(
            "Your card's expiration month is invalid.",
            code="invalid_expiry_month",
            param="exp_month",
        )
    if expires is not None and not 0 <= expires - this_year(world) <= 50:
        raise CardError(
            "Your card's expiration year is invalid.", code="invalid_expiry_year", param="exp_year"
        )


def this_year(world: World) -> int:
    return 1970 + int(world.now() / 31_556_952)


# -- whose it is ----------------------------------------------------------

ATTACH: Spec = {"customer*": text}


def attach(world: World, call: Call) -> Obj:
    demand_platform(call)
    customer = customers.demand(world, call, call.params["customer"])
    method = named(world, call.ids["id"], param="id")
    return attach_to(world, method, customer["id"])


def detach(world: World, call: Call) -> Obj:
    method = retrieve(world, call)
    before = method["customer"]
    if before is None:
        raise StripeError(
            "The payment method you provided is not attached to a customer, so detachment is"
            " impossible."
        )
    method |= {"customer": None, "_used": True}
    world.store.save(method)
    emit(world, "payment_method.detached", method, before={"customer": before})
    return method


# -- reading and changing -------------------------------------------------

UPDATE: Spec = {"card": shape(EXPIRY), "us_bank_account": shape(HOLDER), **KEPT}


def update(world: World, call: Call) -> Obj:
    method, p = retrieve(world, call), call.params
    if method["customer"] is None:
        raise StripeError(
            "You must save this PaymentMethod to a customer before you can update it."
        )
    for kind in KINDS:
        if kind in p and kind != method["type"]:
            raise invalid_parameter(f"This PaymentMethod is of type {method['type']}.", kind)
    _check_expiry(world, p.get("card", {}))
    before = {name: method[name] for name in p}
    _change(method, p)
    emit(world, "payment_method.updated", world.store.save(method), before=before)
    return method


def _change(method: Obj, p: Obj) -> None:
    kind = method["type"]
    names = ({"card": EXPIRY, "us_bank_account": HOLDER}[kind]).keys()
    method[kind] = method[kind] | {n: v for n, v in p.get(kind, {}).items() if n in names}
    billing = {**p.get("billing_details", {})}
    address = method["billing_details"]["address"] | billing.pop("address", {})
    method["billing_details"] = {**method["billing_details"], **billing, "address": address}
    method["metadata"] = merged_metadata(method["metadata"], p.get("metadata"))
    if "allow_redisplay" in p:
        method["allow_redisplay"] = p["allow_redisplay"]


FILTERS = {"allow_redisplay": KEPT["allow_redisplay"], "type": one_of(*KINDS)}
OF_CUSTOMER: Spec = {k: v for k, v in listing(**FILTERS).items() if k != "created"}
LIST: Spec = {**OF_CUSTOMER, "customer": text}


def list_methods(world: World, call: Call) -> Obj:
    return _page(world, call, "/v1/payment_methods")


def list_of_customer(world: World, call: Call) -> Obj:
    customer = customers.demand(world, call, call.ids["id"], param="customer", status=404)
    call.params["customer"] = customer["id"]
    return _page(world, call, f"/v1/customers/{customer['id']}/payment_methods")


def _page(world: World, call: Call, url: str) -> Obj:
    return page_of(
        world,
        call,
        "payment_method",
        url,
        allow_redisplay="allow_redisplay",
        customer="customer",
        type="type",
    )


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, "payment_method", call.ids["id"], noun="PaymentMethod")


def retrieve_of_customer(world: World, call: Call) -> Obj:
    method = found(world, call, "payment_method", call.ids["method"], noun="PaymentMethod")
    if method["customer"] != call.ids["id"]:
        raise no_such("PaymentMethod", method["id"])
    return method
