"""What a side does when it signs."""

from dataclasses import dataclass
from datetime import datetime

from accounts.people.models import User
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.models import Proposal
from projects.contracts.models import Agreement


@dataclass(frozen=True)
class Signature:
    """Who signed for a side, when, and how they showed that it was they; empty where not asked."""

    by: User
    at: datetime
    confirmed_with: str


def signature_of(proposed: ChangeOrder | Proposal) -> Signature:
    """Whoever proposes has signed, once the other side accepts."""
    return Signature(proposed.proposed_by, proposed.created_at, proposed.confirmed_with)


def sign(agreement: Agreement, role: str, signature: Signature) -> None:
    """Put it under the wording as that side; the caller saves."""
    setattr(agreement, f"signed_by_{role}_at", signature.at)
    setattr(agreement, f"{role}_signer", signature.by)
    setattr(agreement, f"{role}_confirmed_with", signature.confirmed_with)
