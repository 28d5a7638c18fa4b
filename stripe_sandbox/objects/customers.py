"""Customers: who pays, and whose the kept payment methods are."""

from __future__ import annotations

from stripe_sandbox.errors import no_such
from stripe_sandbox.events import emit
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.objects.balance import demand_platform, found
from stripe_sandbox.objects.wallet import attach_to, named
from stripe_sandbox.params import Spec, merged_metadata, metadata, shape, text, up_to
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World

UPDATE: Spec = {
    "description": text,
    "email": up_to(512),
    "invoice_settings": shape({"default_payment_method": text}),
    "metadata": metadata,
    "name": up_to(256),
    "phone": up_to(20),
}
CREATE: Spec = {**UPDATE, "payment_method": text}
NO_INVOICES = dict.fromkeys(
    ("custom_fields", "default_payment_method", "footer", "rendering_options")
)


def create(world: World, call: Call) -> Obj:
    p = call.params
    customer: Obj = {
        "id": new_id("cus_", 14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": world.now(),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": p.get("description"),
        "discount": None,
        "email": p.get("email"),
        "invoice_prefix": new_id("", 8).upper(),
        "invoice_settings": NO_INVOICES,
        "livemode": False,
        "metadata": merged_metadata({}, p.get("metadata")),
        "name": p.get("name"),
        "next_invoice_sequence": 1,
        "phone": p.get("phone"),
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
        "_account": call.account,
    }
    world.store.save(customer)
    if p.get("payment_method"):
        demand_platform(call)
        attach_to(world, named(world, p["payment_method"]), customer["id"])
    _set_default(world, customer, p)
    emit(world, "customer.created", world.store.save(customer))
    return customer


def retrieve(world: World, call: Call) -> Obj:
    """Also one that is deleted, of which only that is told."""
    return found(world, call, "customer", call.ids["id"])


def demand(world: World, call: Call, id: str, *, param: str = "customer", status: int = 400) -> Obj:
    """The customer, unless it is deleted or somebody else's."""
    customer = world.store.get(id)
    if (
        customer is None
        or customer["object"] != "customer"
        or customer["_account"] != call.account
        or customer.get("deleted")
    ):
        raise no_such("customer", id, param=param, status=status)
    return customer


def update(world: World, call: Call) -> Obj:
    customer = demand(world, call, call.ids["id"], param="id", status=404)
    old = {**customer}
    _set_default(world, customer, call.params)
    plain = ("description", "email", "name", "phone")
    customer |= {name: call.params[name] for name in plain if name in call.params}
    customer["metadata"] = merged_metadata(old["metadata"], call.params.get("metadata"))
    before = {name: old[name] for name in call.params if customer[name] != old[name]}
    emit(world, "customer.updated", world.store.save(customer), before=before)
    return customer


def _set_default(world: World, customer: Obj, p: Obj) -> None:
    if "invoice_settings" not in p:
        return
    id = p["invoice_settings"].get("default_payment_method")
    if id is not None:
        param = "invoice_settings[default_payment_method]"
        if named(world, id, param=param)["customer"] != customer["id"]:
            raise no_such("PaymentMethod", id, param=param, status=400)
    customer["invoice_settings"] = NO_INVOICES | {"default_payment_method": id}


def delete(world: World, call: Call) -> Obj:
    """It is gone from the lists, and what it kept can no longer be used."""
    customer = demand(world, call, call.ids["id"], param="id", status=404)
    emit(world, "customer.deleted", customer)
    for method in world.store.find("payment_method", where={"customer": customer["id"]}):
        world.store.save(method | {"customer": None, "_used": True})
    return world.store.save(customer | {"deleted": True})


LIST: Spec = listing(email=up_to(512))


def list_customers(world: World, call: Call) -> Obj:
    there = (("json_extract(body, '$.deleted') IS ?", None),)
    return page_of(world, call, "customer", "/v1/customers", and_also=there, email="email")
