"""An object as the world sees it: private keys gone, what time changes filled in, ids expanded."""

from __future__ import annotations

from typing import Any

from stripe_sandbox.errors import StripeError
from stripe_sandbox.lists import sublist
from stripe_sandbox.store import Obj
from stripe_sandbox.world import World

EXPANDABLE = {
    "charge": {
        "balance_transaction", "customer", "failure_balance_transaction", "payment_intent",
        "refunds", "source_transfer",
    },
    "payment_intent": {"customer", "latest_charge", "payment_method"},
    "payment_method": {"customer"},
    "setup_intent": {"customer", "latest_attempt", "payment_method"},
    "setup_attempt": {"customer", "payment_method", "setup_intent"},
    "checkout.session": {"customer", "payment_intent", "line_items"},
    "refund": {
        "balance_transaction", "charge", "customer", "failure_balance_transaction",
        "payment_intent", "payment_method", "source_transfer_reversal", "transfer_reversal",
    },
    "transfer": {
        "balance_transaction", "destination", "destination_payment", "reversals",
        "source_transaction",
    },
    "transfer_reversal": {
        "balance_transaction", "destination_payment_refund", "source_refund", "transfer",
    },
    "payout": {"balance_transaction", "destination", "failure_balance_transaction"},
    "balance_transaction": {"source"},
    "dispute": {"charge", "payment_intent"},
    "radar.early_fraud_warning": {"charge", "payment_intent"},
}  # fmt: skip
MAX_LEVELS = 4


def rendered(world: World, obj: Obj, expand: list[str] | None = None) -> Obj:
    if obj.get("object") == "list" or "next_page_url" in obj:
        _check_levels(expand)
        within = [_after(path, "data") for path in expand or ()]
        return {**obj, "data": [rendered(world, one, within) for one in obj["data"]]}
    seen = _public(world, obj)
    _check_levels(expand)
    for path in expand or ():
        _expand(world, obj, seen, path)
    return seen


def _check_levels(expand: list[str] | None) -> None:
    if any(path.count(".") >= MAX_LEVELS for path in expand or ()):
        raise StripeError("You cannot expand more than 4 levels.", param="expand", begun=False)


def _after(path: str, first: str) -> str:
    head, _, rest = path.partition(".")
    if head != first or not rest:
        raise _not_expandable(path)
    return rest


def _not_expandable(path: str) -> StripeError:
    return StripeError(
        f"This property cannot be expanded ({path}).", param="expand", code=None, begun=False
    )


def _public(world: World, obj: Obj) -> Obj:
    if obj.get("deleted"):
        return {name: obj[name] for name in ("id", "object", "deleted")}
    seen = {name: value for name, value in obj.items() if not name.startswith("_")}
    if obj["object"] == "balance_transaction":
        seen["status"] = "available" if obj["available_on"] <= world.now() else "pending"
    elif obj["object"] == "event":
        waiting = world.store.run(
            "SELECT COUNT(DISTINCT endpoint) FROM deliveries WHERE event = ? AND state = 'waiting'",
            obj["id"],
        )
        seen["pending_webhooks"] = waiting[0][0]
    return seen


def _expand(world: World, obj: Obj, seen: Obj, path: str) -> None:
    name, _, rest = path.partition(".")
    if name not in EXPANDABLE.get(obj["object"], ()):
        raise _not_expandable(path)
    if name in ("line_items", "refunds", "reversals"):
        _expand_list(world, obj, seen, name, rest)
        return
    value: Any = seen[name]
    if isinstance(value, dict):  # opened by an earlier path, e.g. latest_charge
        _expand(world, world.store.get(value["id"]) or value, value, rest) if rest else None
    elif value is not None and (whole := world.store.get(value)) is not None:
        seen[name] = rendered(world, _of_v1(whole), [rest] if rest else None)


def _expand_list(world: World, obj: Obj, seen: Obj, name: str, rest: str) -> None:
    """A list that an object only has if it is asked for, and what is in it: ``refunds.data.x``."""
    if name not in seen and name == "line_items":
        seen[name] = sublist(obj["_line_items"], f"/v1/checkout/sessions/{obj['id']}/line_items")
    elif name not in seen:
        refunds = world.store.find("refund", where={"charge": obj["id"]})
        data = [rendered(world, refund) for refund in refunds]
        seen[name] = sublist(data, f"/v1/charges/{obj['id']}/refunds")
    if rest:
        within = _after(rest, "data")
        for one in seen[name]["data"]:
            _expand(world, world.store.get(one["id"]) or one, one, within)


def _of_v1(whole: Obj) -> Obj:
    """An account as v1 knows it, which is how v1 objects show theirs."""
    if whole["object"] != "v2.core.account":
        return whole
    recipient = whole["configuration"]["recipient"]
    able = recipient and recipient["capabilities"]["stripe_balance"]["payouts"]["status"]
    return {
        "id": whole["id"],
        "object": "account",
        "business_type": whole["identity"]["entity_type"],
        "charges_enabled": False,
        "country": whole["identity"]["country"].upper(),
        "created": whole["_created"],
        "default_currency": whole["_currency"],
        "details_submitted": whole["_bank"] is not None,
        "email": whole["contact_email"],
        "metadata": whole["metadata"],
        "payouts_enabled": able == "active",
        "type": "express" if whole["dashboard"] == "express" else "none",
    }
