"""Checkout sessions: what is to be paid, and the hosted page where it is paid."""

from __future__ import annotations

from stripe_sandbox.errors import StripeError, invalid_parameter, missing_parameter
from stripe_sandbox.events import emit
from stripe_sandbox.instruments import types_for
from stripe_sandbox.lists import listing, page_of, sublist
from stripe_sandbox.money import demand_chargeable
from stripe_sandbox.objects import customers, intent_states
from stripe_sandbox.objects.balance import demand_platform, found
from stripe_sandbox.params import (
    Spec,
    boolean,
    currency,
    integer,
    items,
    merged_metadata,
    metadata,
    one_of,
    shape,
    strings,
    text,
    up_to,
    url,
)
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World, job, later

HOUR = 3600

PRICE_DATA: Spec = {
    "currency*": currency,
    "product_data*": shape({"name*": text, "description": text, "metadata": metadata}),
    "unit_amount*": integer,
}
CREATE: Spec = {
    "mode*": one_of("payment"),
    "line_items*": items({"price_data*": shape(PRICE_DATA), "quantity*": integer}),
    "success_url*": url,
    "cancel_url": url,
    "client_reference_id": up_to(200),
    "customer": text,
    "customer_creation": one_of("always", "if_required"),
    "customer_email": text,
    "currency": currency,
    "expires_at": integer,
    "locale": text,
    "metadata": metadata,
    "payment_intent_data": shape(
        {
            "description": up_to(1000),
            "metadata": metadata,
            "receipt_email": text,
            "setup_future_usage": one_of("off_session", "on_session"),
            "statement_descriptor_suffix": up_to(22),
            "transfer_group": text,
        }
    ),
    "submit_type": one_of("auto", "book", "donate", "pay"),
    "ui_mode": one_of("hosted_page"),
    "adaptive_pricing": shape({"enabled": boolean}),
    "allowed_payment_method_types": strings,
}

# fmt: off
NULL = dict.fromkeys((
    "after_expiration", "allow_promotion_codes", "billing_address_collection", "client_secret",
    "collected_information", "consent", "consent_collection", "currency_conversion",
    "customer_account", "integration_identifier", "invoice", "managed_payments",
    "origin_context", "payment_intent", "payment_link", "payment_method_configuration_details",
    "permissions", "recovered_from", "saved_payment_method_options", "setup_intent",
    "shipping_address_collection", "shipping_cost", "subscription", "wallet_options",
))
# fmt: on


def create(world: World, call: Call) -> Obj:
    p = call.params
    now = world.now()
    lines = _lines(world, p)
    unit, total = lines[0]["currency"], sum(line["amount_total"] for line in lines)
    expires_at = p.get("expires_at", now + 24 * HOUR)
    _check(world, call, unit, total, expires_at)
    id = new_id("cs_test_a1", 56)
    session = {
        "id": id,
        "object": "checkout.session",
        **NULL,
        "adaptive_pricing": {"enabled": False},
        "allowed_payment_method_types": p.get("allowed_payment_method_types"),
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": p.get("cancel_url"),
        "client_reference_id": p.get("client_reference_id"),
        "created": now,
        "currency": unit,
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        ),
        "customer": p.get("customer"),
        "customer_creation": p.get("customer_creation", "if_required"),
        "customer_details": None,
        "customer_email": p.get("customer_email"),
        "discounts": [],
        "expires_at": expires_at,
        "invoice_creation": None,
        "livemode": False,
        "locale": p.get("locale"),
        "metadata": merged_metadata({}, p.get("metadata")),
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": types_for(unit, p.get("allowed_payment_method_types")),
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "submit_type": p.get("submit_type"),
        "success_url": p["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{world.settings.base_url}/pay/{id}",
        "_line_items": lines,
        "_payment_intent_data": p.get("payment_intent_data", {}),
        "_account": call.account,
    }
    later(world, "checkout.expire", expires_at - now, session_id=id)
    return world.store.save(session)


def _check(world: World, call: Call, unit: str, total: int, expires_at: int) -> None:
    now = world.now()
    demand_platform(call)
    if not now + HOUR // 2 - 60 <= expires_at <= now + 24 * HOUR + 60:
        raise invalid_parameter(
            "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from"
            " Checkout Session creation.",
            "expires_at",
        )
    demand_chargeable(total, unit, what="Checkout Session's total amount", param="line_items")
    if call.params.get("customer"):
        customers.demand(world, call, call.params["customer"])
    if not types_for(unit, call.params.get("allowed_payment_method_types")):
        raise invalid_parameter(
            f"No payment method type can be used for this payment in {unit}.",
            "allowed_payment_method_types",
        )


def _lines(world: World, p: Obj) -> list[Obj]:
    if not p["line_items"]:
        raise missing_parameter("line_items")
    lines = []
    for place, item in enumerate(p["line_items"]):
        price = item["price_data"]
        if item["quantity"] < 1 or price["unit_amount"] < 0:
            raise invalid_parameter(
                "This value must be greater than or equal to 1.", f"line_items[{place}][quantity]"
            )
        lines.append(_line(world, price, item["quantity"]))
    if len({line["currency"] for line in lines} | {p.get("currency", lines[0]["currency"])}) > 1:
        raise invalid_parameter("All line items must have the same currency.", "line_items")
    return lines


def _line(world: World, price: Obj, quantity: int) -> Obj:
    total, unit = price["unit_amount"] * quantity, price["currency"]
    return {
        "id": new_id("li_"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": unit,
        "description": price["product_data"]["name"],
        "metadata": {},
        "price": {
            "id": new_id("price_"),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": world.now(),
            "currency": unit,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": new_id("prod_", 14),
            "recurring": None,
            "tax_behavior": "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": price["unit_amount"],
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": quantity,
    }


# -- ending ---------------------------------------------------------------


@job("checkout.expire")
def expire_when_due(world: World, *, session_id: str) -> None:
    session = world.store.get(session_id)
    if session and session["status"] == "open":
        _expire(world, session)


def expire(world: World, call: Call) -> Obj:
    session = retrieve(world, call)
    if session["status"] != "open":
        raise StripeError(
            f"Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout"
            f" Session has a status of `{session['status']}`.",
            param="session",
        )  # fmt: skip
    return _expire(world, session)


def _expire(world: World, session: Obj) -> Obj:
    session |= {"status": "expired", "url": None}
    world.store.save(session)
    if session["payment_intent"]:
        intent = world.store.get(session["payment_intent"])
        assert intent is not None
        intent_states.cancel(world, intent, "expired")
    emit(world, "checkout.session.expired", session)
    return session


# -- reading --------------------------------------------------------------

LIST: Spec = listing(
    customer=text, payment_intent=text, status=one_of("open", "complete", "expired")
)


def list_sessions(world: World, call: Call) -> Obj:
    return page_of(
        world,
        call,
        "checkout.session",
        "/v1/checkout/sessions",
        customer="customer",
        payment_intent="payment_intent",
        status="status",
    )


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, "checkout.session", call.ids["id"], noun="checkout.session")


def list_line_items(world: World, call: Call) -> Obj:
    session = retrieve(world, call)
    return sublist(session["_line_items"], f"/v1/checkout/sessions/{session['id']}/line_items")
