"""Connected accounts of v2: who they are, what they may do, what is still asked of them."""

from __future__ import annotations

import json
from typing import Any

from stripe_sandbox.countries import COUNTRIES, currency_of
from stripe_sandbox.errors import StripeError, invalid_parameter, no_such
from stripe_sandbox.events import emit_thin, iso
from stripe_sandbox.lists import page_of_v2, page_size
from stripe_sandbox.objects.capabilities import (
    ASKED_AT_FIRST,
    name_person,
    require,
    restricted,
)
from stripe_sandbox.params import (
    Spec,
    boolean,
    currency,
    merged_metadata,
    metadata,
    one_of,
    shape,
    strings,
    text,
)
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World

INCLUDABLE = (
    "configuration.customer",
    "configuration.merchant",
    "configuration.recipient",
    "defaults",
    "future_requirements",
    "identity",
    "requirements",
)

REQUESTED: Spec = {"requested*": boolean}
FIELDS: Spec = {
    "configuration": shape(
        {
            "recipient": shape(
                {
                    "applied": boolean,
                    "capabilities": shape(
                        {"stripe_balance": shape({"stripe_transfers": shape(REQUESTED)})}
                    ),
                }
            )
        }
    ),
    "contact_email": text,
    "contact_phone": text,
    "dashboard": one_of("express", "full", "none"),
    "defaults": shape(
        {
            "currency": currency,
            "locales": strings,
            "profile": shape(
                {"business_url": text, "doing_business_as": text, "product_description": text}
            ),
            "responsibilities": shape(
                {
                    "fees_collector*": one_of(
                        "application", "application_custom", "application_express", "stripe"
                    ),
                    "losses_collector*": one_of("application", "stripe"),
                }
            ),
        }
    ),
    "display_name": text,
    "identity": shape(
        {
            "country": text,
            "entity_type": one_of("company", "government_entity", "individual", "non_profit"),
            "individual": shape(
                {"email": text, "given_name": text, "phone": text, "surname": text}
            ),
        }
    ),
    "include": strings,
    "metadata": metadata,
}


def create(world: World, call: Call) -> Obj:
    p = call.params
    id, now = new_id("acct_", 16), world.now()
    identity = p.get("identity", {})
    country = (identity.get("country") or "US").upper()
    if country not in COUNTRIES:
        raise StripeError(f"Invalid country: {country}", param="identity.country", begun=False)
    recipient = p.get("configuration", {}).get("recipient")
    account: Obj = {
        "id": id,
        "object": "v2.core.account",
        "applied_configurations": ["recipient"] if recipient is not None else [],
        "closed": False,
        "configuration": {"customer": None, "merchant": None, "recipient": None},
        "contact_email": p.get("contact_email"),
        "contact_phone": p.get("contact_phone"),
        "created": iso(now),
        "dashboard": p.get("dashboard", "none"),
        "defaults": {
            "currency": p.get("defaults", {}).get("currency", currency_of(country)),
            "locales": None,
            "payout_methods": None,
            "profile": None,
            "responsibilities": None,
        },
        "display_name": p.get("display_name"),
        "future_requirements": None,
        "identity": {
            "attestations": None,
            "business_details": None,
            "country": country.lower(),
            "entity_type": identity.get("entity_type"),
            "individual": None,
        },
        "livemode": False,
        "metadata": merged_metadata({}, p.get("metadata")),
        "requirements": None,
        "_created": now,
        "_bank": None,
        "_currency": None,
    }
    account["_currency"] = account["defaults"]["currency"]
    _apply_nested(world, account, p)
    world.store.save(account)
    emit_thin(world, "v2.core.account.created", id)
    if account["configuration"]["recipient"] is not None:
        require(world, account, ASKED_AT_FIRST)
    return included(account, p.get("include"))


