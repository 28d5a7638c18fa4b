"""Customers: who pays. Kept only because sessions and charges may name one."""

from __future__ import annotations

from stripe_sandbox.events import emit
from stripe_sandbox.objects.balance import found
from stripe_sandbox.params import Spec, merged_metadata, metadata, text, up_to
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World

CREATE: Spec = {
    "description": text,
    "email": up_to(512),
    "metadata": metadata,
    "name": up_to(256),
    "phone": up_to(20),
}


def create(world: World, call: Call) -> Obj:
    p = call.params
    customer = world.store.save(
        {
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
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
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
    )
    emit(world, "customer.created", customer)
    return customer


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, "customer", call.ids["id"])


def update(world: World, call: Call) -> Obj:
    customer = retrieve(world, call)
    change = {**call.params}
    change["metadata"] = merged_metadata(customer["metadata"], change.pop("metadata", None))
    before = {name: customer[name] for name, value in change.items() if customer[name] != value}
    world.store.save(customer | change)
    emit(world, "customer.updated", customer | change, before=before)
    return customer | change
