"""What is asked of a connected account, and what it may do until it is there."""

from __future__ import annotations

from typing import Any

from stripe_sandbox.banks import Bank
from stripe_sandbox.countries import currency_of
from stripe_sandbox.events import emit_thin, iso
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import World

TRANSFERS = "stripe_balance.stripe_transfers"
CAPABILITY_UPDATED = "v2.core.account[configuration.recipient].capability_status_updated"
REQUIREMENTS_UPDATED = "v2.core.account[requirements].updated"
ACTIVE: Obj = {"status": "active", "status_details": []}
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
    bank_account = world.store.save(_bank_account(account, name, country, bank))
    account["_bank"] = bank_account["id"]
    account["defaults"]["payout_methods"] = {account["_currency"]: bank_account["id"]}
    if bank.keeps_requirements_due:
        require(world, account, ("identity.individual.documents.primary_verification",))
    else:
        clear(world, account)


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
    account["requirements"] = {
        "alternatives": None,
        "entries": [_entry(one) for one in what],
        "summary": {"minimum_deadline": {"status": "past_due", "time": None}},
    }
    _set_capabilities(world, account, restricted(code))


def clear(world: World, account: Obj) -> None:
    account["requirements"] = {"alternatives": None, "entries": [], "summary": None}
    _set_capabilities(world, account, ACTIVE)


def _set_capabilities(world: World, account: Obj, state: Obj) -> None:
    capabilities = account["configuration"]["recipient"]["capabilities"]["stripe_balance"]
    before = capabilities["stripe_transfers"]["status"]
    capabilities |= {"payouts": state, "stripe_transfers": state}
    world.store.save(account)
    emit_thin(world, REQUIREMENTS_UPDATED, account["id"])
    if state["status"] != before:
        emit_thin(world, CAPABILITY_UPDATED, account["id"], {"updated_capability": TRANSFERS})


def _entry(description: str) -> Obj:
    return {
        "awaiting_action_from": "user",
        "description": description,
        "errors": [],
        "impact": {
            "restricts_capabilities": [
                {
                    "capability": TRANSFERS,
                    "configuration": "recipient",
                    "deadline": {"status": "past_due"},
                }
            ]
        },
        "minimum_deadline": {"status": "past_due"},
        "reference": None,
        "requested_reasons": [{"code": "routine_onboarding"}],
    }
