"""Event destinations of v2: addresses that are sent snapshots, or thin events."""

from __future__ import annotations

from typing import Any

from stripe_sandbox import API_VERSION
from stripe_sandbox.addresses import (
    ACCOUNTS,
    DESTINATION,
    KNOWN,
    OURS,
    event_types,
    make_room,
    private_parts,
)
from stripe_sandbox.errors import StripeError, invalid_parameter, missing_parameter
from stripe_sandbox.events import emit_thin, iso
from stripe_sandbox.lists import page_of_v2, page_size
from stripe_sandbox.objects.balance import found
from stripe_sandbox.params import (
    Spec,
    merged_metadata,
    metadata,
    one_of,
    shape,
    strings,
    text,
    url,
)
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World

URL, SIGNING_SECRET = "webhook_endpoint.url", "webhook_endpoint.signing_secret"


def _origins(value: Any, name: str) -> list[str]:
    return [
        one_of(OURS, ACCOUNTS)(one, f"{name}[{i}]") for i, one in enumerate(strings(value, name))
    ]


def _including(*allowed: str) -> Any:
    def reader(value: Any, name: str) -> list[str]:
        wanted = strings(value, name)
        for one in wanted:
            if one not in allowed:
                raise invalid_parameter(f"Invalid include: {one}", name)
        return wanted

    return reader


WEBHOOK = shape({"url*": url})
CREATE: Spec = {
    "description": text,
    "enabled_events*": strings,
    "event_payload*": one_of("snapshot", "thin"),
    "events_from": _origins,
    "include": _including(URL, SIGNING_SECRET),
    "metadata": metadata,
    "name*": text,
    "snapshot_api_version": one_of(API_VERSION),
    "type*": one_of("webhook_endpoint"),
    "webhook_endpoint": WEBHOOK,
}
RETRIEVE: Spec = {"include": _including(URL)}
UPDATE: Spec = {
    **RETRIEVE,
    "description": text,
    "enabled_events": strings,
    "metadata": metadata,
    "name": text,
    "webhook_endpoint": WEBHOOK,
}
LIST: Spec = {**RETRIEVE, "limit": page_size, "page": text}


def create(world: World, call: Call) -> Obj:
    """The only answer that can include the signing secret."""
    p, payload = call.params, call.params["event_payload"]
    if call.account:
        raise StripeError("This sandbox keeps event destinations of the platform only.")
    if "webhook_endpoint" not in p:
        raise missing_parameter("webhook_endpoint")
    snapshots = payload == "snapshot"
    if not snapshots and "snapshot_api_version" in p:
        raise invalid_parameter("Thin events have no version.", "snapshot_api_version")
    make_room(world)
    now = world.now()
    destination: Obj = {
        "id": new_id("ed_test_", 40),
        "object": DESTINATION,
        "created": iso(now),
        "description": p.get("description") or "",
        "enabled_events": event_types(KNOWN[payload])(p["enabled_events"], "enabled_events"),
        "event_payload": payload,
        "events_from": p.get("events_from") or [OURS],
        "livemode": False,
        "metadata": merged_metadata({}, p.get("metadata")),
        "name": p["name"],
        "snapshot_api_version": API_VERSION if snapshots else None,
        "status": "enabled",
        "status_details": None,
        "type": "webhook_endpoint",
        "updated": iso(now),
        "_created": now,
        "_url": p["webhook_endpoint"]["url"],
    }
    destination |= private_parts([payload], destination["events_from"])
    return _seen(world.store.save(destination), p.get("include"))


def _seen(destination: Obj, include: list[str] | None) -> Obj:
    """Where it is, and how it signs, are null unless they are asked for."""
    wanted = set(include or ())
    webhook = {
        "signing_secret": destination["_secrets"][0]["secret"]
        if SIGNING_SECRET in wanted
        else None,
        "url": destination["_url"] if URL in wanted else None,
    }
    return destination | {"webhook_endpoint": webhook if wanted else None}


def _named(world: World, call: Call) -> Obj:
    return found(world, call, DESTINATION, call.ids["id"], noun="event destination")


def retrieve(world: World, call: Call) -> Obj:
    return _seen(_named(world, call), call.params.get("include"))


def update(world: World, call: Call) -> Obj:
    p, destination = call.params, _named(world, call)
    if "enabled_events" in p:
        known = KNOWN[destination["event_payload"]]
        destination["enabled_events"] = event_types(known)(p["enabled_events"], "enabled_events")
    if "description" in p:
        destination["description"] = p["description"] or ""
    destination["name"] = p.get("name") or destination["name"]
    destination["metadata"] = merged_metadata(destination["metadata"], p.get("metadata"))
    if "webhook_endpoint" in p:
        destination["_url"] = p["webhook_endpoint"]["url"]
    return _seen(_changed(world, destination), p.get("include"))


def _changed(world: World, destination: Obj) -> Obj:
    return world.store.save(destination | {"updated": iso(world.now())})


def disable(world: World, call: Call) -> Obj:
    why = {"disabled": {"reason": "user"}}
    off = {"status": "disabled", "status_details": why}
    return _seen(_changed(world, _named(world, call) | off), None)


def enable(world: World, call: Call) -> Obj:
    on = {"status": "enabled", "status_details": None}
    return _seen(_changed(world, _named(world, call) | on), None)


def delete(world: World, call: Call) -> Obj:
    destination = _named(world, call)
    world.store.remove(destination["id"])
    return {"id": destination["id"], "object": DESTINATION}


def ping(world: World, call: Call) -> Obj:
    """A letter to this address and no other, whatever it is enabled for."""
    id = _named(world, call)["id"]
    return emit_thin(world, "v2.core.event_destination.ping", id, about=DESTINATION, only_to=id)


def list_destinations(world: World, call: Call) -> Obj:
    page = page_of_v2(world, call, DESTINATION)
    return page | {"data": [_seen(one, call.params.get("include")) for one in page["data"]]}
