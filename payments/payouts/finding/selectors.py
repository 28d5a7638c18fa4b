"""Every payout, for whoever keeps the money to find."""

from django.db.models import Q, QuerySet

from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.errors import InvalidInput
from payments.payouts.models import Payout


def desk_payouts(user: User) -> QuerySet[Payout]:
    """All of them, for finance and for support to read; for others there are none."""
    if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        return Payout.objects.none()
    return Payout.objects.select_related("party__connected_account").order_by("-pk")


def narrowed(payouts: QuerySet[Payout], *, status: str = "", words: str = "") -> QuerySet[Payout]:
    """Those in this state, and of these ``words``: the public id of one or of its payee, its id at
    the provider, or a part of the payee's name. Empty words leave nothing out.

    Raises InvalidInput for a state that there is not.
    """
    if status and status not in Payout.Status.values:
        raise InvalidInput(
            f"The status is one of {', '.join(Payout.Status.values)}.", param="status"
        )
    if status:
        payouts = payouts.filter(status=status)
    if words := words.strip()[:200]:
        ids = Q(public_id=words) | Q(party__public_id=words) | Q(transfer_id=words)
        payouts = payouts.filter(ids | Q(party__name__icontains=words))
    return payouts
