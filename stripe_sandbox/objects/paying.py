"""Paying a checkout session with a card."""

from __future__ import annotations

from stripe_sandbox.cards import Card
from stripe_sandbox.events import emit
from stripe_sandbox.objects import intents
from stripe_sandbox.objects.charges import charge_card, no_billing_details
from stripe_sandbox.store import Obj
from stripe_sandbox.world import World


def pay(world: World, session: Obj, card: Card) -> str:
    """Try a card. Returns "paid", "declined" or "authenticate"."""
    intent = _intent_of(world, session)
    if card.authenticate:
        session["_card"] = card.number
        world.store.save(session)
        intents.ask_for_authentication(world, intent, f"{session['url']}/authenticate")
        return "authenticate"
    return _charge(world, session, intent, card)


def finish_authentication(world: World, session: Obj, card: Card, *, passed: bool) -> str:
    intent = _intent_of(world, session)
    if intent["status"] != "requires_action":
        return "declined"
    if not passed:
        intents.fail_authentication(world, intent, card)
        return "declined"
    return _charge(world, session, intent, card)


def _intent_of(world: World, session: Obj) -> Obj:
    if session["payment_intent"] is not None:
        intent = world.store.get(session["payment_intent"])
        assert intent is not None
        return intent
    intent = intents.create_for_session(world, session)
    session["payment_intent"] = intent["id"]
    world.store.save(session)
    return intent


def _charge(world: World, session: Obj, intent: Obj, card: Card) -> str:
    email = session["customer_email"]
    charge = charge_card(world, intent, card, email=email)
    if charge["status"] == "failed":
        intents.decline(world, intent, charge, card)
        return "declined"
    intents.succeed(world, intent, charge)
    session |= {
        "customer_details": {
            "address": no_billing_details()["address"],
            "business_name": None,
            "email": email,
            "individual_name": None,
            "name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
        "payment_status": "paid",
        "status": "complete",
        "url": None,
    }
    emit(world, "checkout.session.completed", world.store.save(session))
    return "paid"
