"""What the provider's own books say, to be held against ours. Nothing here changes anything.

Each function may raise GatewayRefused or GatewayUnknown.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from payments.gateway import reading
from payments.gateway.base import (
    RemoteCharge,
    RemoteMovement,
    RemotePayout,
    RemoteRefund,
    RemoteTransfer,
)
from payments.gateway.outcomes import three_outcomes
from payments.gateway.stripe import client

PAGE = {"limit": 100}
# Chargebacks that took nothing, or gave it back. A lost one stands: the money is with the bank.
SETTLED = {"won", "warning_closed", "prevented"}


def balance(account: str = "") -> Counter[str]:
    """Minor units by currency, available and pending alike; of the platform without ``account``."""
    with three_outcomes():
        found = client().v1.balance.retrieve({}, _as(account))
    sums: Counter[str] = Counter()
    for entry in [*found.available, *found.pending]:
        sums[entry.currency.upper()] += entry.amount
    return sums


def movements(kind: str = "") -> Iterator[RemoteMovement]:
    """Of the platform's own balance, newest first; of one kind, or of all."""
    with three_outcomes():
        wanted = {**PAGE, "type": kind} if kind else PAGE
        found = client().v1.balance_transactions.list(wanted)
        yield from map(reading.movement_of, found.auto_paging_iter())


def charges() -> Iterator[RemoteCharge]:
    """Those that succeeded."""
    with three_outcomes():
        found = client().v1.charges.list({**PAGE, "expand": ["data.balance_transaction"]})
        for charge in found.auto_paging_iter():
            if charge.status == "succeeded":
                yield reading.charge_of(charge)


def is_charged_back(charge_id: str) -> bool:
    """Whether the payer's bank asks about it, wants it back or has it."""
    with three_outcomes():
        found = client().v1.disputes.list({**PAGE, "charge": charge_id})
        return any(one.status not in SETTLED for one in found.auto_paging_iter())


def refunds() -> Iterator[RemoteRefund]:
    with three_outcomes():
        yield from map(reading.refund_of, client().v1.refunds.list(PAGE).auto_paging_iter())


def transfers() -> Iterator[RemoteTransfer]:
    with three_outcomes():
        yield from map(reading.transfer_of, client().v1.transfers.list(PAGE).auto_paging_iter())


def payouts(account: str) -> Iterator[RemotePayout]:
    with three_outcomes():
        for payout in client().v1.payouts.list(PAGE, _as(account)).auto_paging_iter():
            yield reading.payout_of(payout, account)


def _as(account: str) -> Any:
    return {"stripe_account": account} if account else {}
