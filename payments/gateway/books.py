"""What the provider's own books say, to be held against ours. Nothing here changes anything.

Each function may raise GatewayRefused or GatewayUnknown.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from payments.gateway import reading
from payments.gateway.base import MovementsPage, RemoteMovement, RemoteTransfer
from payments.gateway.connecting import client
from payments.gateway.outcomes import three_outcomes

PAGE = {"limit": 100}


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


def movements_page(
    *, account: str = "", since: datetime | None, until: datetime, after: str = ""
) -> MovementsPage:
    """What was booked from ``since`` (None: ever) to ``until``, each with what moved it.

    One call; newest first, from behind the movement ``after``.
    """
    created = {"lte": int(until.timestamp())}
    if since is not None:
        created["gte"] = int(since.timestamp())
    wanted: Any = {**PAGE, "created": created, "expand": ["data.source"]}
    if after:
        wanted["starting_after"] = after
    with three_outcomes():
        found = client().v1.balance_transactions.list(wanted, _as(account))
    read = [reading.movement_of(one, account) for one in found.data]
    return MovementsPage(read, after=read[-1].remote_id if found.has_more and read else "")


def transfer(remote_id: str) -> RemoteTransfer:
    with three_outcomes():
        return reading.transfer_of(client().v1.transfers.retrieve(remote_id))


def movement(remote_id: str, *, account: str = "") -> RemoteMovement:
    with three_outcomes():
        wanted: Any = {"expand": ["source"]}
        found = client().v1.balance_transactions.retrieve(remote_id, wanted, _as(account))
    return reading.movement_of(found, account)


def _as(account: str) -> Any:
    return {"stripe_account": account} if account else {}
