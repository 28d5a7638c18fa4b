"""Balances: every movement is a balance transaction, and the sum of their nets is the balance."""

from __future__ import annotations

from stripe_sandbox.countries import currency_of
from stripe_sandbox.errors import StripeError, insufficient_balance, no_such
from stripe_sandbox.lists import listing, page_of
from stripe_sandbox.money import written
from stripe_sandbox.params import Spec, currency, text
from stripe_sandbox.store import Obj, new_id
from stripe_sandbox.world import Call, World, later

REPORTING_CATEGORY = {
    "payment": "charge",
    "payment_refund": "refund",
    "transfer_refund": "transfer_reversal",
    "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal",
}


def move(
    world: World,
    *,
    account: str,
    type: str,
    amount: int,
    currency: str,
    source: str,
    fee: int = 0,
    fee_type: str = "stripe_fee",
    description: str | None = None,
    available_on: int | None = None,
    reporting_category: str | None = None,
) -> Obj:
    """Write one balance transaction: the only way that a balance changes."""
    now = world.now()
    due = max(now, available_on or 0)
    fee_details = []
    if fee:
        fee_details.append(
            {
                "amount": fee,
                "application": None,
                "currency": currency,
                "description": "Stripe processing fees",
                "type": fee_type,
            }
        )
    world.store.run(
        "INSERT INTO movements (account, currency, available_on, net) VALUES (?, ?, ?, ?)",
        account,
        currency,
        due,
        amount - fee,
    )
    if not account and amount > fee:
        later(world, "refund.sweep", due - now)  # some refund may be waiting for this
    if account and amount > fee:
        later(world, "payout.automatic", due - now + until_midnight(due), account=account)
    return world.store.save(
        {
            "id": new_id("txn_"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": due,
            "balance_type": "payments",
            "created": now,
            "currency": currency,
            "description": description,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": fee_details,
            "net": amount - fee,
            "reporting_category": reporting_category or REPORTING_CATEGORY.get(type, type),
            "source": source,
            "status": "pending",  # told anew at each reading
            "type": type,
            "_account": account,
        }
    )


def until_midnight(moment: int) -> int:
    return 86_400 - moment % 86_400


def available(world: World, account: str, currency: str) -> int:
    return _sums(world, account, currency)[0]


def pending(world: World, account: str, currency: str) -> int:
    return _sums(world, account, currency)[1]


def _sums(world: World, account: str, currency: str) -> tuple[int, int]:
    now = world.now()
    return world.store.run(
        "SELECT COALESCE(SUM(net) FILTER (WHERE available_on <= ?), 0),"
        " COALESCE(SUM(net) FILTER (WHERE available_on > ?), 0)"
        " FROM movements WHERE account = ? AND currency = ?",
        now,
        now,
        account,
        currency,
    )[0]


def demand(world: World, account: str, currency: str, amount: int, what: str) -> None:
    """Refuse what the available balance does not cover."""
    there = available(world, account, currency)
    if there < amount:
        raise insufficient_balance(
            f"You have insufficient available funds for this {what}: it needs"
            f" {written(amount, currency)}, and {written(there, currency)} are available."
            " Pending funds become available on their own."
        )


def retrieve(world: World, call: Call) -> Obj:
    account = call.account
    currencies = currencies_of(world, account) or [_own_currency(world, account)]
    body: Obj = {
        "object": "balance",
        "available": [_entry(available(world, account, c), c) for c in currencies],
        "livemode": False,
        "pending": [_entry(pending(world, account, c), c) for c in currencies],
    }
    if not account:
        body["connect_reserved"] = [{"amount": 0, "currency": c} for c in currencies]
    return body


def currencies_of(world: World, account: str) -> list[str]:
    rows = world.store.run(
        "SELECT DISTINCT currency FROM movements WHERE account = ? ORDER BY currency", account
    )
    return [currency for (currency,) in rows]


def _own_currency(world: World, account: str) -> str:
    owner = world.store.get(account) if account else None
    return owner["_currency"] if owner else currency_of(None)


def _entry(amount: int, currency: str) -> Obj:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


LIST_TRANSACTIONS: Spec = listing(currency=currency, payout=text, source=text, type=text)


def list_transactions(world: World, call: Call) -> Obj:
    if (payout := call.params.get("payout")) is not None:
        if world.store.position("payout", call.account, payout) is None:
            raise no_such("payout", payout, param="payout", status=400)
        call.params["payout"] = payout
    return page_of(
        world,
        call,
        "balance_transaction",
        "/v1/balance_transactions",
        currency="currency",
        payout="_payout",  # only automatic payouts say what they are made of
        source="source",
        type="type",
    )


def retrieve_transaction(world: World, call: Call) -> Obj:
    return found(world, call, "balance_transaction", call.ids["id"])


def demand_platform(call: Call) -> None:
    if call.account:
        raise StripeError("This sandbox takes payments on the platform only.")


def found(world: World, call: Call, kind: str, id: str, *, noun: str | None = None) -> Obj:
    """The object of that kind and account, or 404."""
    obj = world.store.get(id)
    if obj is None or obj["object"] != kind or obj.get("_account", "") != call.account:
        raise no_such(noun or kind, id)
    return obj
