"""Held money that left by no deed of ours: the books follow it."""

from django.db import transaction

from accounts.notifications.services import notify
from marketplace.common.errors import WrongState
from marketplace.common.money import in_words
from payments.escrow.models import Escrow
from payments.escrow.selectors import held_in
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.refunds import services as refunds
from payments.refunds.models import Refund


@transaction.atomic
def note_refunded(*, payment_id: int, amount: int) -> Refund:
    """So much of what is held was given back to the payer at the provider's own desk: less is held
    now, and it can be paid in again. Both sides are told. ``amount`` is in minor units.

    The refund that is noted is asked of nobody: the caller knows what it is at the provider.
    Raises WrongState where that much is not held.
    """
    payment = Payment.objects.get(pk=payment_id)
    escrow = (
        Escrow.objects.select_for_update(of=("self",))
        .select_related("payer", "payee")
        .get(public_id=payment.paid_for)
    )
    if escrow.status != Escrow.Status.HELD or held_in(escrow) < amount:
        raise WrongState("That much is not held any more.")
    (refund,) = refunds.prepare_refunds(
        payments=[payment], amount=amount, book=escrow.book, reason="provider_desk"
    )
    purse, leaving = chart.escrow(escrow.public_id), chart.leaving(refund.public_id)
    move_money(
        Move("refund", purse, leaving, amount, escrow.currency),
        key=f"{refund.public_id}:outside",
        book=escrow.book,
    )
    escrow.refunded += amount
    escrow.save(update_fields=["refunded"])
    for party in (escrow.payer, escrow.payee):
        notify(
            to=party,
            kind="held_funds_returned",
            text=f"{in_words(amount, escrow.currency)} of what was held for {escrow.title} went "
            "back to the payer. To be complete it has to be paid in again.",
            path=payment.return_path,
            key=f"{refund.public_id}:outside",
        )
    return refund
