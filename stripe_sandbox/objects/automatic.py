"""Automatic payouts: at midnight (UTC) whatever is available leaves by itself.

Connected accounts are born with this schedule, as the real ones are: a platform
that wants to decide for itself must set it to manual.
"""

from __future__ import annotations

from stripe_sandbox.objects.balance import available, currencies_of
from stripe_sandbox.objects.capabilities import can_pay_out
from stripe_sandbox.objects.payouts import send
from stripe_sandbox.objects.settings import pays_out_by_itself
from stripe_sandbox.world import World, job


@job("payout.automatic")
def pay_out(world: World, *, account: str) -> None:
    owner = world.store.get(account)
    assert owner is not None
    bank_account = world.store.get(owner["_bank"]) if owner["_bank"] else None
    if not (bank_account and can_pay_out(owner) and pays_out_by_itself(world, account)):
        return
    for currency in currencies_of(world, account):
        amount = available(world, account, currency)
        if amount > 0 and bank_account["status"] != "errored":
            payout = send(
                world,
                account=account,
                amount=amount,
                currency=currency,
                destination=bank_account["id"],
                description="STRIPE PAYOUT",
                automatic=True,
            )
            _explain(world, account, currency, payout["id"])


def _explain(world: World, account: str, currency: str, payout_id: str) -> None:
    """Note which transactions went out, for the list by payout."""
    ready = world.store.find(
        "balance_transaction",
        account,
        where={"currency": currency},
        clauses=(("json_extract(body, '$.available_on') <= ?", world.now()),),
    )
    for transaction in ready:
        if "_payout" not in transaction:
            world.store.save(transaction | {"_payout": payout_id})
