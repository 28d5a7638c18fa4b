"""Who somebody is to a payout."""

from accounts.parties.selectors import acts_for, person_ids_of
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.audit import log_deed
from marketplace.common.lifecycle import FINANCE, OWNER, SYSTEM
from marketplace.common.money import in_words
from payments.payouts.models import Payout


def role_in(payout: Payout, by: User | str) -> str | None:
    """An owner is an owner, whatever else they are: nobody of finance acts on their own payout."""
    if by == SYSTEM:
        return SYSTEM
    assert isinstance(by, User)
    if acts_for(by, payout.party_id):
        return OWNER
    return FINANCE if StaffRole.FINANCE in staff_roles_of(by) else None


def log_if_by_finance(
    payout: Payout, step: str, text: str, *, by: User | str, reason: str = ""
) -> None:
    """What finance does to a payout is in the audit log; what its owner does is theirs."""
    if role_in(payout, by) == FINANCE:
        log_deed(
            f"{step} payout",
            payout.public_id,
            f"{text}: {in_words(payout.amount, payout.currency)}.",
            by=by,
            role=FINANCE,
            about=person_ids_of(payout.party_id),
            reason=reason,
        )
