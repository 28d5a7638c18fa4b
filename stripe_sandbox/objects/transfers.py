"""Transfers from the platform to a connected account, and back."""

from __future__ import annotations

from stripe_sandbox.errors import StripeError, missing_parameter, no_such
from stripe_sandbox.events import differences, emit
from stripe_sandbox.lists import listing, page_of, sublist
from stripe_sandbox.money import written
from stripe_sandbox.objects.balance import demand, found, move
from stripe_sandbox.objects.capabilities import can_receive
from stripe_sandbox.objects.charges import available_on, blank_charge
from stripe_sandbox.params import Spec, amount, currency, merged_metadata, metadata, one_of, text
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World

CREATE: Spec = {
    "amount": amount,
    "currency*": currency,
    "description": text,
    "destination*": text,
    "metadata": metadata,
    "source_transaction": text,
    "source_type": one_of("card", "bank_account", "fpx"),
    "transfer_group": text,
}


def create(world: World, call: Call) -> Obj:
    p = call.params
    _check_destination(world, call)
    charge = _source(world, p)
    if p.get("amount") is None:
        if charge is None:
            raise missing_parameter("amount")
        p["amount"] = charge["amount_captured"] - _taken_from(world, charge)
    if charge is None:
        demand(world, "", p["currency"], p["amount"], "transfer")
        due = world.now()
    else:
        _check_source(world, charge, p)
        due = max(world.now(), available_on(charge))
    id = new_id("tr_")
    arrival = _arrival(world, p, id, due)
    booked = move(
        world,
        account="",
        type="transfer",
        amount=-p["amount"],
        currency=p["currency"],
        source=id,
        description=p.get("description"),
        available_on=due,
    )
    group = p.get("transfer_group") or (charge["transfer_group"] if charge else None)
    transfer = {
        "id": id,
        "object": "transfer",
        "amount": p["amount"],
        "amount_reversed": 0,
        "balance_transaction": booked["id"],
        "created": world.now(),
        "currency": p["currency"],
        "description": p.get("description"),
        "destination": p["destination"],
        "destination_payment": arrival["id"],
        "livemode": False,
        "metadata": merged_metadata({}, p.get("metadata")),
        "reversals": sublist([], f"/v1/transfers/{id}/reversals"),
        "reversed": False,
        "source_transaction": charge["id"] if charge else None,
        "source_type": p.get("source_type", "card"),
        "transfer_group": group,
    }
    emit(world, "transfer.created", world.store.save(transfer))
    return transfer


def _check_destination(world: World, call: Call) -> None:
    id = call.params["destination"]
    account = world.store.get(id)
    if account is None or account["object"] != "v2.core.account" or account["closed"]:
        raise no_such("destination", id, param="destination", status=400)
    if call.account:
        raise StripeError("This sandbox makes transfers from the platform only.")
    if not can_receive(account):
        raise StripeError(
            "Your destination account needs to have at least one of the following capabilities"
            " enabled: transfers, crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )


def _source(world: World, p: Obj) -> Obj | None:
    if p.get("source_transaction") is None:
        return None
    charge = world.store.get(p["source_transaction"])
    if charge is None or "_instrument" not in charge:
        raise no_such("charge", p["source_transaction"], param="source_transaction")
    return charge


def _check_source(world: World, charge: Obj, p: Obj) -> None:
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise StripeError("The source charge has not succeeded.", param="source_transaction")
    if charge["currency"] != p["currency"]:
        raise StripeError(
            "The currency of source_transaction must be that of the transfer.", param="currency"
        )
    left = charge["amount_captured"] - _taken_from(world, charge)
    if p["amount"] > left:
        raise StripeError(
            f"You cannot create a transfer with an amount greater than what is left of the source"
            f" transaction: {written(left, charge['currency'])}.",
            code="transfer_source_balance_parameters_mismatch",
            param="amount",
        )


def _taken_from(world: World, charge: Obj) -> int:
    others = world.store.find("transfer", where={"source_transaction": charge["id"]})
    return sum(other["amount"] - other["amount_reversed"] for other in others)


def _arrival(world: World, p: Obj, transfer_id: str, due: int) -> Obj:
    """The same money on the other side, where it is a payment."""
    payment = blank_charge(world, prefix="py_", amount=p["amount"], currency=p["currency"])
    payment |= {"source_transfer": transfer_id, "_account": p["destination"]}
    payment["payment_method_details"] = {"type": "stripe_account", "stripe_account": {}}
    booked = move(
        world,
        account=p["destination"],
        type="payment",
        amount=p["amount"],
        currency=p["currency"],
        source=payment["id"],
        available_on=due,
    )
    payment["balance_transaction"] = booked["id"]
    return world.store.save(payment)


LIST: Spec = listing(destination=text, transfer_group=text)


def list_transfers(world: World, call: Call) -> Obj:
    return page_of(
        world,
        call,
        "transfer",
        "/v1/transfers",
        destination="destination",
        transfer_group="transfer_group",
    )


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, "transfer", call.ids["id"])


UPDATE: Spec = {"description": text, "metadata": metadata}


def update(world: World, call: Call) -> Obj:
    transfer = retrieve(world, call)
    before = {**transfer}
    if "description" in call.params:
        transfer["description"] = call.params["description"]
    transfer["metadata"] = merged_metadata(transfer["metadata"], call.params.get("metadata"))
    world.store.save(transfer)
    emit(world, "transfer.updated", transfer, before=differences(before, transfer))
    return transfer
