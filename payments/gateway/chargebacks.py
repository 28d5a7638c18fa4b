"""What the provider says of chargebacks, and what we answer. It calls them disputes.

Each function may raise GatewayRefused or GatewayUnknown.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import stripe

from payments.gateway.connecting import client
from payments.gateway.outcomes import three_outcomes
from payments.gateway.reading import moment


class ChargebackState(StrEnum):
    INQUIRY = "inquiry"
    OPEN = "open"
    REVIEW = "review"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


_STATES = {
    # A bank's question: nothing is taken yet, whether it is answered or not.
    "warning_needs_response": ChargebackState.INQUIRY,
    "warning_under_review": ChargebackState.INQUIRY,
    "warning_closed": ChargebackState.CLOSED,
    "prevented": ChargebackState.CLOSED,
    "needs_response": ChargebackState.OPEN,
    "under_review": ChargebackState.REVIEW,
    "appeal_needs_response": ChargebackState.OPEN,
    "appeal_under_review": ChargebackState.REVIEW,
    "won": ChargebackState.WON,
    "lost": ChargebackState.LOST,
}


@dataclass(frozen=True)
class RemoteWithdrawal:
    """One movement of our balance: ``amount`` is what was taken (positive) or given back."""

    remote_id: str
    amount: int
    currency: str
    fee: int


@dataclass(frozen=True)
class RemoteChargeback:
    """``evidence`` is what the bank was told in words, whoever told it."""

    remote_id: str
    charge_id: str
    amount: int
    currency: str
    reason: str
    state: ChargebackState
    due_at: datetime | None
    is_answered: bool
    withdrawals: tuple[RemoteWithdrawal, ...]
    evidence: str = ""


def chargeback(remote_id: str) -> RemoteChargeback:
    with three_outcomes():
        return chargeback_of(client().v1.disputes.retrieve(remote_id))


def send_evidence(*, key: str, remote_id: str, text: str) -> RemoteChargeback:
    """Answer the bank. It reads this once: what is sent cannot be taken back."""
    with three_outcomes():
        answered = client().v1.disputes.update(
            remote_id,
            {"evidence": {"uncategorized_text": text}, "submit": True},
            {"idempotency_key": key},
        )
    return chargeback_of(answered)


def accept_chargeback(*, key: str, remote_id: str) -> RemoteChargeback:
    """Let the bank have it: it is lost then."""
    with three_outcomes():
        lost = client().v1.disputes.close(remote_id, {}, {"idempotency_key": key})
    return chargeback_of(lost)


def chargeback_of(dispute: stripe.Dispute) -> RemoteChargeback:
    """The provider's object in our words."""
    details = dispute.evidence_details
    return RemoteChargeback(
        remote_id=dispute.id,
        charge_id=dispute.charge if isinstance(dispute.charge, str) else dispute.charge.id,
        amount=dispute.amount,
        currency=dispute.currency.upper(),
        reason=dispute.reason,
        # A state that we do not know yet is a demand: money may be missing, and a person looks.
        state=_STATES.get(dispute.status, ChargebackState.OPEN),
        due_at=moment(details.due_by),
        # Where the bank asks anew, as after an inquiry, what was answered before is no answer.
        is_answered=details.submission_count > 0 and "needs_response" not in dispute.status,
        withdrawals=tuple(
            RemoteWithdrawal(one.id, -one.amount, one.currency.upper(), one.fee)
            # Of the same second, what was taken comes before what was given back.
            for one in sorted(
                dispute.balance_transactions, key=lambda one: (one.created, one.amount, one.id)
            )
        ),
        evidence=dispute.evidence.uncategorized_text or "",
    )
