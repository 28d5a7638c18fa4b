"""Account links and login links: the single-use addresses of the pages of an account."""

from __future__ import annotations

from stripe_sandbox.errors import StripeError, missing_parameter
from stripe_sandbox.events import iso
from stripe_sandbox.objects.accounts import account_of
from stripe_sandbox.params import Spec, one_of, shape, text, url
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World

LIFETIME = 600

PURPOSE: Spec = {
    "collection_options": shape(
        {
            "fields": one_of("currently_due", "eventually_due"),
            "future_requirements": one_of("include", "omit"),
        }
    ),
    "refresh_url*": url,
    "return_url": url,
}
CREATE: Spec = {
    "account*": text,
    "use_case*": shape(
        {
            "type*": one_of("account_onboarding", "account_update"),
            "account_onboarding": shape(PURPOSE),
            "account_update": shape(PURPOSE),
        }
    ),
}


def create(world: World, call: Call) -> Obj:
    account = account_of(world, call.params["account"])
    use = call.params["use_case"]
    if use["type"] not in use:
        raise missing_parameter(f"use_case[{use['type']}]")
    if account["configuration"]["recipient"] is None:
        raise StripeError("The account has no configuration to onboard.", param="account")
    token, now = new_id("", 32), world.now()
    purpose = {"collection_options": None, "return_url": None} | use[use["type"]]
    return world.store.save(
        {
            "_id": f"link_{token}",
            "object": "v2.core.account_link",
            "account": account["id"],
            "created": iso(now),
            "expires_at": iso(now + LIFETIME),
            "livemode": False,
            "url": f"{world.settings.base_url}/onboarding/{token}",
            "use_case": {
                "type": use["type"],
                "account_onboarding": None,
                "account_update": None,
                use["type"]: purpose,
            },
            "_created": now,
            "_expires": now + LIFETIME,
            "_used": False,
        }
    )


def log_in(world: World, call: Call) -> Obj:
    """To the dashboard of an account that has been through onboarding."""
    account = account_of(world, call.ids["id"])
    if account["dashboard"] != "express":
        raise StripeError("You can only create login links for accounts that use Express.")
    if account["_bank"] is None:
        raise StripeError(
            "Cannot create a login link for an account that has not completed onboarding."
        )
    token, now = new_id("", 32), world.now()
    link = {
        "object": "login_link",
        "created": now,
        "url": f"{world.settings.base_url}/dashboard/{token}",
    }
    kept = {
        "_id": f"login_{token}",
        "account": account["id"],
        "_created": now,
        "_expires": now + LIFETIME,
        "_used": False,
    }
    world.store.save(link | kept)
    return link


def login_of(world: World, token: str) -> Obj | None:
    return world.store.get(f"login_{token}")


def link_of(world: World, token: str) -> Obj | None:
    return world.store.get(f"link_{token}")


def is_open(world: World, link: Obj) -> bool:
    return not link["_used"] and world.now() < link["_expires"]


def purpose_of(link: Obj) -> Obj:
    return link["use_case"][link["use_case"]["type"]]
