"""How long the provider holds money, where that changes after it was paid."""

from datetime import datetime

from django.db import transaction

from payments.escrow.backing.selectors import backing_of
from payments.escrow.models import Escrow
from payments.escrow.selectors import limit_of
from payments.payouts.earning.services import count_limits_anew
from payments.payouts.selectors import waiting_earnings


@transaction.atomic
def count_limits_of(party_id: int) -> None:
    """By the country that their payee has now: what is held for them, from the first payment of it,
    and what has earned them something that they have not got yet.
    """
    escrows = Escrow.objects.select_for_update(of=("self",)).select_related("policy")
    # Unpaid ones, too: what is being paid for this moment may have been counted by the old country.
    for escrow in escrows.filter(payee=party_id, status__in=Escrow.LIVE).order_by("pk"):
        count_limit_anew(escrow)
    count_limits_anew(party_id, _limits_of_earnings(party_id))


def count_limit_anew(escrow: Escrow) -> None:
    """From the first payment of what is held. The caller holds the escrow's lock."""
    since = backing_of(escrow.public_id).held_since(escrow)
    if since is not None:
        escrow.limit_at = limit_of(escrow, paid_at=since)
        escrow.save(update_fields=["limit_at"])


def _limits_of_earnings(party_id: int) -> dict[str, datetime]:
    """By what has earned it. Of which payment it is nobody can tell any more: of the first."""
    names = waiting_earnings(party_id).values_list("earned_by", flat=True).distinct()
    found = {}
    for escrow in Escrow.objects.select_related("policy").filter(public_id__in=names):
        since = backing_of(escrow.public_id).paid_since
        if since is not None:
            found[escrow.public_id] = limit_of(escrow, paid_at=since)
    return found
