"""How a dispute's end in money is told to one side."""

from datetime import datetime

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT
from marketplace.common.words import Money, Words
from payments.escrow.division import Shares
from projects.disputes.models import Dispute


def arrival_in_words(dispute: Dispute, role: str, shares: Shares) -> Words | None:
    """When what a decision gives this side arrives, once it is carried out; None where that is
    nothing.
    """
    if role == CLIENT:
        text = Words("What you get back is sent to your card then; banks take some days.")
        return text if shares.payer else None
    return ready_in_words(dispute, shares, carried_out_at=dispute.appeal_ends_at or now())


def ready_in_words(dispute: Dispute, shares: Shares, *, carried_out_at: datetime) -> Words | None:
    """When the freelancer's part may go to their bank, also where it is their first."""
    if not shares.payee:
        return None
    policy = dispute.milestone.contract.policy
    ready = max(policy.clears_at(carried_out_at, was_paid_before=known) for known in (True, False))
    return Words("What you get is ready for your bank by %(ready)s.", ready=ready)


def shares_in_words(shares: Shares, currency: str, role: str) -> Words:
    """What it brings the reader and the other side, to the cent, after fees."""
    payee, payer = (Money(amount, currency) for amount in (shares.payee, shares.payer))
    if role == CLIENT:
        return Words("You get back %(back)s; the freelancer gets %(gets)s.", back=payer, gets=payee)
    return Words("You get %(gets)s; the client gets back %(back)s.", gets=payee, back=payer)
