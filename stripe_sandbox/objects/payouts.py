"""Payouts: a balance on its way to a bank."""

from __future__ import annotations

from stripe_sandbox.banks import BANKS, GOOD, Bank
from stripe_sandbox.errors import StripeError
from stripe_sandbox.events import differences, emit, emit_thin
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.objects.balance import demand, found, move
from stripe_sandbox.objects.capabilities import REQUIREMENTS_UPDATED, can_pay_out
from stripe_sandbox.params import (
    Spec,
    amount,
    currency,
    merged_metadata,
    metadata,
    one_of,
    text,
    up_to,
)
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World, job, later

CREATE: Spec = {
    "amount*": amount,
    "currency*": currency,
    "description": text,
    "destination": text,
    "metadata": metadata,
    "method": one_of("standard", "instant"),
    "source_type": one_of("card", "bank_account", "fpx"),
    "statement_descriptor": up_to(22),
}

# fmt: off
NULL = dict.fromkeys((
    "application_fee", "application_fee_amount", "failure_balance_transaction", "failure_code",
    "failure_message", "original_payout", "payout_method", "reversed_by", "trace_id",
))
# fmt: on


def create(world: World, call: Call) -> Obj:
    p = call.params
    bank_account_id = _destination(world, call)
    demand(world, call.account, p["currency"], p["amount"], "payout")
    return send(
        world,
        account=call.account,
        amount=p["amount"],
        currency=p["currency"],
        destination=bank_account_id,
        description=p.get("description"),
        metadata=merged_metadata({}, p.get("metadata")),
        method=p.get("method", "standard"),
        statement_descriptor=p.get("statement_descriptor"),
    )


