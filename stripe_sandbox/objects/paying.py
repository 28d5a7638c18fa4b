"""Paying an intent, in one way whether a pay page or the API asks, and telling its session."""

from __future__ import annotations

from stripe_sandbox.events import emit
from stripe_sandbox.objects import charges, intent_states, refunds, wallet
from stripe_sandbox.objects.charges import instrument_of, no_billing_details
from stripe_sandbox.store import Obj
from stripe_sandbox.world import World, job, later

NOBODY_THERE = {
    "code": "authentication_required",
    "decline_code": "authentication_required",
    "message": "Your card was declined. This transaction requires authentication.",
}


def attempt(
    world: World,
    intent: Obj,
    method: Obj,
    *,
    page: str,
    return_url: str | None = None,
    off_session: bool = False,
    may_ask: bool = True,
) -> str:
    """Try a payment method. Returns "paid", "authorized", "processing", "declined" or
    "authenticate": then somebody must go to ``page``, which leads on to ``return_url``.
    """
    instrument = instrument_of(method)
    intent["payment_method"] = method["id"]
    asks = instrument.authenticate and intent.get("_authenticated") != method["id"]
    if off_session:
        exempt = instrument.off_session == "allowed" or (
            instrument.off_session == "once set up" and method.get("_set_up", False)
        )
        asks = asks and not exempt
    if asks and may_ask and not off_session:
        intent_states.ask_for_authentication(world, intent, page=page, return_url=return_url)
        return "authenticate"
    return _charge(world, intent, method, NOBODY_THERE if asks else None)


def finish_authentication(world: World, intent: Obj, *, passed: bool) -> str:
    """What came of the page. "confirm": the one who asked must now confirm once more."""
    if intent["status"] != "requires_action":
        return "declined"
    method = world.store.get(intent["payment_method"])
    assert method is not None
    if not passed:
        intent_states.fail_authentication(world, intent, method)
        return "declined"
    intent["_authenticated"] = method["id"]
    if intent["confirmation_method"] == "manual":
        intent_states.await_confirmation(world, intent)
        return "confirm"
    return _charge(world, intent, method, None)


def _charge(world: World, intent: Obj, method: Obj, refusal: Obj | None) -> str:
    charge = charges.ask(world, intent, method, refusal=refusal)
    if charge["status"] == "failed":
        refusal = refusal or charges.refusal_by(instrument_of(method))
        intent_states.decline(world, intent, method, charge, refusal)
        return "declined"
    _remember(world, intent, method)
    if charge["status"] == "pending":
        intent_states.process(world, intent, charge)
        later(world, "payment.bank_answers", world.settings.payout_delay, intent_id=intent["id"])
        _tell_session(world, intent, "processing")
        return "processing"
    if not charge["captured"]:
        intent_states.authorize(world, intent, charge)
        later(world, "payment.hold_ends", charges.HOLD, intent_id=intent["id"])
        return "authorized"
    intent_states.succeed(world, intent, charge)
    _tell_session(world, intent, "paid")
    return "paid"


def _remember(world: World, intent: Obj, method: Obj) -> None:
    """A method that was used belongs to a customer from now on, or to nobody any more."""
    method["_used"] = True
    if intent["setup_future_usage"]:
        method["_set_up"] = True
        if intent["customer"]:
            wallet.keep(world, method, intent["customer"])
    world.store.save(method)


@job("payment.bank_answers")
def bank_answers(world: World, *, intent_id: str) -> None:
    """Days later the bank of a debited account pays, or says why it does not."""
    intent, charge, method = _parts(world, intent_id)
    instrument = instrument_of(method)
    if instrument.code is not None:
        refusal = charges.refusal_by(instrument)
        charges.refuse(world, charge, refusal)
        intent_states.decline(world, intent, method, charge, refusal)
        _tell_session(world, intent, "declined")
        return
    charges.arrive(world, intent, charge)
    intent_states.succeed(world, intent, charge)
    _tell_session(world, intent, "paid")


# -- what is held by a card's bank ----------------------------------------


def capture(world: World, intent: Obj, amount: int) -> None:
    """Take so much of what is held; the rest is released."""
    _, charge, _ = _parts(world, intent["id"])
    rest = charge["amount"] - amount
    charges.capture(world, intent, charge, amount)
    if rest:
        refunds.release(world, charge, rest)
    intent_states.succeed(world, intent, charge)


def cancel(world: World, intent: Obj, reason: str | None) -> None:
    if intent["status"] == "requires_capture":
        _, charge, _ = _parts(world, intent["id"])
        refunds.release(world, charge, charge["amount"])
    intent_states.cancel(world, intent, reason)


@job("payment.hold_ends")
def hold_ends(world: World, *, intent_id: str) -> None:
    intent, charge, _ = _parts(world, intent_id)
    if intent["status"] == "requires_capture":
        emit(world, "charge.expired", charge)
        refunds.release(world, charge, charge["amount"], reason="expired_uncaptured_charge")
        intent_states.cancel(world, intent, "automatic")


def _parts(world: World, intent_id: str) -> tuple[Obj, Obj, Obj]:
    """An intent that was attempted, its latest charge and the method of that."""
    intent = world.store.get(intent_id)
    assert intent is not None
    charge = world.store.get(intent["latest_charge"])
    assert charge is not None
    method = world.store.get(charge["payment_method"])
    assert method is not None
    return intent, charge, method


# -- the session ----------------------------------------------------------


def intent_of_session(world: World, session: Obj) -> Obj:
    """Made at the first attempt."""
    if session["payment_intent"] is not None:
        intent = world.store.get(session["payment_intent"])
        assert intent is not None
        return intent
    p = {
        **session["_payment_intent_data"],
        "allowed_payment_method_types": session["allowed_payment_method_types"],
        "amount": session["amount_total"],
        "currency": session["currency"],
        "customer": session["customer"],
    }
    intent = intent_states.create(world, p, _session=session["id"])
    session["payment_intent"] = intent["id"]
    world.store.save(session)
    return intent


def _tell_session(world: World, intent: Obj, outcome: str) -> None:
    """Complete once the payer has done all; a bank's later word is told of by itself."""
    session = world.store.get(intent["_session"]) if "_session" in intent else None
    if session is None:
        return
    first = session["status"] == "open"
    if first:
        session |= {"customer_details": _payer(session), "status": "complete", "url": None}
    if outcome == "paid":
        session["payment_status"] = "paid"
    if first:
        event = "completed"
    else:
        event = "async_payment_succeeded" if outcome == "paid" else "async_payment_failed"
    emit(world, f"checkout.session.{event}", world.store.save(session))


def _payer(session: Obj) -> Obj:
    return {
        "address": no_billing_details()["address"],
        "business_name": None,
        "email": session["customer_email"],
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
