"""Proof that the work's state and its money's state agree: what is wrong, as sentences."""

from django.db.models import F, Q

from payments.escrow.models import Escrow
from projects.milestones.models import Milestone

S, E = Milestone.Status, Escrow.Status

# Which state of the money each state of the work allows. Work in dispute keeps its money: it
# leaves only by a move that ends the milestone in the same transaction.
_AGREE = {
    S.PLANNED: {E.AWAITING, E.HELD},
    S.SUBMITTED: {E.HELD},
    S.RETURNED: {E.HELD},
    S.DISPUTED: {E.HELD},
    S.RELEASED: {E.RELEASED},
    S.REFUNDED: {E.REFUNDED},
    S.SPLIT: {E.SPLIT},
    S.CANCELLED: {E.REFUNDED, E.DROPPED},
}
_ENDED = {S.RELEASED, S.REFUNDED, S.SPLIT, S.CANCELLED}


def milestones_and_their_money_agree() -> list[str]:
    """Released is released, split is split, cancelled is given back, and live work is not paid."""
    agreeing = Q()
    for status, allowed in _AGREE.items():
        agreeing |= Q(status=status, escrow__status__in=allowed)
    wrong = Milestone.objects.exclude(agreeing).select_related("escrow").order_by("pk")
    return [
        f"{milestone.public_id} is {milestone.status}, but its money is {milestone.escrow.status}."
        for milestone in wrong.iterator()
    ]


def milestones_hold_their_own_price() -> list[str]:
    """The escrow of a milestone is for its price, in its currency, in the book of its contract."""
    wrong = (
        Milestone.objects.exclude(
            amount=F("escrow__amount"),
            currency=F("escrow__currency"),
            contract__public_id=F("escrow__book"),
            contract__client=F("escrow__payer"),
            contract__freelancer=F("escrow__payee"),
        )
        .select_related("escrow")
        .order_by("pk")
    )
    return [
        f"{milestone.public_id} and {milestone.escrow.public_id} are not about the same money."
        for milestone in wrong.iterator()
    ]


def milestones_end_once() -> list[str]:
    """An ended milestone says when it ended, a live one does not."""
    wrong = Milestone.objects.filter(
        Q(status__in=_ENDED, closed_at=None) | ~Q(status__in=_ENDED) & Q(closed_at__isnull=False)
    ).order_by("pk")
    return [
        f"{milestone.public_id} is {milestone.status}, but its end says otherwise."
        for milestone in wrong.iterator()
    ]


CHECKS = [
    milestones_and_their_money_agree,
    milestones_hold_their_own_price,
    milestones_end_once,
]
