"""Events, to be read again: v1 snapshots and v2 thin ones, for thirty days."""

from __future__ import annotations

import json
from typing import Any

from stripe_sandbox.errors import no_such
from stripe_sandbox.lists import COLUMN_OPERATORS as OPERATORS
from stripe_sandbox.lists import listing, page_of, page_of_v2, page_size
from stripe_sandbox.objects.balance import found
from stripe_sandbox.params import Spec, boolean, iso_range, strings, text
from stripe_sandbox.store import Obj
from stripe_sandbox.world import Call, World

KEPT = 30 * 86_400

LIST: Spec = listing(type=text, types=strings, delivery_success=boolean)
UNDELIVERED = "id IN (SELECT event FROM deliveries WHERE state != 'delivered') = ?"
OF_TYPES = "json_extract(body, '$.type') IN (SELECT value FROM json_each(?))"


def list_events(world: World, call: Call) -> Obj:
    oldest = world.now() - KEPT
    created = call.params.setdefault("created", {})
    created["gte"] = max(created.get("gte", oldest), oldest)
    and_also: list[tuple[str, Any]] = []
    if "types" in call.params:
        and_also.append((OF_TYPES, json.dumps(call.params["types"])))
    if "delivery_success" in call.params:
        and_also.append((UNDELIVERED, not call.params["delivery_success"]))
    return page_of(world, call, "event", "/v1/events", type="type", and_also=tuple(and_also))


def retrieve(world: World, call: Call) -> Obj:
    event = found(world, call, "event", call.ids["id"])
    if event["created"] < world.now() - KEPT:
        raise no_such("event", event["id"])
    return event


LIST_V2: Spec = {
    "created": iso_range,
    "limit": page_size,
    "object_id": text,
    "page": text,
    "types": strings,
}


def list_thin(world: World, call: Call) -> Obj:
    where = {}
    if call.params.get("object_id"):
        where["related_object.id"] = call.params["object_id"]
    and_also: list[tuple[str, Any]] = []
    if "types" in call.params:
        and_also.append((OF_TYPES, json.dumps(call.params["types"])))
    for operator, moment in call.params.get("created", {}).items():
        and_also.append((f"json_extract(body, '$.created') {OPERATORS[operator]} ?", moment))
    return page_of_v2(world, call, "v2.core.event", tuple(and_also), **where)


def retrieve_thin(world: World, call: Call) -> Obj:
    return found(world, call, "v2.core.event", call.ids["id"])
