"""Who is told of events: the endpoints of v1 and the destinations of v2, each with its secrets."""

from __future__ import annotations

from typing import Any

from stripe_sandbox.errors import StripeError, invalid_parameter
from stripe_sandbox.event_types import SNAPSHOT, THIN
from stripe_sandbox.params import Reader, strings
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import World

ENDPOINT, DESTINATION = "webhook_endpoint", "v2.core.event_destination"
CONFIGURED = "we_configured"  # what the process was started with
OURS, ACCOUNTS = "@self", "@accounts"
KNOWN = {"snapshot": SNAPSHOT, "thin": THIN}
AT_MOST = 16
LONGEST_ROLL = 86_400


def private_parts(payloads: list[str], origins: list[str], secret: str | None = None) -> Obj:
    """What an address is besides what it says: which events reach it, and how they are signed."""
    return {
        "_payloads": payloads,
        "_from": origins,
        "_secrets": [{"secret": secret or new_id("whsec_", 32), "until": None}],
    }


def event_types(known: frozenset[str]) -> Reader:
    def reader(value: Any, name: str) -> list[str]:
        found = strings(value, name)
        for place, one in enumerate(found):
            if one != "*" and one not in known:
                raise invalid_parameter(
                    f"Invalid {name}[{place}]: {one} is no type of event that can be sent here.",
                    f"{name}[{place}]",
                )
        if not found:
            raise invalid_parameter("At least one type of event must be named.", name)
        return found

    return reader


def make_room(world: World) -> None:
    """An account has so many addresses and no more. Raises StripeError."""
    if len(everyone(world)) >= AT_MOST:
        raise StripeError(f"You have reached the maximum of {AT_MOST} test webhook endpoints.")


def configure(world: World) -> None:
    """The address that the process is started with is the first endpoint, and takes every event.

    Started again with the same secret, it is what it was meanwhile made to be.
    """
    known, settings = world.store.get(CONFIGURED), world.settings
    if not settings.webhook_url:
        world.store.remove(CONFIGURED)
        return
    if known is None or known["_told"] != settings.webhook_secret:
        known = {
            "id": CONFIGURED,
            "object": ENDPOINT,
            "api_version": None,
            "application": None,
            "created": world.now(),
            "description": "The address that the sandbox was started with",
            "enabled_events": ["*"],
            "livemode": False,
            "metadata": {},
            "status": "enabled",
            **private_parts(["snapshot", "thin"], [OURS, ACCOUNTS], settings.webhook_secret),
            "_told": settings.webhook_secret,
        }
    world.store.save(known | {"url": settings.webhook_url})


def everyone(world: World) -> list[Obj]:
    """All addresses, the first one first."""
    return [
        address
        for kind in (ENDPOINT, DESTINATION)
        for address in world.store.find(kind, newest_first=False)
    ]


def takers_of(world: World, event: Obj) -> list[str]:
    """The addresses, by id, that an event goes to."""
    thin = event["object"] != "event"
    payload, origin = ("thin", ACCOUNTS) if thin else ("snapshot", OURS)
    if event.get("_account"):
        origin = ACCOUNTS
    return [
        address["id"]
        for address in everyone(world)
        if address["status"] == "enabled"
        and payload in address["_payloads"]
        and origin in address["_from"]
        and not {"*", event["type"]}.isdisjoint(address["enabled_events"])
    ]


def url_of(address: Obj) -> str:
    return address["url"] if address["object"] == ENDPOINT else address["_url"]


def secrets_of(world: World, address: Obj) -> list[str]:
    """What signs now: the newest first, and the one before it as long as it is being rolled."""
    now = world.now()
    return [
        one["secret"] for one in address["_secrets"] if one["until"] is None or now < one["until"]
    ]


def roll(world: World, address: Obj, *, keep_seconds: int) -> Obj:
    """A new secret. The old one signs beside it for ``keep_seconds`` of sandbox time."""
    if not 0 <= keep_seconds <= LONGEST_ROLL:
        raise StripeError(f"The old secret is kept for 0 to {LONGEST_ROLL} seconds.")
    until, secret = world.now() + keep_seconds, new_id("whsec_", 32)
    old = [one | {"until": min(one["until"] or until, until)} for one in address["_secrets"][:1]]
    address["_secrets"] = [{"secret": secret, "until": None}, *old]
    world.store.save(address)
    return {"id": address["id"], "secret": secret, "previous_until": until}
