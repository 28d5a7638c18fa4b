"""Deeds that wait for a second person of finance."""

from django.db.models import QuerySet

from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from payments.payouts.models import Payout
from payments.payouts.selectors import unreturned_payouts
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.models import Difference
from payments.refunds.models import Refund

READERS = {StaffRole.FINANCE, StaffRole.SUPPORT}


def proposed_deeds(user: User) -> QuerySet[ProposedDeed]:
    """All that ever were, for finance, and for support to read; for others there are none."""
    if not READERS & staff_roles_of(user):
        return ProposedDeed.objects.none()
    return ProposedDeed.objects.select_related(
        "by", "answered_by", "difference", "refund__payment__payer", "payout__party"
    ).order_by("-pk")


def waiting_deeds() -> QuerySet[ProposedDeed]:
    """For the desk, the oldest first."""
    waiting = ProposedDeed.objects.filter(status=ProposedDeed.Status.PROPOSED)
    return waiting.select_related("by").order_by("created_at", "pk")


def why_not_confirmed_by(proposed: ProposedDeed, by: User) -> str:
    """What is told to somebody of finance who cannot confirm it, or nothing."""
    if by.pk == proposed.by_id:
        return "This is your own wish: another person of finance confirms it."
    if StaffRole.FINANCE not in staff_roles_of(proposed.by):
        return "Whoever wished it is not of finance any more. Return it, and wish it yourself."
    return ""


def why_it_is_gone(proposed: ProposedDeed) -> str:
    """Why there is nothing to confirm any more, whoever it is; or nothing."""
    refund, payout, difference = proposed.refund, proposed.payout, proposed.difference
    if refund and refund.status not in {Refund.Status.FAILED, Refund.Status.REQUESTED}:
        return f"The refund is {refund.get_status_display().lower()} by now: return this."
    if payout and not _may_be_attested(payout):
        return f"The payout is {payout.get_status_display().lower()} by now: return this."
    if difference and difference.status != Difference.Status.OPEN:
        return f"The difference is {difference.get_status_display().lower()} by now: return this."
    return ""


def _may_be_attested(payout: Payout) -> bool:
    """Not of one that has ended since; whether its account answers by now is judged by the deed."""
    if payout.status in {Payout.Status.SENDING, Payout.Status.IN_TRANSIT}:
        return True
    return unreturned_payouts().filter(pk=payout.pk).exists()
