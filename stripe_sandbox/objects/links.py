"""Account links: the single-use address of the onboarding page."""

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


def link_of(world: World, token: str) -> Obj | None:
    return world.store.get(f"link_{token}")


def is_open(world: World, link: Obj) -> bool:
    return not link["_used"] and world.now() < link["_expires"]


def purpose_of(link: Obj) -> Obj:
    return link["use_case"][link["use_case"]["type"]]
