"""A card holder's bank, at the sandbox of the provider: it takes money back, and gives it up or
keeps it.
"""

from typing import Any

from django.conf import settings

from projects.management.simulation.http import Instance, Surprise

# A payer pays nothing more with a card whose bank has money of theirs: these pay for nothing else.
CARDS_OF_BANKS = ("5555555555554444", "4000000000000077", "4000000000007726")
# Nor ever again with one whose bank has kept it.
CARDS_OF_KEEPERS = ("4000002760003184", "4000002500003155", "4000003800000446")


def take_back(instance: Instance, page: str, *, of_it: int = 1) -> str:
    """All that was paid on this pay page, or the part of it that is one ``of_it``; the provider's
    name of the demand.

    Where the answer was lost, and it was asked for again, it is the first demand all the same.
    """
    session = _told(instance, f"v1/checkout/sessions/{page.rpartition('/')[2]}")
    charge = _told(instance, f"v1/payment_intents/{session['payment_intent']}")["latest_charge"]
    amount = session["amount_total"] // of_it
    _order(instance, "disputes", {"charge": charge, "amount": amount})
    demands = _told(instance, f"v1/disputes?charge={charge}")["data"]
    if not demands:
        raise Surprise(f"The bank cannot take back what was paid at {page}.")
    return str(demands[0]["id"])


def give_up(instance: Instance, demand: str) -> None:
    """It has lost, and the money comes back; where that was said before, nothing happens."""
    _order(instance, f"disputes/{demand}/close", {"outcome": "won"})


def keep(instance: Instance, demand: str) -> None:
    """It has won, and what it took is gone for good."""
    _order(instance, f"disputes/{demand}/close", {"outcome": "lost"})


def _told(instance: Instance, path: str) -> dict[str, Any]:
    key = {"Authorization": f"Bearer {settings.STRIPE_SECRET_KEY}"}
    answer = instance.ask("GET", f"{settings.STRIPE_API_BASE}/{path}", headers=key)
    if not answer.ok:
        raise Surprise(f"The provider: GET {path} → {answer.status_code} {answer.text}")
    found: dict[str, Any] = answer.json()
    return found


def _order(instance: Instance, path: str, body: dict[str, Any]) -> None:
    instance.ask("POST", f"{settings.STRIPE_API_BASE}/_sandbox/{path}", json=body)
