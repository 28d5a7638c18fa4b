"""How a dispute ended in money, as both sides and the desk see it."""

from typing import Any

from projects.agreements.selectors import accepted_proposal
from projects.disputes.models import Dispute
from projects.disputes.selectors import outcome_of, refunds_of, stake_of


def ending_of(dispute: Dispute, *, held: int | None = None) -> dict[str, Any]:
    """What is or was divided, who got what, what goes back and how far it is, and the open
    proposal by which both settled it. ``held`` where the caller knows what is held.
    """
    return {
        "stake": stake_of(dispute, held=held),
        "outcome": outcome_of(dispute),
        "refunds": refunds_of(dispute),
        "proposal": None if dispute.is_open else accepted_proposal(dispute.milestone),
    }
