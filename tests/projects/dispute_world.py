"""A dispute as tests see, decide and appeal it, and what everybody has of its money."""

from accounts.notifications.models import Notification
from accounts.people.models import User
from payments.escrow.selectors import held_in
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.refunds.models import Refund
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import appeal_ruling, decide_dispute
from tests.world import why

# Of a price of 1,000.00 with a fee of 3 % on each side: as ``rule`` decides, and then on appeal.
NOTHING_MOVED = {"held": 103_000, "ben": 0, "ada": 0, "us": 0}
AS_DECIDED = {"held": 0, "ben": 38_800, "ada": 61_800, "us": 2_400}
IN_HALVES = {"held": 0, "ben": 48_500, "ada": 51_500, "us": 3_000}


def seen(dispute: Dispute) -> Dispute:
    """As somebody who looks at it now."""
    return Dispute.objects.select_related(
        "milestone__contract__policy", "milestone__escrow__policy"
    ).get(pk=dispute.pk)


def rule(dispute: Dispute, by: User, part: int = 40_000) -> Dispute:
    return decide_dispute(dispute_id=dispute.pk, by=by, to_freelancer=part, **why())


def appeal(dispute: Dispute, by: User) -> Dispute:
    return appeal_ruling(dispute_id=dispute.pk, by=by, statement="More of it is done.")


def told(kind: str) -> list[str]:
    """The names of those who had such a notice, in their order."""
    return sorted(n.recipient.name for n in Notification.objects.filter(kind=kind))


def books_of(dispute: Dispute) -> dict[str, int]:
    """What each side, and the house, have of this milestone now."""
    escrow = dispute.milestone.escrow
    fees = Transfer.objects.filter(
        book=escrow.book, target__key=chart.platform_fees(escrow.currency)
    )
    return {
        "held": held_in(escrow),
        "ben": balance_of(chart.available(escrow.payee, escrow.currency)),
        "ada": sum(refund.amount for refund in Refund.objects.filter(book=escrow.book)),
        "us": sum(fee.amount for fee in fees),
    }
