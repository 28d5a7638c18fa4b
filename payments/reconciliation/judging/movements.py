"""Any movement, by what moved it."""

from marketplace.common.money import in_words
from payments.gateway.base import (
    RemoteCharge,
    RemoteMovement,
    RemotePayout,
    RemoteRefund,
    RemoteTransfer,
)
from payments.incoming.selectors import own_funds_key
from payments.reconciliation.findings import Finding, K
from payments.reconciliation.judging.charges import judge_charge
from payments.reconciliation.judging.payouts import judge_payout, judge_transfer
from payments.reconciliation.judging.refunds import judge_refund
from payments.reconciliation.judging.rows import Rows

# Movements of a payee's account that are the other side of ours, and are judged there.
MIRRORED = {"payment", "payment_refund", "transfer", "transfer_refund", "payment_failure_refund"}


def judge_movement(movement: RemoteMovement, rows: Rows, *, account: str = "") -> list[Finding]:
    """By what moved it; of a payee's account, only what is no other side of ours."""
    thing = movement.of
    if isinstance(thing, RemotePayout) and account:
        found = judge_payout(thing, rows)
    elif account:
        found = None if movement.kind in MIRRORED else _stranger(movement, account)
    elif isinstance(thing, RemoteCharge):
        found = judge_charge(thing, rows, net=movement.net)
    elif isinstance(thing, RemoteRefund):
        found = judge_refund(thing, rows)
    elif isinstance(thing, RemoteTransfer):
        found = judge_transfer(thing, rows)
    elif movement.remote_id in rows.withdrawals:
        found = None
    elif _is_of_chargeback(movement):
        found = _unheard_chargeback(movement)
    else:  # a payout of the platform's own is of this kind, too
        found = None if own_funds_key(movement) in rows.booked else _stranger(movement)
    return [found] if found else []


def _is_of_chargeback(movement: RemoteMovement) -> bool:
    """The provider calls it a dispute, and what it moves an adjustment."""
    return movement.kind == "adjustment" and movement.source.startswith(("du_", "dp_"))


def _unheard_chargeback(movement: RemoteMovement) -> Finding:
    words = in_words(movement.net, movement.currency)
    return Finding(
        K.CHARGEBACK_UNNOTED,
        object_id=movement.remote_id,
        amount=movement.net,
        currency=movement.currency,
        theirs=f"A payer's bank moved {words} ({movement.source}).",
        ours="No chargeback of ours has booked it.",
        net=movement.net,
        heals=True,
    )


def _stranger(movement: RemoteMovement, account: str = "") -> Finding:
    words = in_words(movement.net, movement.currency)
    return Finding(
        K.MOVEMENT,
        object_id=movement.remote_id,
        account=account,
        amount=movement.net,
        currency=movement.currency,
        theirs=f"{movement.kind.replace('_', ' ').capitalize()} of {words} ({movement.source}).",
        ours="No deed of ours makes it.",
        net=0 if account else movement.net,
        deed="" if account else "own_funds",
    )
