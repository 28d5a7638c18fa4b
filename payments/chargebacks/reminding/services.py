"""A reminder of a bank's time is taken once, by whoever tells people of it."""

from django.db import transaction

from payments.chargebacks.models import Chargeback
from payments.chargebacks.reminding.selectors import reminder_of


@transaction.atomic
def take_reminder(*, chargeback_id: int) -> Chargeback | None:
    """Its answer is due soon: to be told in the same transaction. None where nothing is to be told
    now, or somebody has told it.

    Safe to call too early, too late or again; a date that was moved is told of anew.
    """
    chargeback = (
        Chargeback.objects.select_for_update(of=("self",))
        .select_related("payment")
        .get(pk=chargeback_id)
    )
    moment = reminder_of(chargeback)
    if moment is None or chargeback.reminded_of == moment:
        return None
    chargeback.reminded_of = moment
    chargeback.save(update_fields=["reminded_of"])
    return chargeback
