"""Early fraud warnings: a card's network calls a charge fraudulent before anybody disputes it."""

from __future__ import annotations

from stripe_sandbox.errors import StripeError
from stripe_sandbox.events import emit
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.objects.balance import found
from stripe_sandbox.params import Spec, text
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World, job

KIND = "radar.early_fraud_warning"
FRAUD_TYPES = frozenset(
    "card_never_received fraudulent_card_application made_with_counterfeit_card"
    " made_with_lost_card made_with_stolen_card misc unauthorized_use_of_card".split()
)
LIST: Spec = listing(charge=text, payment_intent=text)


@job("warning.open")
def warn_by_card(world: World, *, charge_id: str) -> None:
    charge = world.store.get(charge_id)
    assert charge is not None
    warn(world, charge)


def warn(world: World, charge: Obj, *, fraud_type: str = "misc") -> Obj:
    """Nothing moves: whoever refunds in time is spared the dispute. Raises StripeError."""
    if charge["status"] != "succeeded":
        raise StripeError("Only a charge that has succeeded can be called fraudulent.")
    if fraud_type not in FRAUD_TYPES:
        raise StripeError(f"Unknown fraud type: {fraud_type}", param="fraud_type")
    warning = world.store.save(
        {
            "id": new_id("issfr_"),
            "object": KIND,
            "actionable": not (charge["disputed"] or charge["refunded"]),
            "charge": charge["id"],
            "created": world.now(),
            "fraud_type": fraud_type,
            "livemode": False,
            "payment_intent": charge["payment_intent"],
        }
    )
    emit(world, f"{KIND}.created", warning)
    return warning


def too_late(world: World, charge: Obj) -> None:
    """The charge is disputed, or wholly refunded: there is nothing left to be done about it."""
    for warning in world.store.find(KIND, where={"charge": charge["id"]}):
        if warning["actionable"]:
            warning["actionable"] = False
            emit(world, f"{KIND}.updated", world.store.save(warning), before={"actionable": True})


def retrieve(world: World, call: Call) -> Obj:
    return found(world, call, KIND, call.ids["id"])


def list_warnings(world: World, call: Call) -> Obj:
    return page_of(
        world,
        call,
        KIND,
        "/v1/radar/early_fraud_warnings",
        charge="charge",
        payment_intent="payment_intent",
    )
