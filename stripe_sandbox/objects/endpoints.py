"""Webhook endpoints of v1: addresses that are sent snapshots of what happened."""

from __future__ import annotations

from stripe_sandbox import API_VERSION
from stripe_sandbox.addresses import ACCOUNTS, ENDPOINT, OURS, event_types, make_room, private_parts
from stripe_sandbox.errors import StripeError
from stripe_sandbox.event_types import SNAPSHOT
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.objects.balance import found
from stripe_sandbox.params import Spec, boolean, merged_metadata, metadata, one_of, text, url
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World

CHANGEABLE: Spec = {
    "description": text,
    "metadata": metadata,
}
CREATE: Spec = {
    **CHANGEABLE,
    "api_version": one_of(API_VERSION),
    "connect": boolean,
    "enabled_events*": event_types(SNAPSHOT),
    "url*": url,
}
UPDATE: Spec = {
    **CHANGEABLE,
    "disabled": boolean,
    "enabled_events": event_types(SNAPSHOT),
    "url": url,
}
LIST: Spec = {name: reader for name, reader in listing().items() if name != "created"}


def create(world: World, call: Call) -> Obj:
    """The only answer that says its secret."""
    p = call.params
    if call.account:
        raise StripeError("This sandbox keeps webhook endpoints of the platform only.")
    make_room(world)
    endpoint = world.store.save(
        {
            "id": new_id("we_"),
            "object": ENDPOINT,
            "api_version": p.get("api_version"),
            "application": None,
            "created": world.now(),
            "description": p.get("description"),
            "enabled_events": p["enabled_events"],
            "livemode": False,
            "metadata": merged_metadata({}, p.get("metadata")),
            "status": "enabled",
            "url": p["url"],
            **private_parts(["snapshot"], [ACCOUNTS if p.get("connect") else OURS]),
        }
    )
    return endpoint | {"secret": endpoint["_secrets"][0]["secret"]}


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, ENDPOINT, call.ids["id"], noun="webhook endpoint")


def update(world: World, call: Call) -> Obj:
    endpoint, change = retrieve(world, call), {**call.params}
    change["metadata"] = merged_metadata(endpoint["metadata"], change.pop("metadata", None))
    if "disabled" in change:
        change["status"] = "disabled" if change.pop("disabled") else "enabled"
    return world.store.save(endpoint | change)


def delete(world: World, call: Call) -> Obj:
    endpoint = retrieve(world, call)
    world.store.remove(endpoint["id"])
    return {"id": endpoint["id"], "object": ENDPOINT, "deleted": True}


def list_endpoints(world: World, call: Call) -> Obj:
    return page_of(world, call, ENDPOINT, "/v1/webhook_endpoints")
