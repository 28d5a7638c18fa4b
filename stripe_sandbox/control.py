"""The strings behind the stage, for tests and demos: ``/_sandbox/…`` with JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stripe_sandbox import addresses
from stripe_sandbox.banks import BANKS
from stripe_sandbox.errors import StripeError, no_such
from stripe_sandbox.faults import Fault
from stripe_sandbox.instruments import BANK_ACCOUNTS, CARDS
from stripe_sandbox.objects import accounts, capabilities, charges, disputes, payouts, warnings
from stripe_sandbox.objects.balance import move
from stripe_sandbox.render import rendered
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import World, run_due_jobs

if TYPE_CHECKING:
    from stripe_sandbox.delivery import Postman

Control = Callable[..., Any]


def handle(world: World, postman: Postman, method: str, path: str, body: str) -> tuple[int, Obj]:
    for wanted, pattern, act in CONTROLS:
        match = re.fullmatch(pattern, path.removeprefix("/_sandbox"))
        if wanted == method and match:
            try:
                given = json.loads(body or "{}")
                if not isinstance(given, dict):
                    raise ValueError("The body is no JSON object.")
                return 200, act(world, postman, given, *match.groups())
            except StripeError as error:
                return error.status, error.body("req_")
            except (ValueError, TypeError, KeyError) as error:
                return 400, {"error": {"message": f"{type(error).__name__}: {error}"}}
    return 404, {"error": {"message": f"Nothing here: {method} {path}"}}


def show_clock(world: World, postman: Postman, body: Obj) -> Obj:
    return {"now": world.now(), "offset_seconds": world.offset}


def set_clock(world: World, postman: Postman, body: Obj) -> Obj:
    """Time only goes forward, and what falls due on the way happens in its order."""
    offset = body["offset_seconds"]
    if not isinstance(offset, int) or isinstance(offset, bool):
        raise ValueError("offset_seconds is a whole number.")
    with world.store.transaction():
        if offset < world.offset:
            raise ValueError(f"The clock does not move back: it is at {world.offset}.")
        world.store.note("clock_offset", str(offset))
    run_due_jobs(world)
    return show_clock(world, postman, body)


def deliver(world: World, postman: Postman, body: Obj) -> Obj:
    """Do all that is due, then carry all that is due; ``force`` does not wait for retries."""
    jobs = run_due_jobs(world)
    counts = postman.deliver_due(force=bool(body.get("force")))
    waiting = world.store.run("SELECT COUNT(*) FROM deliveries WHERE state = 'waiting'")[0][0]
    return {"jobs": jobs, **counts, "waiting": waiting}


def list_deliveries(world: World, postman: Postman, body: Obj) -> Obj:
    return {"data": postman.listed()}


def show_faults(world: World, postman: Postman, body: Obj) -> Obj:
    rows = world.store.run(
        "SELECT fault, COUNT(*) FROM deliveries WHERE fault IS NOT NULL GROUP BY fault"
    )
    happened = world.faults.happened()
    return {"faults": world.faults.described(), "happened": happened, "letters": dict(rows)}


def plan_faults(world: World, postman: Postman, body: Obj) -> Obj:
    """``{"seed": 7, "faults": [{"fault": "slow", "path": "/v1/transfers", "times": 2}]}``"""
    planned = [Fault(**one) for one in body.get("faults", [])]
    world.faults.replace(planned, body.get("seed"))
    return show_faults(world, postman, body)


def open_dispute(world: World, postman: Postman, body: Obj) -> Obj:
    with world.handling(None):
        charge = _found(world, body["charge"], "charge")
        dispute = disputes.open_dispute(
            world,
            charge,
            reason=body.get("reason", "fraudulent"),
            amount=body.get("amount"),
            inquiry=bool(body.get("inquiry")),
        )
        return rendered(world, dispute)


def close_dispute(world: World, postman: Postman, body: Obj, id: str) -> Obj:
    if body.get("outcome") not in ("won", "lost"):
        raise ValueError("outcome is won or lost.")
    with world.handling(None):
        dispute = _found(world, id, "dispute")
        return rendered(world, disputes.close_dispute(world, dispute, outcome=body["outcome"]))


def escalate_dispute(world: World, postman: Postman, body: Obj, id: str) -> Obj:
    with world.handling(None):
        return rendered(world, disputes.escalate(world, _found(world, id, "dispute")))


def warn_of_fraud(world: World, postman: Postman, body: Obj) -> Obj:
    """An early fraud warning: the card's network suspects what its bank may dispute later."""
    with world.handling(None):
        charge = _found(world, body["charge"], "charge")
        fraud_type = body.get("fraud_type", "misc")
        return rendered(world, warnings.warn(world, charge, fraud_type=fraud_type))


def return_debit(world: World, postman: Postman, body: Obj, id: str) -> Obj:
    with world.handling(None):
        return rendered(world, charges.give_up(world, _found(world, id, "charge")))


