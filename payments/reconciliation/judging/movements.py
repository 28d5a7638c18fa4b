"""Any movement, by what moved it."""

from marketplace.common.money import in_words
from payments.gateway.base import (
    RemoteCharge,
    RemoteMovement,
    RemotePayout,
    RemoteRefund,
    RemoteTransfer,
)
from payments.gateway.reading import RETURNED
from payments.incoming.selectors import own_funds_key
from payments.reconciliation.findings import Finding, K
from payments.reconciliation.judging.charges import judge_charge
from payments.reconciliation.judging.payouts import judge_payout, judge_transfer
from payments.reconciliation.judging.refunds import judge_refund
from payments.reconciliation.judging.rows import Rows

# Movements of a payee's account that are the other side of ours, and are judged there.
MIRRORED = {"payment", "payment_refund", "transfer", "transfer_refund", RETURNED}


def judge_movement(movement: RemoteMovement, rows: Rows, *, account: str = "") -> list[Finding]:
    """By what moved it; of a payee's account, only what is no other side of ours."""
    thing = movement.of
    if isinstance(thing, RemotePayout) and account:
        found = judge_payout(thing, rows)
    elif account:
        found = None if movement.kind in MIRRORED else stranger(movement, account)
    elif movement.kind == RETURNED and isinstance(thing, RemoteCharge):
        found = _judge_return(movement, thing, rows)
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
        is_known = own_funds_key(movement) in rows.booked or not movement.net
        found = None if is_known else stranger(movement)
    return [found] if found else []


def _judge_return(movement: RemoteMovement, charge: RemoteCharge, rows: Rows) -> Finding | None:
    """A debit that its bank did not pay came and went: only what we count as paid is missing."""
    if movement.remote_id in rows.withdrawals:
        return None
    payment = rows.payments.get(charge.remote_id)
    if payment is None:
        named = rows.payments.get(charge.payment)
        if named is not None and named.succeeded_at is None:
            return None
        return None if own_funds_key(movement) in rows.booked else stranger(movement)
    words = in_words(movement.net, movement.currency)
    return Finding(
        K.DEBIT_RETURNED,
        object_id=movement.remote_id,
        about=payment.public_id,
        amount=movement.net,
        currency=movement.currency,
        theirs=f"The payer's bank did not leave it there: {words} ({charge.remote_id}).",
        ours=f"It is {payment.get_status_display().lower()}.",
        net=movement.net,
        heals=True,
    )


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


def stranger(movement: RemoteMovement, account: str = "") -> Finding:
    """It moved money, and is of nothing that we know."""
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
