"""A bank takes a payment's money while a part of it is on its way back: the payer has that then."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from marketplace.common.clock import now
from marketplace.common.lifecycle import SYSTEM
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.services import Move
from payments.refunds.models import LIFECYCLE, Refund

# Not sent, or refused: what is being sent may have been given back already.
STANDING = Q(status=Refund.Status.REQUESTED, remote_id="") | Q(status=Refund.Status.FAILED)


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
    waiting = payment.refunds.select_for_update().filter(STANDING)
    if made_by is not None:
        waiting = waiting.filter(created_at__lte=made_by)
    for refund in waiting.order_by("pk"):
        part = min(refund.amount, most)
        if not part:
            break
        if refund.status == Refund.Status.FAILED:
            _forget_failed_attempt(refund)
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
def uncover_refunds(*, payment: Payment, most: int, by: str, source: str) -> list[Move]:
    """The bank has given up what it covered, or ``most`` of it: that goes back to the payer after
    all. A refund of which it keeps a part is cut in two.
    """
    moves = []
    for standing in payment.refunds.select_for_update().filter(covered_by=by).order_by("pk"):
        part = min(standing.amount, most)
        if not part:
            break
        most -= part
        refund = standing if part == standing.amount else _cut(standing, part)
        if refund is standing:
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


def _forget_failed_attempt(refund: Refund) -> None:
    """Its attempt is over: a word of it that comes late is an earlier attempt's, and should it go
    back after all, it is asked for and booked under keys of its own.
    """
    refund.attempt += 1
    refund.remote_id, refund.sent_at = "", None
    refund.save(update_fields=["attempt", "remote_id", "sent_at"])


def _cut(refund: Refund, part: int) -> Refund:
    """A row of its own for this part; the rest stays as it is."""
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
