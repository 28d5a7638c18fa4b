"""A bank takes a payment's money while a part of it is on its way back: the payer has that then."""

from datetime import datetime

from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.services import Move
from payments.refunds.models import LIFECYCLE, Refund

# Not sent, or refused: what is being sent may have been given back already.
STANDING = (Refund.Status.REQUESTED, Refund.Status.FAILED)


@transaction.atomic
def cover_refunds(
    *, payment: Payment, most: int, by: str, target: str, made_by: datetime | None = None
) -> list[Move]:
    """What waits to be given back of this payment, up to ``most``, is the bank's from now on; only
    what was ``made_by`` a moment, where one is given.

    ``by`` is the public id of the chargeback. The caller holds the payment's lock, makes these
    moves and saves the payment. A refund that is only partly covered is cut in two.
    """
    moves = []
    waiting = payment.refunds.select_for_update().filter(status__in=STANDING, remote_id="")
    if made_by is not None:
        waiting = waiting.filter(created_at__lte=made_by)
    for refund in waiting.order_by("pk"):
        part = min(refund.amount, most)
        if not part:
            break
        source = chart.leaving(refund.public_id)
        covered = refund if part == refund.amount else _cut(refund, part)
        LIFECYCLE.advance(covered, "cover", role=SYSTEM)
        covered.covered_by, covered.closed_at, covered.next_check_at = by, now(), None
        covered.save(update_fields=["status", "covered_by", "closed_at", "next_check_at"])
        payment.refunded -= part
        moves.append(Move("chargeback", source, target, part, refund.currency))
        most -= part
    return moves


@transaction.atomic
def uncover_refunds(*, payment: Payment, by: str, source: str) -> list[Move]:
    """The bank has given it up: what it covered goes back to the payer after all."""
    moves = []
    for refund in payment.refunds.select_for_update().filter(covered_by=by).order_by("pk"):
        LIFECYCLE.advance(refund, "uncover", role=SYSTEM)
        refund.covered_by, refund.failure_code, refund.closed_at = "", "", None
        refund.next_check_at = now()
        refund.save(
            update_fields=["status", "covered_by", "failure_code", "closed_at", "next_check_at"]
        )
        payment.refunded += refund.amount
        target = chart.leaving(refund.public_id)
        moves.append(Move("chargeback_won", source, target, refund.amount, refund.currency))
    return moves


def _cut(refund: Refund, part: int) -> Refund:
    """A row of its own for the covered part; the rest waits as it did."""
    refund.amount -= part
    refund.save(update_fields=["amount"])
    return Refund.objects.create(
        payment=refund.payment,
        book=refund.book,
        reason=refund.reason,
        amount=part,
        currency=refund.currency,
        next_check_at=None,
    )
