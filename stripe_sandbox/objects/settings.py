"""Balance settings: when an account's money is paid out by itself."""

from __future__ import annotations

import json

from stripe_sandbox.events import differences, emit
from stripe_sandbox.params import Spec, boolean, integer, one_of, shape, text
from stripe_sandbox.store import Obj
from stripe_sandbox.world import Call, World

UPDATE: Spec = {
    "payments": shape(
        {
            "debit_negative_balances": boolean,
            "payouts": shape(
                {
                    "schedule": shape({"interval": one_of("manual", "daily")}),
                    "statement_descriptor": text,
                }
            ),
            "settlement_timing": shape({"delay_days_override": integer}),
        }
    )
}


def _settings(world: World, account: str) -> Obj:
    """The platform pays out by hand; connected accounts by themselves, until told otherwise."""
    first: Obj = {
        "object": "balance_settings",
        "payments": {
            "debit_negative_balances": False,
            "payouts": {
                "automatic_transfer_rules_by_currency": {},  # null breaks the SDK
                "minimum_balance_by_currency": None,
                "schedule": {"interval": "daily" if account else "manual"},
                "statement_descriptor": None,
                "status": "enabled",
            },
            "settlement_timing": {"delay_days": 2, "start_of_day": None},
        },
    }
    return json.loads(world.store.fact(f"balance_settings:{account}", json.dumps(first)))


def pays_out_by_itself(world: World, account: str) -> bool:
    return _settings(world, account)["payments"]["payouts"]["schedule"]["interval"] == "daily"


def retrieve(world: World, call: Call) -> Obj:
    return _settings(world, call.account)


def update(world: World, call: Call) -> Obj:
    settings, change = _settings(world, call.account), call.params.get("payments", {})
    before = _settings(world, call.account)
    payments = settings["payments"]
    if "debit_negative_balances" in change:
        payments["debit_negative_balances"] = change["debit_negative_balances"]
    payments["payouts"] |= change.get("payouts", {})
    if (days := change.get("settlement_timing", {}).get("delay_days_override")) is not None:
        payments["settlement_timing"] |= {"delay_days": days, "delay_days_override": days}
    world.store.note(f"balance_settings:{call.account}", json.dumps(settings))
    told = differences(before, settings)
    emit(world, "balance_settings.updated", settings | {"_account": call.account}, before=told)
    return settings
