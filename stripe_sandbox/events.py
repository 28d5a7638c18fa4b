"""Telling the world: snapshot events of v1, thin events of v2, each with its delivery."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from stripe_sandbox import API_VERSION
from stripe_sandbox.addresses import takers_of
from stripe_sandbox.faults import Fault
from stripe_sandbox.render import rendered
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import World


def iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def emit(world: World, type: str, obj: Obj, *, before: Obj | None = None) -> Obj:
    """A v1 event with the object as it is now. ``before`` holds what changed."""
    account = obj.get("_account", "")
    data: Obj = {"object": rendered(world, obj)}
    if before is not None:
        data["previous_attributes"] = before
    event: Obj = {
        "id": new_id("evt_"),
        "object": "event",
        "api_version": API_VERSION,
        "created": world.now(),
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {
            "id": world.call.request_id if world.call else None,
            "idempotency_key": world.call.key if world.call else None,
        },
        "type": type,
        "_account": account,
    }
    if account:
        event["account"] = account
    takers = takers_of(world, event)
    world.store.save(event)
    _post(world, event, rendered(world, event) | {"pending_webhooks": len(takers)}, takers)
    return event


def differences(before: Obj, now: Obj) -> Obj:
    """What ``before`` says otherwise than ``now``, as previous_attributes say it."""
    told: Obj = {}
    for name, old in before.items():
        new = now.get(name)
        if name.startswith("_"):
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            if old != new:
                told[name] = differences(dict.fromkeys(new) | old, new)
        elif old != new:
            told[name] = old
    return told


def emit_thin(
    world: World,
    type: str,
    id: str,
    data: Obj | None = None,
    *,
    about: str = "v2.core.account",
    only_to: str | None = None,
) -> Obj:
    """A v2 event: the letter names the object that it is about, the facts are fetched."""
    event: Obj = {
        "id": new_id("evt_test_", 40),
        "object": "v2.core.event",
        "type": type,
        "livemode": False,
        "created": iso(world.now()),
        "_created": world.now(),
        "context": None,
        "reason": _reason(world),
        "snapshot_event": None,
        "related_object": {
            "id": id,
            "type": about,
            "url": f"/{about.replace('.', '/')}s/{id}",
        },
        "changes": None,
    }
    if data is not None:
        event["data"] = data
    world.store.save(event)
    letter = rendered(world, event)
    for fetched_later in ("data", "changes", "snapshot_event"):
        letter.pop(fetched_later, None)
    _post(world, event, letter, [only_to] if only_to else takers_of(world, event))
    return event


def _reason(world: World) -> Obj | None:
    if world.call is None or not world.call.key:
        return None
    return {
        "type": "request",
        "request": {"id": world.call.request_id, "idempotency_key": world.call.key},
    }


def _post(world: World, event: Obj, letter: Obj, takers: list[str]) -> None:
    """Put a letter to each taker in the box, with whatever is to go wrong on the way."""
    if not takers:
        return
    fault = world.faults.for_event(event["type"])
    if fault is None and world.call is not None and world.call.fault:
        fault = Fault(world.call.fault)
    name = fault.fault if fault else None
    due_at, state = time.time(), "waiting"
    if fault and name == "webhook_late":
        due_at += fault.seconds
    elif fault and name == "webhook_reorder":
        due_at += world.faults.delay(fault.seconds)
    elif name == "webhook_never":
        state = "withheld"
    body = json.dumps(letter, ensure_ascii=False)
    for taker in takers:
        _queue(world, taker, event, body, name, state, due_at)
        if name == "webhook_duplicate":
            _queue(world, taker, event, body, name, state, due_at)
        elif name == "webhook_unknown" and "id" in _subject_of(letter):
            _queue(world, taker, *_about_nobody(event, letter), None, state, due_at)


def _queue(
    world: World, taker: str, event: Obj, body: str, fault: str | None, state: str, due_at: float
) -> None:
    world.store.run(
        "INSERT INTO deliveries (endpoint, event, type, body, fault, state, due_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        taker,
        event["id"],
        event["type"],
        body,
        fault,
        state,
        due_at,
    )
    world.something_to_deliver.set()


def _subject_of(letter: Obj) -> Any:
    """What it is about: a balance has no id that could be another's."""
    return letter["related_object"] if "related_object" in letter else letter["data"]["object"]


def _about_nobody(event: Obj, letter: Obj) -> tuple[Obj, str]:
    other: Any = json.loads(json.dumps(letter))
    other["id"] = new_id("evt_")
    about = _subject_of(other)
    about["id"] = new_id(about["id"].split("_")[0] + "_")
    if "url" in about and "related_object" in other:
        about["url"] = f"{about['url'].rpartition('/')[0]}/{about['id']}"
    return {**event, "id": other["id"]}, json.dumps(other, ensure_ascii=False)
