"""How long the provider holds money, where that changes after it was paid."""

from datetime import datetime

from django.db import transaction

from payments.chargebacks.models import Chargeback
from payments.escrow.limits.services import count_limits_of
from payments.escrow.models import Escrow
from payments.escrow.selectors import limit_of
from payments.payees.models import ConnectedAccount
from payments.payouts.earning.services import count_limits_anew
from payments.payouts.selectors import waiting_earnings


@transaction.atomic
def note_country(*, party_id: int) -> None:
    """The country of a payee is known, or another: what is held for them, and what they have earned
    and have not yet, is held as long as there. So is what a bank had and has given up.

    Safe to call again.
    """
    account = ConnectedAccount.objects.get(party=party_id)
    count_limits_of(party_id)
    count_limits_anew(party_id, _limits_of_what_came_back(party_id))
    # Not if it was changed a moment ago: then it is noted once more.
    done = ConnectedAccount.objects.filter(pk=account.pk, country_due_at=account.country_due_at)
    done.update(country_due_at=None)


def _limits_of_what_came_back(party_id: int) -> dict[str, datetime]:
    """By the chargeback that has earned it again: of that one knows the payment."""
    names = waiting_earnings(party_id).values_list("earned_by", flat=True)
    won = Chargeback.objects.select_related("payment").filter(public_id__in=set(names))
    paid = {one.public_id: one.payment for one in won}
    escrows = Escrow.objects.select_related("policy").in_bulk(
        {payment.paid_for for payment in paid.values()}, field_name="public_id"
    )
    return {
        name: limit_of(escrows[payment.paid_for], paid_at=payment.paid_at)
        for name, payment in paid.items()
        if payment.paid_at is not None
    }
