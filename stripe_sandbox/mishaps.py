"""What the world does around a call at the worst moment, by plan or by header: see ``faults``."""

from __future__ import annotations

from stripe_sandbox.objects import capabilities, disputes
from stripe_sandbox.store import Obj
from stripe_sandbox.world import World, later

SENDS_BACK = "000777777777"


def before(world: World, fault: str | None, asked: Obj) -> bool:
    """Between the platform's look at an account and its transfer. Whether anything happened."""
    if fault != "capability_revoked":
        return False
    account = world.store.get(str(asked.get("destination")))
    if account is None or not capabilities.can_receive(account):
        return False
    with world.handling(None):
        capabilities.require(world, account, (capabilities.DOCUMENT,))
    return True


def after(world: World, fault: str | None, made: Obj) -> bool:
    """Once the call has succeeded, before its answer is given. Whether anything happened."""
    with world.handling(None):
        if fault == "chargeback":
            return _charge_back(world, made)
        if fault == "payout_fails_later":
            world.store.save(_again(world, made) | {"_bank_number": SENDS_BACK})
            return True
        if fault == "refund_fails_later":
            refund = world.store.save(_again(world, made) | {"_fails": True})
            if refund["status"] == "succeeded":
                later(world, "refund.settle", world.settings.payout_delay, refund_id=refund["id"])
            return True
    return False


def _again(world: World, made: Obj) -> Obj:
    whole = world.store.get(made["id"])
    assert whole is not None
    return whole


def _charge_back(world: World, transfer: Obj) -> bool:
    """Of the charge that the transfer came from; without one, of the newest that can be."""
    source = transfer["source_transaction"]
    found = [world.store.get(source)] if source else world.store.find("charge")
    for charge in found:
        if charge and charge["currency"] == transfer["currency"] and disputes.left_of(charge):
            disputes.open_dispute(world, charge, reason="fraudulent")
            return True
    return False