def send(
    world: World,
    *,
    account: str,
    amount: int,
    currency: str,
    destination: str | None,
    description: str | None = None,
    metadata: Obj | None = None,
    method: str = "standard",
    statement_descriptor: str | None = None,
    automatic: bool = False,
) -> Obj:
    id, now, delay = new_id("po_"), world.now(), world.settings.payout_delay
    booked = move(
        world,
        account=account,
        type="payout",
        amount=-amount,
        currency=currency,
        source=id,
        description="STRIPE PAYOUT",
    )
    payout = {
        "id": id,
        "object": "payout",
        **NULL,
        "amount": amount,
        # A day, as its midnight by UTC.
        "arrival_date": (now + delay) // 86_400 * 86_400,
        "automatic": automatic,
        "balance_transaction": booked["id"],
        "created": now,
        "currency": currency,
        "description": description,
        "destination": destination,
        "livemode": False,
        "metadata": metadata or {},
        "method": method,
        "reconciliation_status": "completed" if automatic else "not_applicable",
        "source_type": "card",
        "statement_descriptor": statement_descriptor,
        "status": "pending",
        "type": "bank_account",
        "_account": account,
    }
    emit(world, "payout.created", world.store.save(payout))
    later(world, "payout.depart", delay // 2, payout_id=id)
    later(world, "payout.arrive", delay, payout_id=id)
    return payout


def _destination(world: World, call: Call) -> str | None:
    """The bank account that takes it. The platform's is always there, and always good."""
    if not call.account:
        return call.params.get("destination")
    owner = world.store.get(call.account)
    assert owner is not None
    bank_account = world.store.get(owner["_bank"]) if owner["_bank"] else None
    if not can_pay_out(owner):
        raise StripeError(
            "Payouts are not enabled for this account: it has requirements that are due.",
            code="payouts_not_allowed",
        )
    if bank_account is None:
        raise StripeError(
            "Sorry, you don't have any external accounts in that currency.",
            code="bank_account_unusable",
        )
    wanted = call.params.get("destination") or bank_account["id"]
    if wanted != bank_account["id"]:
        raise StripeError(
            f"No such external account: '{wanted}'", code="resource_missing", param="destination"
        )
    if bank_account["status"] == "errored":
        raise StripeError(
            "The bank account provided cannot be used for payouts. A different bank account must"
            " be used.",
            code="bank_account_unusable",
            param="destination",
        )
    return bank_account["id"]


# -- the bank's side ------------------------------------------------------


@job("payout.depart")
def depart(world: World, *, payout_id: str) -> None:
    payout = world.store.get(payout_id)
    assert payout is not None
    if payout["status"] == "pending":
        payout["status"] = "in_transit"
        emit(world, "payout.updated", world.store.save(payout), before={"status": "pending"})


@job("payout.arrive")
def arrive(world: World, *, payout_id: str) -> None:
    payout = world.store.get(payout_id)
    assert payout is not None
    if payout["status"] not in ("pending", "in_transit"):
        return
    bank = _bank_of(world, payout)
    if bank.failure_code and not bank.fails_after_paid:
        _fail(world, payout, bank)
        return
    payout["status"] = "paid"
    emit(world, "payout.paid", world.store.save(payout))
    if bank.fails_after_paid:
        later(world, "payout.return", world.settings.payout_delay, payout_id=payout_id)


@job("payout.return")
def send_back(world: World, *, payout_id: str) -> None:
    """The bank took it and gives it back."""
    payout = world.store.get(payout_id)
    assert payout is not None
    if payout["status"] == "paid":
        _fail(world, payout, _bank_of(world, payout))


def _bank_of(world: World, payout: Obj) -> Bank:
    if "_bank_number" in payout:  # a mishap has decided
        return BANKS[payout["_bank_number"]]
    bank_account = world.store.get(payout["destination"]) if payout["destination"] else None
    return BANKS[bank_account["_number"]] if bank_account else BANKS[GOOD]


def _fail(world: World, payout: Obj, bank: Bank) -> None:
    back = move(
        world,
        account=payout["_account"],
        type="payout_failure",
        amount=payout["amount"],
        currency=payout["currency"],
        source=payout["id"],
        description="PAYOUT FAILURE",
    )
    payout |= {
        "failure_balance_transaction": back["id"],
        "failure_code": bank.failure_code,
        "failure_message": bank.failure_message,
        "status": "failed",
    }
    emit(world, "payout.failed", world.store.save(payout))
    bank_account = world.store.get(payout["destination"])
    if bank_account is not None:
        bank_account["status"] = "errored"
        world.store.save(bank_account)
        emit_thin(world, REQUIREMENTS_UPDATED, payout["_account"])


def fail_by_hand(world: World, payout: Obj, failure_code: str) -> Obj:
    """For the control endpoint: the bank's refusal, whatever the number."""
    if payout["status"] in ("failed", "canceled"):
        raise StripeError(f"The payout is {payout['status']} already.", status=409)
    bank = Bank("", "", failure_code, "The bank refused the payout.")
    _fail(world, payout, bank)
    return payout


def cancel(world: World, call: Call) -> Obj:
    payout = retrieve(world, call)
    if payout["status"] != "pending":
        raise StripeError(
            f"Payouts can only be canceled while pending; this one is {payout['status']}."
        )
    back = move(
        world,
        account=payout["_account"],
        type="payout_cancel",
        amount=payout["amount"],
        currency=payout["currency"],
        source=payout["id"],
        description="PAYOUT CANCELED",
    )
    payout |= {"failure_balance_transaction": back["id"], "status": "canceled"}
    emit(world, "payout.canceled", world.store.save(payout))
    return payout


LIST: Spec = listing(destination=text, status=text)


def list_payouts(world: World, call: Call) -> Obj:
    return page_of(world, call, "payout", "/v1/payouts", destination="destination", status="status")


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, "payout", call.ids["id"])


def update(world: World, call: Call) -> Obj:
    payout = retrieve(world, call)
    before = {"metadata": payout["metadata"]}
    payout["metadata"] = merged_metadata(payout["metadata"], call.params.get("metadata"))
    emit(world, "payout.updated", world.store.save(payout), before=differences(before, payout))
    return payout
