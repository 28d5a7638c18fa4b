"""Disputes: the card holder's bank takes the money back. They begin by a card or by hand."""

from __future__ import annotations

from copy import deepcopy

from stripe_sandbox.errors import StripeError
from stripe_sandbox.events import differences, emit
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.money import dispute_fee
from stripe_sandbox.objects.balance import found, move
from stripe_sandbox.objects.warnings import too_late
from stripe_sandbox.params import Spec, boolean, merged_metadata, metadata, shape, text
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World, job

DAYS_TO_ANSWER = 7
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")

# fmt: off
EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy",
    "cancellation_policy_disclosure", "cancellation_rebuttal", "customer_communication",
    "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature",
    "duplicate_charge_documentation", "duplicate_charge_explanation", "duplicate_charge_id",
    "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address",
    "shipping_carrier", "shipping_date", "shipping_documentation", "shipping_tracking_number",
    "uncategorized_file", "uncategorized_text",
)
# fmt: on


@job("dispute.open")
def open_by_card(world: World, *, charge_id: str, reason: str, inquiry: bool) -> None:
    charge = world.store.get(charge_id)
    assert charge is not None
    open_dispute(world, charge, reason=reason, inquiry=inquiry)


def open_dispute(
    world: World, charge: Obj, *, reason: str, amount: int | None = None, inquiry: bool = False
) -> Obj:
    """Take the amount and the fee off the platform; an inquiry takes nothing yet."""
    if charge["status"] != "succeeded" or charge["balance_transaction"] is None:
        raise StripeError("Only a charge that has succeeded and was booked can be disputed.")
    left = left_of(charge)
    if left == 0:
        raise StripeError("The charge is disputed already.", status=409)
    wanted = amount or left
    if not 1 <= wanted <= left:
        raise StripeError(
            "The amount must be between 1 and what is left of the charge.", param="amount"
        )
    now = world.now()
    charge["disputed"] = True
    _freeze(world, charge, 0 if inquiry else wanted)
    dispute: Obj = {
        "id": new_id("du_"),
        "object": "dispute",
        "amount": wanted,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + DAYS_TO_ANSWER * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    if "card" in charge["payment_method_details"]:
        dispute["payment_method_details"] = _by_card(
            charge["payment_method_details"]["card"], inquiry
        )
    if not inquiry:
        _book(world, dispute, -wanted, fee=dispute_fee(charge["currency"]))
    emit(world, "charge.dispute.created", world.store.save(dispute))
    if not inquiry:
        emit(world, "charge.dispute.funds_withdrawn", dispute)
    too_late(world, charge)
    return dispute


def _by_card(card: Obj, inquiry: bool) -> Obj:
    return {
        "card": {
            "brand": card["brand"],
            "case_type": "inquiry" if inquiry else "chargeback",
            "network": card["network"],
            "network_reason_code": "83",
        },
        "type": "card",
    }


def left_of(charge: Obj) -> int:
    """What of a charge no bank has taken yet; nothing of one that is not booked."""
    booked = charge["status"] == "succeeded" and charge["balance_transaction"] is not None
    return charge["amount_captured"] - charge.get("_with_banks", 0) if booked else 0


def escalate(world: World, dispute: Obj) -> Obj:
    """An inquiry becomes a chargeback: now the bank takes the money."""
    if not dispute["status"].startswith("warning_") or dispute["status"] == "warning_closed":
        raise StripeError(f"This is no open inquiry: {dispute['status']}.", status=409)
    charge, before = world.store.get(dispute["charge"]), deepcopy(dispute)
    assert charge is not None
    _freeze(world, charge, dispute["amount"])
    dispute |= {"status": "needs_response", "is_charge_refundable": False}
    if "payment_method_details" in dispute:
        dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    dispute["evidence_details"] |= {
        "due_by": world.now() + DAYS_TO_ANSWER * 86_400,
        "submission_count": 0,
        "submission_method": "not_submitted",
    }
    _book(world, dispute, -dispute["amount"], fee=dispute_fee(dispute["currency"]))
    world.store.save(dispute)
    emit(world, "charge.dispute.updated", dispute, before=differences(before, dispute))
    emit(world, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def _freeze(world: World, charge: Obj, amount: int) -> None:
    """So much more of it is with its bank; less where that is negative."""
    charge["_with_banks"] = charge.get("_with_banks", 0) + amount
    world.store.save(charge)


def _book(world: World, dispute: Obj, amount: int, *, fee: int = 0) -> None:
    withdrawn = amount < 0
    booked = move(
        world,
        account="",
        type="adjustment",
        amount=amount,
        currency=dispute["currency"],
        source=dispute["id"],
        fee=fee,
        description="Chargeback withdrawal" if withdrawn else "Chargeback reversal",
        reporting_category="dispute" if withdrawn else "dispute_reversal",
    )
    dispute["balance_transactions"].append(
        {name: value for name, value in booked.items() if not name.startswith("_")}
        | {"status": "available"}
    )


def close_dispute(world: World, dispute: Obj, *, outcome: str) -> Obj:
    """The bank's ruling: ``won`` brings the amount back (not the fee), ``lost`` leaves it."""
    if dispute["status"] not in OPEN:
        raise StripeError(f"The dispute is closed: {dispute['status']}.", status=409)
    charge = world.store.get(dispute["charge"])
    assert charge is not None
    inquiry = dispute["status"].startswith("warning_")
    dispute["status"] = "warning_closed" if inquiry else outcome
    if outcome == "won" and not inquiry:
        _freeze(world, charge, -dispute["amount"])
        _book(world, dispute, dispute["amount"])
        emit(world, "charge.dispute.funds_reinstated", world.store.save(dispute))
    emit(world, "charge.dispute.closed", world.store.save(dispute))
    return dispute


UPDATE: Spec = {
    "evidence": shape(dict.fromkeys(EVIDENCE, text)),
    "metadata": metadata,
    "submit": boolean,
}


def update(world: World, call: Call) -> Obj:
    """Evidence is saved, and sent to the bank unless ``submit`` is false."""
    dispute, p = retrieve(world, call), call.params
    before = deepcopy(dispute)
    dispute["metadata"] = merged_metadata(dispute["metadata"], p.get("metadata"))
    if p.get("evidence"):
        if dispute["status"] not in OPEN:
            raise StripeError("This dispute is already closed.")
        dispute["evidence"] |= p["evidence"]
        dispute["evidence_details"]["has_evidence"] = True
        if p.get("submit", True):
            dispute["evidence_details"]["submission_count"] += 1
            dispute["evidence_details"]["submission_method"] = "manual"
            dispute["status"] = dispute["status"].replace("needs_response", "under_review")
    world.store.save(dispute)
    emit(world, "charge.dispute.updated", dispute, before=differences(before, dispute))
    return dispute


def accept(world: World, call: Call) -> Obj:
    """Closing a dispute by the API means losing it."""
    dispute = retrieve(world, call)
    if dispute["status"] not in OPEN:
        raise StripeError("This dispute is already closed.")
    return close_dispute(world, dispute, outcome="lost")


LIST: Spec = listing(charge=text, payment_intent=text)


def list_disputes(world: World, call: Call) -> Obj:
    return page_of(
        world, call, "dispute", "/v1/disputes", charge="charge", payment_intent="payment_intent"
    )


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, "dispute", call.ids["id"])
