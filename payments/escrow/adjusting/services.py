"""Both sides agree on another price while the work goes on."""

from collections.abc import Iterable

from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from payments.escrow.adjusting.rules import checked_price
from payments.escrow.division import missing_of
from payments.escrow.models import LIFECYCLE, Adjustment, Escrow
from payments.escrow.paying.services import pay_out_of
from payments.escrow.selectors import held_in
from payments.fundings import services as fundings


@transaction.atomic
def adjust(*, escrow_id: int, price: int) -> Adjustment:
    """Agree at ``price``, in minor units, from now on. What is held beyond it and its fee goes
    back to the payer at once; what is missing is to be paid in.

    Called from above with the word of both. Raises InvalidInput for a price that cannot be agreed
    on, WrongState for money that is no longer held or awaited.
    """
    escrow = lock_all([escrow_id])[escrow_id]
    LIFECYCLE.advance(escrow, "adjust", role=SYSTEM)
    held = held_in(escrow)
    was_missing = missing_of(escrow, held=held)
    new = checked_price(price, escrow, held=held, param="amount")
    adjustment = Adjustment.objects.create(
        escrow=escrow,
        number=escrow.adjustments.count() + 1,
        before=escrow.amount,
        after=new.price,
        returned=new.returned,
    )
    # What is paid there all the same is held where that much is missing, and else goes back.
    fundings.cancel_open_payments(paid_for=[escrow.public_id])
    escrow.adjusted += new.price - escrow.amount
    escrow.amount = new.price
    if new.returned:
        deed = f"adjust:{adjustment.number}"
        pay_out_of(escrow, held=new.returned, to_payee=0, deed=deed, reason="repriced")
    if was_missing and not new.missing:
        # What is held has become all that is agreed.
        escrow.is_whole_from(now())
    escrow.save(update_fields=["amount", "adjusted", "held_at", "untold_since"])
    return adjustment


def lock_all(escrow_ids: Iterable[int]) -> dict[int, Escrow]:
    """Held against every other deed, in one order whoever asks; by primary key."""
    found = (
        Escrow.objects.select_for_update(of=("self",))
        .select_related("policy", "payer", "payee")
        .filter(pk__in=list(escrow_ids))
        .order_by("pk")
    )
    return {escrow.pk: escrow for escrow in found}