def restrict_account(world: World, postman: Postman, body: Obj, id: str) -> Obj:
    """Ask for something more, and take the capability away at once, or ``in_seconds``."""
    what, wait = (body.get("requirement", capabilities.DOCUMENT),), body.get("in_seconds", 0)
    if not isinstance(wait, int) or wait < 0:
        raise ValueError("in_seconds is a whole number.")
    with world.handling(None):
        account = _found(world, id, "v2.core.account")
        if wait:
            capabilities.require_by(world, account, what, world.now() + wait)
        else:
            capabilities.require(world, account, what)
        return accounts.included(account, list(accounts.INCLUDABLE))


def review_account(world: World, postman: Postman, body: Obj, id: str) -> Obj:
    """Have Stripe look at it: the capability is pending until it is restored."""
    with world.handling(None):
        account = _found(world, id, "v2.core.account")
        capabilities.review(world, account)
        return accounts.included(account, list(accounts.INCLUDABLE))


def restore_account(world: World, postman: Postman, body: Obj, id: str) -> Obj:
    with world.handling(None):
        account = _found(world, id, "v2.core.account")
        capabilities.clear(world, account)
        return accounts.included(account, list(accounts.INCLUDABLE))


def onboard_account(world: World, postman: Postman, body: Obj, id: str) -> Obj:
    """What the onboarding page does, without the page."""
    with world.handling(None):
        account = _found(world, id, "v2.core.account")
        capabilities.onboard(
            world,
            account,
            name=body.get("name", "Sam Sandbox"),
            country=body.get("country", account["identity"]["country"]),
            bank=BANKS[body.get("bank_number", "000123456789")],
        )
        return accounts.included(account, list(accounts.INCLUDABLE))


def fail_payout(world: World, postman: Postman, body: Obj, id: str) -> Obj:
    with world.handling(None):
        payout = _found(world, id, "payout")
        code = body.get("failure_code", "could_not_process")
        return rendered(world, payouts.fail_by_hand(world, payout, code))


def top_up(world: World, postman: Postman, body: Obj) -> Obj:
    """Money from outside into the platform's available balance."""
    if not isinstance(body["amount"], int) or body["amount"] < 1:
        raise ValueError("amount is a whole number of minor units.")
    with world.handling(None):
        booked = move(
            world,
            account="",
            type="topup",
            amount=body["amount"],
            currency=body["currency"].lower(),
            source=new_id("tu_"),
            description="Top-up",
        )
        return rendered(world, booked)


def resend(world: World, postman: Postman, body: Obj, id: str) -> Obj:
    """Send an event once more, as the dashboard's button does."""
    rows = world.store.run(
        "UPDATE deliveries SET state = 'waiting', due_at = 0, fault = NULL WHERE event = ?"
        " RETURNING seq",
        id,
    )
    if not rows:
        raise no_such("event", id)
    world.something_to_deliver.set()
    return {"event": id, "deliveries": len(rows)}


def roll_secret(world: World, postman: Postman, body: Obj, id: str) -> Obj:
    """A new signing secret, as the dashboard's button makes one: for a while both sign."""
    keep = body.get("keep_seconds", addresses.LONGEST_ROLL)
    if not isinstance(keep, int) or isinstance(keep, bool):
        raise ValueError("keep_seconds is a whole number.")
    with world.handling(None):
        for address in addresses.everyone(world):
            if address["id"] == id:
                return addresses.roll(world, address, keep_seconds=keep)
        raise no_such("webhook endpoint", id)


def list_test_numbers(world: World, postman: Postman, body: Obj) -> Obj:
    return {
        "cards": {card.number: card.label for card in CARDS.values()},
        "debits": {account.number: account.label for account in BANK_ACCOUNTS.values()},
        "banks": {bank.number: bank.label for bank in BANKS.values()},
    }


def _found(world: World, id: str, kind: str) -> Obj:
    obj = world.store.get(id)
    if obj is None or obj["object"] != kind:
        raise no_such(kind, id)
    return obj


ID = r"/([A-Za-z0-9_]+)"
# fmt: off
CONTROLS: tuple[tuple[str, str, Control], ...] = (
    ("GET", "/clock", show_clock),
    ("POST", "/clock", set_clock),
    ("POST", "/deliver", deliver),
    ("GET", "/deliveries", list_deliveries),
    ("GET", "/faults", show_faults),
    ("POST", "/faults", plan_faults),
    ("POST", "/disputes", open_dispute),
    ("POST", "/early_fraud_warnings", warn_of_fraud),
    ("POST", f"/disputes{ID}/close", close_dispute),
    ("POST", f"/disputes{ID}/escalate", escalate_dispute),
    ("POST", f"/charges{ID}/return", return_debit),
    ("POST", f"/accounts{ID}/restrict", restrict_account),
    ("POST", f"/accounts{ID}/review", review_account),
    ("POST", f"/accounts{ID}/restore", restore_account),
    ("POST", f"/accounts{ID}/onboard", onboard_account),
    ("POST", f"/payouts{ID}/fail", fail_payout),
    ("POST", f"/events{ID}/resend", resend),
    ("POST", f"/endpoints{ID}/roll", roll_secret),
    ("POST", "/topups", top_up),
    ("GET", "/test_numbers", list_test_numbers),
)
# fmt: on
