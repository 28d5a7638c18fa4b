"""Held money that left by no deed of ours: the books follow it."""

from django.db import transaction

from accounts.notifications.services import notify
from marketplace.common.errors import WrongState
from marketplace.common.money import in_words
from payments.escrow.models import Escrow
from payments.escrow.selectors import held_in
from payments.escrow.services import lock_heir
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.refunds import services as refunds
from payments.refunds.models import Refund


@transaction.atomic
def note_refunded(*, payment_id: int, amount: int, borne: int = 0) -> Refund:
    """So much was given back to the payer at the provider's own desk, in minor units.

    All of it but what is ``borne`` by the platform's own funds was held: less is held now, it can
    be paid in again, and both sides are told. The refund that is noted is asked of nobody: the
    caller knows what it is at the provider. Raises WrongState where that much is not held.
    """
    payment = Payment.objects.get(pk=payment_id)
    escrow = lock_heir(payment.paid_for)
    taken = amount - borne
    if taken and (escrow.status != Escrow.Status.HELD or held_in(escrow) < taken):
        raise WrongState("That much is not held any more.")
    (refund,) = refunds.prepare_refunds(
        payments=[payment], amount=amount, book=escrow.book, reason="provider_desk"
    )
    leaving, own, currency = (
        chart.leaving(refund.public_id),
        chart.own_funds(escrow.currency),
        escrow.currency,
    )
    moves = [
        Move("refund", chart.escrow(escrow.public_id), leaving, taken, currency),
        Move("refund_borne", own, leaving, borne, currency),
    ]
    move_money(
        *[move for move in moves if move.amount],
        key=f"{refund.public_id}:outside",
        book=escrow.book,
    )
    if taken:
        escrow.refunded += taken
        escrow.save(update_fields=["refunded"])
        _tell(escrow, payment, refund, taken)
    return refund


def _tell(escrow: Escrow, payment: Payment, refund: Refund, taken: int) -> None:
    for party in (escrow.payer, escrow.payee):
        notify(
            to=party,
            kind="held_funds_returned",
            text=f"{in_words(taken, escrow.currency)} of what was held for {escrow.title} went "
            "back to the payer. To be complete it has to be paid in again.",
            path=payment.return_path,
            key=f"{refund.public_id}:outside",
        )