def _apply_nested(world: World, account: Obj, p: Obj) -> None:
    defaults, recipient = p.get("defaults", {}), p.get("configuration", {}).get("recipient")
    for name in ("currency", "locales"):
        account["defaults"][name] = defaults.get(name, account["defaults"][name])
    if "profile" in defaults:
        account["defaults"]["profile"] = {
            "business_url": None, "doing_business_as": None, "product_description": None,
        } | defaults["profile"]  # fmt: skip
    if "responsibilities" in defaults:
        account["defaults"]["responsibilities"] = {
            **defaults["responsibilities"],
            "requirements_collector": "stripe",
        }
    if individual := p.get("identity", {}).get("individual"):
        name_person(world, account, **individual)
    if recipient is not None and account["configuration"]["recipient"] is None:
        account["configuration"]["recipient"] = {
            "applied": True,
            "capabilities": {
                "bank_accounts": None,
                "cards": None,
                "stripe_balance": {"payouts": restricted(), "stripe_transfers": restricted()},
            },
        }


# -- reading and changing -------------------------------------------------


def included(account: Obj, include: list[str] | None) -> Obj:
    """Whatever is not asked for is null."""
    for name in include or ():
        if name not in INCLUDABLE:
            raise StripeError(f"Invalid include: {name}", param="include", begun=False)
    seen = {name: value for name, value in account.items() if not name.startswith("_")}
    wanted = set(include or ())
    parts = {
        part: value if f"configuration.{part}" in wanted else None
        for part, value in account["configuration"].items()
    }
    configured = any(name.startswith("configuration.") for name in wanted)
    seen["configuration"] = parts if configured else None
    for name in ("defaults", "future_requirements", "identity", "requirements"):
        if name not in wanted:
            seen[name] = None
    return seen


def account_of(world: World, id: str) -> Obj:
    account = world.store.get(id)
    if account is None or account["object"] != "v2.core.account":
        raise no_such("account", id)
    return account


RETRIEVE: Spec = {"include": strings}


def retrieve(world: World, call: Call) -> Obj:
    return included(account_of(world, call.ids["id"]), call.params.get("include"))


def update(world: World, call: Call) -> Obj:
    p, account = call.params, account_of(world, call.ids["id"])
    had_recipient = account["configuration"]["recipient"] is not None
    for name in ("contact_email", "contact_phone", "dashboard", "display_name"):
        account[name] = p.get(name, account[name])
    account["metadata"] = merged_metadata(account["metadata"], p.get("metadata"))
    if country := p.get("identity", {}).get("country"):
        account["identity"]["country"] = country.lower()
    _apply_nested(world, account, p)
    if account["configuration"]["recipient"] is not None and not had_recipient:
        account["applied_configurations"] = ["recipient"]
        require(world, account, ASKED_AT_FIRST)
    world.store.save(account)
    emit_thin(world, "v2.core.account.updated", account["id"])
    return included(account, p.get("include"))


CONFIGURATIONS = frozenset({"customer", "merchant", "recipient"})


def _configurations(value: Any, name: str) -> list[str]:
    found = strings(value, name)
    for one in found:
        if one not in CONFIGURATIONS:
            raise invalid_parameter(f"Invalid configuration: {one}", name)
    return found


CLOSE: Spec = {"applied_configurations": _configurations}


def close(world: World, call: Call) -> Obj:
    """Whoever names its configurations must name them all."""
    account = account_of(world, call.ids["id"])
    named = call.params.get("applied_configurations")
    if named is not None and set(named) != set(account["applied_configurations"]):
        raise StripeError(
            "All configurations that are applied to the account must be given to close it.",
            param="applied_configurations",
        )
    held = world.store.run(
        "SELECT SUM(net) FROM movements WHERE account = ? GROUP BY currency", account["id"]
    )
    if any(total for (total,) in held):
        raise StripeError("An account with a balance cannot be closed.")
    account["closed"] = True
    emit_thin(world, "v2.core.account.closed", world.store.save(account)["id"])
    return included(account, None)


HAS_ALL = (
    "NOT EXISTS (SELECT value FROM json_each(?) EXCEPT"
    " SELECT value FROM json_each(body, '$.applied_configurations'))"
)
LIST: Spec = {
    "applied_configurations": _configurations,
    "closed": boolean,
    "limit": page_size,
    "page": text,
}


def list_accounts(world: World, call: Call) -> Obj:
    """Only the accounts that have all of the configurations asked for."""
    where = {"closed": call.params.get("closed", False)}
    wanted = json.dumps(call.params.get("applied_configurations", []))
    page = page_of_v2(world, call, "v2.core.account", and_also=((HAS_ALL, wanted),), **where)
    return page | {"data": [included(account, None) for account in page["data"]]}
