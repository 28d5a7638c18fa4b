"""What is asked of a connected account, and what it may do until it is there."""

from __future__ import annotations

from typing import Any

from stripe_sandbox.banks import Bank
from stripe_sandbox.countries import currency_of
from stripe_sandbox.events import emit_thin, iso
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import World, job, later

TRANSFERS = "stripe_balance.stripe_transfers"
CAPABILITY_UPDATED = "v2.core.account[configuration.recipient].capability_status_updated"
REQUIREMENTS_UPDATED = "v2.core.account[requirements].updated"
DOCUMENT = "identity.individual.documents.primary_verification"
ACTIVE: Obj = {"status": "active", "status_details": []}
PENDING: Obj = {
    "status": "pending",
    "status_details": [
        {"code": "requirements_pending_verification", "resolution": "no_resolution"}
    ],
}
ASKED_AT_FIRST = (
    "identity.individual.given_name",
    "identity.individual.surname",
    "identity.individual.date_of_birth",
    "configuration.recipient.default_outbound_destination",
)


def restricted(code: str = "requirements_past_due") -> Obj:
    return {
        "status": "restricted",
        "status_details": [{"code": code, "resolution": "provide_info"}],
    }


def name_person(world: World, account: Obj, **known: Any) -> None:
    now = iso(world.now())
    old = account["identity"]["individual"] or {
        "account": account["id"], "created": now, "email": None, "given_name": None,
        "id": new_id("person_", 24), "object": "v2.core.account_person", "phone": None,
        "surname": None,
    }  # fmt: skip
    account["identity"]["individual"] = old | known | {"updated": now}


def asks_nothing(account: Obj) -> bool:
    return not (account["requirements"] or {}).get("entries")


def can_receive(account: Obj) -> bool:
    return _status(account, "stripe_transfers") == "active"


def can_pay_out(account: Obj) -> bool:
    return _status(account, "payouts") == "active"


def _status(account: Obj, capability: str) -> str | None:
    recipient = account["configuration"]["recipient"]
    if account["closed"] or recipient is None:
        return None
    return recipient["capabilities"]["stripe_balance"][capability]["status"]


def onboard(world: World, account: Obj, *, name: str, country: str, bank: Bank) -> None:
    """What the person at the onboarding page handed in."""
    given, _, surname = name.rpartition(" ")
    name_person(world, account, given_name=given or surname, surname=surname)
    account["identity"] |= {"country": country.lower(), "entity_type": "individual"}
    account["_currency"] = account["_currency"] or currency_of(country.upper())
    _take_bank(world, account, name, bank)
    if bank.keeps_requirements_due:
        require(world, account, (DOCUMENT,))
    elif bank.reviewed_first:
        review(world, account)
        later(world, "account.reviewed", world.settings.payout_delay, account_id=account["id"])
    else:
        clear(world, account)


def change_bank(world: World, account: Obj, bank: Bank) -> None:
    """What the person at the dashboard changed; what they may do stays as it is."""
    individual = account["identity"]["individual"]
    name = " ".join(n for n in (individual["given_name"], individual["surname"]) if n)
    _take_bank(world, account, name, bank)
    emit_thin(world, "v2.core.account.updated", world.store.save(account)["id"])


def _take_bank(world: World, account: Obj, name: str, bank: Bank) -> None:
    country = account["identity"]["country"]
    bank_account = world.store.save(_bank_account(account, name, country, bank))
    account["_bank"] = bank_account["id"]
    account["defaults"]["payout_methods"] = {account["_currency"]: bank_account["id"]}


def _bank_account(account: Obj, name: str, country: str, bank: Bank) -> Obj:
    return {
        "id": new_id("ba_"),
        "object": "bank_account",
        "account": account["id"],
        "account_holder_name": name,
        "account_holder_type": "individual",
        "account_type": None,
        "available_payout_methods": ["standard"],
        "bank_name": "SANDBOX BANK",
        "country": country.upper(),
        "currency": account["_currency"],
        "default_for_currency": True,
        "fingerprint": f"sandbox{bank.number[-4:]}",
        "last4": bank.number[-4:],
        "metadata": {},
        "routing_number": "110000000",
        "status": "new",
        "_number": bank.number,
        "_created": 0,
        "_account": account["id"],
    }


def require(
    world: World, account: Obj, what: tuple[str, ...], *, code: str = "requirements_past_due"
) -> None:
    """Ask for something, and restrict what depends on it until it is there."""
    _ask(account, [_entry(one, "past_due") for one in what], "past_due")
    _set_capabilities(world, account, restricted(code))


def require_by(world: World, account: Obj, what: tuple[str, ...], deadline: int) -> None:
    """Ask for something in time: all stays as it is until the deadline has passed."""
    _ask(account, [_entry(one, "currently_due") for one in what], "currently_due", deadline)
    emit_thin(world, REQUIREMENTS_UPDATED, world.store.save(account)["id"])
    wait = deadline - world.now()
    later(world, "account.deadline", wait, account_id=account["id"], deadline=deadline)


@job("account.deadline")
def miss_deadline(world: World, *, account_id: str, deadline: int) -> None:
    account = world.store.get(account_id)
    assert account is not None
    if account.get("_deadline") == deadline and not account["closed"]:
        what = tuple(entry["description"] for entry in account["requirements"]["entries"])
        require(world, account, what)


def review(world: World, account: Obj) -> None:
    """All is handed in, and Stripe looks at it: nobody can do anything but wait."""
    entry = _entry(DOCUMENT, "currently_due") | {"awaiting_action_from": "stripe"}
    _ask(account, [entry], "currently_due")
    _set_capabilities(world, account, PENDING)


@job("account.reviewed")
def end_review(world: World, *, account_id: str) -> None:
    account = world.store.get(account_id)
    assert account is not None
    if not account["closed"] and _status(account, "stripe_transfers") == "pending":
        clear(world, account)


def clear(world: World, account: Obj) -> None:
    _ask(account, [])
    _set_capabilities(world, account, ACTIVE)


def _ask(
    account: Obj, entries: list[Obj], status: str | None = None, deadline: int | None = None
) -> None:
    due = {"status": status, "time": iso(deadline) if deadline is not None else None}
    account["requirements"] = {
        "alternatives": None,
        "entries": entries,
        "summary": {"minimum_deadline": due} if entries else None,
    }
    account["_deadline"] = deadline


def _set_capabilities(world: World, account: Obj, state: Obj) -> None:
    capabilities = account["configuration"]["recipient"]["capabilities"]["stripe_balance"]
    before = capabilities["stripe_transfers"]["status"]
    capabilities |= {"payouts": state, "stripe_transfers": state}
    world.store.save(account)
    emit_thin(world, REQUIREMENTS_UPDATED, account["id"])
    if state["status"] != before:
        emit_thin(world, CAPABILITY_UPDATED, account["id"], {"updated_capability": TRANSFERS})


def _entry(description: str, status: str) -> Obj:
    return {
        "awaiting_action_from": "user",
        "description": description,
        "errors": [],
        "impact": {
            "restricts_capabilities": [
                {
                    "capability": TRANSFERS,
                    "configuration": "recipient",
                    "deadline": {"status": status},
                }
            ]
        },
        "minimum_deadline": {"status": status},
        "reference": None,
        "requested_reasons": [{"code": "routine_onboarding"}],
    }
