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
        "source_transfer", "refunds",
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
    "transfer": {"balance_transaction", "destination", "destination_payment", "source_transaction"},
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
        within = [_after(path, "data") for path in expand or ()]
        return {**obj, "data": [rendered(world, one, within) for one in obj["data"]]}
    seen = _public(world, obj)
    for path in expand or ():
        if path.count(".") >= MAX_LEVELS:
            raise StripeError("You cannot expand more than 4 levels.", param="expand", begun=False)
        _expand(world, obj, seen, path)
    return seen


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
    if name == "line_items":
        seen[name] = sublist(obj["_line_items"], f"/v1/checkout/sessions/{obj['id']}/line_items")
        return
    if name == "refunds":
        refunds = world.store.find("refund", where={"charge": obj["id"]})
        data = [rendered(world, refund) for refund in refunds]
        seen[name] = sublist(data, f"/v1/charges/{obj['id']}/refunds")
        return
    value: Any = seen[name]
    if isinstance(value, dict):  # opened by an earlier path, e.g. latest_charge
        _expand(world, world.store.get(value["id"]) or value, value, rest) if rest else None
    elif value is not None and (whole := world.store.get(value)) is not None:
        seen[name] = rendered(world, whole, [rest] if rest else None)
