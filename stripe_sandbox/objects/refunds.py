"""Refunds: money back to the card, out of the platform's available balance.

A refund that the available balance does not cover waits as ``pending`` (no bank
account is debited for it here) and goes out once funds have become available.
"""

from __future__ import annotations

from stripe_sandbox.cards import CARDS
from stripe_sandbox.errors import StripeError, missing_parameter, no_such
from stripe_sandbox.events import emit
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.money import written
from stripe_sandbox.objects.balance import available, found, move
from stripe_sandbox.params import Spec, amount, merged_metadata, metadata, one_of, text
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World, job, later

CREATE: Spec = {
    "amount": amount,
    "charge": text,
    "metadata": metadata,
    "payment_intent": text,
    "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
}


def create(world: World, call: Call) -> Obj:
    charge = _charge_named(world, call)
    left = charge["amount"] - charge["amount_refunded"]
    wanted = call.params.get("amount", left)
    _check(charge, wanted, left)
    charge["amount_refunded"] += wanted
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.store.save(charge)
    refund: Obj = {
        "id": new_id("re_"),
        "object": "refund",
        "amount": wanted,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": world.now(),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number",
                     "type": "refund"},
            "type": "card",
        },
        "metadata": merged_metadata({}, call.params.get("metadata")),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": call.params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending",
        "transfer_reversal": None,
        "_account": call.account,
    }  # fmt: skip
    _send_or_wait(world, refund, CARDS[charge["_card"]].refund)
    emit(world, "charge.refunded", charge)
    emit(world, "refund.created", refund)
    return refund


def _charge_named(world: World, call: Call) -> Obj:
    p = call.params
    id, param = p.get("charge"), "charge"
    if p.get("payment_intent"):
        param = "payment_intent"
        if id:
            raise StripeError("You may only specify one of these parameters: charge,"
                              " payment_intent.")  # fmt: skip
        intent = world.store.get(p["payment_intent"])
        if intent is None or intent["object"] != "payment_intent":
            raise no_such("payment_intent", p["payment_intent"], param=param)
        id = intent["latest_charge"]
        if id is None or intent["status"] != "succeeded":
            raise StripeError(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
            )
    if not id:
        raise missing_parameter("charge")
    charge = world.store.get(id)
    if (
        charge is None
        or charge["object"] != "charge"
        or charge.get("_account", "") != call.account
        or "_card" not in charge
    ):
        raise no_such("charge", id, param=param)
    return charge


def _check(charge: Obj, wanted: int, left: int) -> None:
    id, unit = charge["id"], charge["currency"]
    if charge["status"] != "succeeded":
        raise StripeError(f"Charge {id} has not succeeded, so it cannot be refunded.")
    if charge.get("_with_banks"):
        raise StripeError(
            f"Charge {id} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if left == 0:
        raise StripeError(f"Charge {id} has already been refunded.", code="charge_already_refunded")
    if wanted > left:
        raise StripeError(
            f"Refund amount ({written(wanted, unit)}) is greater than unrefunded amount on charge"
            f" ({written(left, unit)})",
            param="amount",
        )


def _send_or_wait(world: World, refund: Obj, manner: str) -> None:
    """Book it if the balance covers it, else let it wait."""
    if available(world, "", refund["currency"]) < refund["amount"]:
        refund["pending_reason"] = "insufficient_funds"
        world.store.save(refund)
        return
    booked = move(
        world,
        account="",
        type="refund",
        amount=-refund["amount"],
        currency=refund["currency"],
        source=refund["id"],
        description="REFUND FOR CHARGE",
    )
    refund.pop("pending_reason", None)
    refund |= {"balance_transaction": booked["id"], "status": "succeeded"}
    if manner == "succeeds later":
        refund |= {"status": "pending", "pending_reason": "processing"}
    world.store.save(refund)
    if manner != "succeeded":
        later(world, "refund.settle", world.settings.payout_delay, refund_id=refund["id"])


@job("refund.sweep")
def sweep(world: World) -> None:
    """Funds have become available: refunds that waited for them go out, oldest first."""
    waiting = world.store.find(
        "refund", where={"pending_reason": "insufficient_funds"}, newest_first=False
    )
    for refund in waiting:
        charge = world.store.get(refund["charge"])
        assert charge is not None
        _send_or_wait(world, refund, CARDS[charge["_card"]].refund)
        if refund["balance_transaction"] is not None:
            _tell_updated(world, refund, {"status": "pending"})


@job("refund.settle")
def settle(world: World, *, refund_id: str) -> None:
    """The bank's last word on a refund of one of the special cards."""
    refund = world.store.get(refund_id)
    assert refund is not None
    charge = world.store.get(refund["charge"])
    assert charge is not None
    before = {"status": refund["status"]}
    if CARDS[charge["_card"]].refund == "succeeds later":
        refund.pop("pending_reason", None)
        refund["status"] = "succeeded"
        world.store.save(refund)
        _tell_updated(world, refund, before)
        return
    back = move(
        world,
        account="",
        type="refund_failure",
        amount=refund["amount"],
        currency=refund["currency"],
        source=refund["id"],
        description="REFUND FAILURE",
    )
    refund |= {
        "failure_balance_transaction": back["id"],
        "failure_reason": "expired_or_canceled_card",
        "status": "failed",
    }
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    world.store.save(charge)
    world.store.save(refund)
    _tell_updated(world, refund, before)
    emit(world, "refund.failed", refund)


def _tell_updated(world: World, refund: Obj, before: Obj) -> None:
    emit(world, "charge.refund.updated", refund, before=before)
    emit(world, "refund.updated", refund, before=before)


LIST: Spec = listing(charge=text, payment_intent=text)


def list_refunds(world: World, call: Call) -> Obj:
    return page_of(
        world, call, "refund", "/v1/refunds", charge="charge", payment_intent="payment_intent"
    )


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, "refund", call.ids["id"])


def update(world: World, call: Call) -> Obj:
    refund = retrieve(world, call)
    refund["metadata"] = merged_metadata(refund["metadata"], call.params.get("metadata"))
    return world.store.save(refund)
