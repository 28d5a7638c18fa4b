"""Money back."""

from typing import Any

from marketplace.common.money import in_words
from payments.escrow.outside.selectors import effect_of
from payments.fundings.models import Payment
from payments.gateway.base import RemoteRefund, State
from payments.reconciliation.findings import SAID, UNASKED, Finding, K, facts_of
from payments.reconciliation.judging.rows import Rows
from payments.refunds.models import Refund
from payments.refunds.rules import PAID_OTHERWISE


def judge_refund(remote: RemoteRefund, rows: Rows) -> Finding | None:
    refund = rows.refunds.get(remote.remote_id)
    named = refund or rows.refunds.get(remote.refund)
    about = facts_of(remote)
    gone = remote.amount if remote.booked and remote.state != State.FAILED else 0
    sent = f"{in_words(remote.amount, remote.currency)} were refunded: {SAID[remote.state]}."
    if named is not None and named.status in PAID_OTHERWISE:
        return _judge_refund_paid_otherwise(named, remote, sent, about)
    if refund is not None:
        return _judge_known_refund(refund, remote, about)
    if named is not None and remote.state == State.FAILED:
        return None  # an earlier attempt, replaced by another
    if named is not None and not named.remote_id:
        return Finding(
            K.REFUND_STATE, theirs=sent, ours=f"It is {named.get_status_display().lower()}.",
            about=named.public_id, net=-gone, heals=True, **about,
        )  # fmt: skip
    if named is not None:
        return Finding(
            K.REFUND_TWICE, theirs=sent, ours=f"It was refunded by {named.remote_id}.",
            about=named.public_id, net=-gone, deed=_deed_for(remote, named.payment), **about,
        )  # fmt: skip
    payment = rows.payments.get(remote.charge_id)
    if payment is None:
        return Finding(
            K.REFUND_FOREIGN, theirs=sent, ours="Its charge is not ours.", net=-gone,
            deed="own_funds", **about,
        )  # fmt: skip
    return Finding(
        K.REFUND_FOREIGN, theirs=sent, ours=UNASKED, about=payment.public_id, net=-gone,
        deed=_deed_for(remote, payment), **about,
    )  # fmt: skip


def _judge_refund_paid_otherwise(
    refund: Refund, remote: RemoteRefund, sent: str, about: dict[str, Any]
) -> Finding | None:
    """The payer has it by another way, and the provider could not. Had it, it went twice."""
    if remote.state == State.FAILED:
        return None
    return Finding(
        K.REFUND_TWICE, theirs=sent, ours=PAID_OTHERWISE[Refund.Status(refund.status)],
        about=refund.public_id, net=-remote.amount if remote.booked else 0,
        deed=_deed_for(remote, refund.payment), **about,
    )  # fmt: skip


def _deed_for(remote: RemoteRefund, payment: Payment) -> str:
    if twin_of(remote.amount, payment):
        return "match_refund"
    if remote.amount > payment.left:
        return "own_funds"  # its bank had taken the money already: it went twice
    effect = effect_of(payment, remote.amount)
    if effect.takes == remote.amount:
        return "take_from_held"
    return "bear_refund" if effect.can_be_borne else "take_and_bear"


def twin_of(amount: int, payment: Payment) -> Refund | None:
    """Our refund of the same payment and amount that has not reached the provider."""
    waiting = (Refund.Status.REQUESTED, Refund.Status.FAILED)
    return payment.refunds.filter(amount=amount, status__in=waiting).order_by("pk").first()


def _judge_known_refund(
    refund: Refund, remote: RemoteRefund, about: dict[str, Any]
) -> Finding | None:
    if (remote.amount, remote.currency) != (refund.amount, refund.currency):
        return Finding(
            K.REFUND_AMOUNT, about=refund.public_id, net=refund.amount - remote.amount,
            theirs=f"It is of {in_words(remote.amount, remote.currency)}.",
            ours=f"It is of {in_words(refund.amount, refund.currency)}.", **about,
        )  # fmt: skip
    status = Refund.Status(refund.status)
    expected = {Refund.Status.SUCCEEDED: State.DONE, Refund.Status.FAILED: State.FAILED}
    if remote.state == expected.get(status, State.PENDING):
        return None
    booked = status == Refund.Status.SUCCEEDED
    left = remote.booked and remote.state != State.FAILED
    return Finding(
        K.REFUND_STATE, theirs=f"It is {SAID[remote.state]}.",
        ours=f"It is {status.label.lower()}.",
        about=refund.public_id, net=(int(booked) - int(left)) * refund.amount, heals=True, **about,
    )  # fmt: skip
