"""Held money that left by no deed of ours: the books follow it."""

from django.db import transaction

from accounts.notifications.services import notify
from marketplace.common.errors import WrongState
from marketplace.common.words import Money, Words
from payments.escrow.backing.services import lock_book_of
from payments.escrow.models import Escrow
from payments.escrow.outside.selectors import Effect, effect_of
from payments.escrow.selectors import heir_of
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.services import Move, move_money
from payments.refunds import services as refunds
from payments.refunds.models import Refund


@transaction.atomic
def note_refunded(*, payment_id: int, amount: int, borne: int = 0) -> Refund:
    """So much was given back to the payer at the provider's own desk, in minor units.

    All of it but what is ``borne`` by the platform's own funds was held, where this payment's money
    is by now: less is held there, it can be paid in again, and both sides are told. The refund that
    is noted is asked of nobody: the caller knows what it is at the provider. Raises WrongState
    where that much of this payment is not held.
    """
    payment, effect = lock_effect(payment_id=payment_id, amount=amount)
    escrow = Escrow.objects.select_related("payer", "payee").get(
        public_id=heir_of(payment.paid_for)
    )
    taken = amount - borne
    if taken and (escrow.status != Escrow.Status.HELD or effect.takes < taken):
        raise WrongState("That much is not held any more.")
    (refund,) = refunds.prepare_refunds(
        parts=[(payment, amount)], amount=amount, book=escrow.book, reason="provider_desk"
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


@transaction.atomic
def lock_effect(*, payment_id: int, amount: int) -> tuple[Payment, Effect]:
    """What such a refund would take; nobody moves any of it until the transaction ends.

    Top-down, as everywhere: whoever moves held money holds its escrow before payments and books.
    """
    paid_for = Payment.objects.get(pk=payment_id).paid_for
    lock_book_of(paid_for)
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    return payment, effect_of(payment, amount)


def _tell(escrow: Escrow, payment: Payment, refund: Refund, taken: int) -> None:
    for party in (escrow.payer, escrow.payee):
        notify(
            to=party,
            kind="held_funds_returned",
            text=Words(
                "%(amount)s of what was held for “%(title)s” went back to the payer. To be "
                "complete it has to be paid in again.",
                amount=Money(taken, escrow.currency),
                title=escrow.title,
            ),
            path=payment.return_path,
            key=f"{refund.public_id}:outside",
        )
