"""Reversals: money of a transfer that a connected account gives back."""

from __future__ import annotations

from stripe_sandbox.errors import StripeError, insufficient_balance, no_such
from stripe_sandbox.events import emit
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.money import written
from stripe_sandbox.objects.balance import available, found, move, pending
from stripe_sandbox.objects.transfers import retrieve
from stripe_sandbox.params import Spec, amount, merged_metadata, metadata, text
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World

REVERSE: Spec = {"amount": amount, "description": text, "metadata": metadata}


def reverse(world: World, call: Call) -> Obj:
    """Take it back, as far as the connected account's balance covers it."""
    transfer = retrieve(world, call)
    left = transfer["amount"] - transfer["amount_reversed"]
    wanted, unit = call.params.get("amount", left), transfer["currency"]
    if left == 0:
        raise StripeError(f"Transfer {transfer['id']} is already fully reversed.")
    if wanted > left:
        raise StripeError(
            f"Transfer reversal amount ({written(wanted, unit)}) is greater than the amount left"
            f" ({written(left, unit)})",
            param="amount",
        )
    original = world.store.get(transfer["balance_transaction"])
    assert original is not None
    account, due = transfer["destination"], max(world.now(), original["available_on"])
    covered = available(world, account, unit)
    if due > world.now():
        covered += pending(world, account, unit)
    if covered < wanted:
        raise insufficient_balance(
            f"The connected account's balance of {written(covered, unit)} does not cover a"
            f" reversal of {written(wanted, unit)}."
        )
    reversal = _reversal(world, call, transfer, wanted, due)
    transfer["amount_reversed"] += wanted
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, {**reversal})
    transfer["reversals"]["total_count"] += 1
    world.store.save(transfer)
    emit(world, "transfer.reversed", transfer)
    return reversal


def _reversal(world: World, call: Call, transfer: Obj, wanted: int, due: int) -> Obj:
    id, account, unit = new_id("trr_"), transfer["destination"], transfer["currency"]
    given_back = _give_back(world, transfer, wanted, due)
    booked = move(
        world,
        account="",
        type="transfer_refund",
        amount=wanted,
        currency=unit,
        source=id,
        description=f"REFUND FOR TRANSFER ({account})",
        available_on=due,
    )
    return world.store.save(
        {
            "id": id,
            "object": "transfer_reversal",
            "amount": wanted,
            "balance_transaction": booked["id"],
            "created": world.now(),
            "currency": unit,
            "destination_payment_refund": given_back["id"],
            "metadata": merged_metadata({}, call.params.get("metadata")),
            "source_refund": None,
            "transfer": transfer["id"],
        }
    )


def _give_back(world: World, transfer: Obj, wanted: int, due: int) -> Obj:
    account, unit = transfer["destination"], transfer["currency"]
    payment = world.store.get(transfer["destination_payment"])
    assert payment is not None
    payment["amount_refunded"] += wanted
    payment["refunded"] = payment["amount_refunded"] == payment["amount"]
    world.store.save(payment)
    id = new_id("pyr_")
    booked = move(
        world,
        account=account,
        type="payment_refund",
        amount=-wanted,
        currency=unit,
        source=id,
        available_on=due,
    )
    nothing = dict.fromkeys(
        ("customer", "customer_account", "payment_intent", "payment_method", "reason",
         "receipt_number", "source_transfer_reversal", "transfer_reversal")
    )  # fmt: skip
    return world.store.save(
        {
            "id": id,
            "object": "refund",
            **nothing,
            "amount": wanted,
            "balance_transaction": booked["id"],
            "charge": payment["id"],
            "created": world.now(),
            "currency": unit,
            "metadata": {},
            "status": "succeeded",
            "_account": account,
        }
    )


LIST_REVERSALS: Spec = {name: reader for name, reader in listing().items() if name != "created"}


def list_reversals(world: World, call: Call) -> Obj:
    transfer = retrieve(world, call)
    call.params["transfer"] = transfer["id"]
    url = f"/v1/transfers/{transfer['id']}/reversals"
    return page_of(world, call, "transfer_reversal", url, transfer="transfer")


def update_reversal(world: World, call: Call) -> Obj:
    """Its transfer shows it, too."""
    reversal, transfer = retrieve_reversal(world, call), retrieve(world, call)
    reversal["metadata"] = merged_metadata(reversal["metadata"], call.params.get("metadata"))
    shown = transfer["reversals"]["data"]
    transfer["reversals"]["data"] = [
        reversal if one["id"] == reversal["id"] else one for one in shown
    ]
    world.store.save(transfer)
    return world.store.save(reversal)


def retrieve_reversal(world: World, call: Call) -> Obj:
    reversal = found(world, call, "transfer_reversal", call.ids["reversal"])
    if reversal["transfer"] != call.ids["id"]:
        raise no_such("transfer_reversal", reversal["id"])
    return reversal
