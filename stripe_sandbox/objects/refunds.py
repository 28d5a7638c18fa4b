"""Refunds: money back to the card, out of the platform's available balance.

A refund that the available balance does not cover waits as ``pending`` (no bank
account is debited for it here) and goes out once funds have become available.
"""

from __future__ import annotations

from stripe_sandbox.errors import StripeError, missing_parameter, no_such
from stripe_sandbox.events import emit
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.money import written
from stripe_sandbox.objects.balance import available, found, move
from stripe_sandbox.objects.charges import instrument_of
from stripe_sandbox.objects.warnings import too_late
from stripe_sandbox.params import Spec, amount, merged_metadata, metadata, one_of, text
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World, job, later

DAYS_TO_ANSWER = 45
BY_CARD: Obj = {
    "card": {
        "reference_status": "pending",
        "reference_type": "acquirer_reference_number",
        "type": "refund",
    },
    "type": "card",
}
BY_BANK: Obj = {
    "us_bank_transfer": {"reference": None, "reference_status": "pending"},
    "type": "us_bank_transfer",
}
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
    refund = _new(world, charge, wanted, call.params)
    if instrument_of(charge).refund == "asks its owner":
        _ask_owner(world, refund)
    else:
        _send_or_wait(world, refund, charge)
    emit(world, "charge.refunded", charge)
    emit(world, "refund.created", refund)
    if charge["refunded"]:
        too_late(world, charge)
    return refund


def release(world: World, charge: Obj, amount: int, *, reason: str | None = None) -> None:
    """What a card's bank held and nobody took: a refund that moves no money."""
    refund = _new(world, charge, amount, {"reason": reason})
    refund["destination_details"] = {"card": BY_CARD["card"] | {"type": "reversal"}, "type": "card"}
    refund["status"] = "succeeded"
    emit(world, "charge.refunded", charge)
    emit(world, "refund.created", world.store.save(refund))


def _new(world: World, charge: Obj, amount: int, p: Obj) -> Obj:
    _count(world, charge, amount)
    by_card = instrument_of(charge).kind == "card"
    return {
        "id": new_id("re_" if by_card else "pyr_"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": world.now(),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": BY_CARD if by_card else BY_BANK,
        "metadata": merged_metadata({}, p.get("metadata")),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": p.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending",
        "transfer_reversal": None,
    }


def _count(world: World, charge: Obj, amount: int) -> None:
    """So much more of it is given back; less where that is negative."""
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.store.save(charge)


def _ask_owner(world: World, refund: Obj) -> None:
    """Nobody knows where to send it: the payer is asked by mail, and nothing moves until then."""
    now = world.now()
    refund |= {
        "instructions_email": "payer@example.com",
        "next_action": {
            "type": "display_details",
            "display_details": {
                "email_sent": {"email_sent_at": now, "email_sent_to": "payer@example.com"},
                "expires_at": now + DAYS_TO_ANSWER * 86_400,
            },
        },
        "status": "requires_action",
    }
    world.store.save(refund)
    later(world, "refund.answered", world.settings.payout_delay, refund_id=refund["id"])


@job("refund.answered")
def answered(world: World, *, refund_id: str) -> None:
    refund, charge = _with_charge(world, refund_id)
    if refund["status"] == "requires_action":
        del refund["next_action"]
        refund["status"] = "pending"
        _send_or_wait(world, refund, charge)
        _tell_updated(world, refund, {"status": "requires_action"})


def cancel(world: World, call: Call) -> Obj:
    """Only while its owner is still asked."""
    refund, charge = _with_charge(world, retrieve(world, call)["id"])
    if refund["status"] != "requires_action":
        raise StripeError(
            f"You cannot cancel this refund because it has a status of {refund['status']}. Only a"
            " refund that requires action can be canceled."
        )
    del refund["next_action"]
    refund["status"] = "canceled"
    world.store.save(refund)
    _count(world, charge, -refund["amount"])
    _tell_updated(world, refund, {"status": "requires_action"})
    return refund


def _with_charge(world: World, refund_id: str) -> tuple[Obj, Obj]:
    refund = world.store.get(refund_id)
    assert refund is not None
    charge = world.store.get(refund["charge"])
    assert charge is not None
    return refund, charge


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
        or "_instrument" not in charge
    ):
        raise no_such("charge", id, param=param)
    return charge


def _check(charge: Obj, wanted: int, left: int) -> None:
    id, unit = charge["id"], charge["currency"]
    if charge["status"] != "succeeded":
        raise StripeError(f"Charge {id} has not succeeded, so it cannot be refunded.")
    if not charge["captured"] and not charge["refunded"]:
        raise StripeError(
            f"Charge {id} has not been captured: canceling its PaymentIntent releases it."
        )
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


def _send_or_wait(world: World, refund: Obj, charge: Obj) -> None:
    """Book it if the balance covers it, else let it wait."""
    instrument = instrument_of(charge)
    if available(world, "", refund["currency"]) < refund["amount"]:
        refund["pending_reason"] = "insufficient_funds"
        world.store.save(refund)
        return
    booked = move(
        world,
        account="",
        type="refund" if instrument.kind == "card" else "payment_refund",
        amount=-refund["amount"],
        currency=refund["currency"],
        source=refund["id"],
        description="REFUND FOR CHARGE",
    )
    refund.pop("pending_reason", None)
    refund |= {"balance_transaction": booked["id"], "status": "succeeded"}
    if instrument.refund == "succeeds later":
        refund |= {"status": "pending", "pending_reason": "processing"}
    world.store.save(refund)
    if instrument.refund in ("succeeds later", "fails later") or refund.get("_fails"):
        later(world, "refund.settle", world.settings.payout_delay, refund_id=refund["id"])


@job("refund.sweep")
def sweep(world: World) -> None:
    """Funds have become available: refunds that waited for them go out, oldest first."""
    waiting = world.store.find(
        "refund", where={"pending_reason": "insufficient_funds"}, newest_first=False
    )
    for refund in waiting:
        _, charge = _with_charge(world, refund["id"])
        _send_or_wait(world, refund, charge)
        if refund["balance_transaction"] is not None:
            _tell_updated(world, refund, {"status": "pending"})


@job("refund.settle")
def settle(world: World, *, refund_id: str) -> None:
    """The bank's last word on a refund of one of the special cards, or one that is to fail."""
    refund, charge = _with_charge(world, refund_id)
    if refund["status"] == "failed":
        return  # it was to fail for two reasons, and has
    before = {"status": refund["status"]}
    if instrument_of(charge).refund == "succeeds later" and not refund.get("_fails"):
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
    world.store.save(refund)
    _count(world, charge, -refund["amount"])
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
