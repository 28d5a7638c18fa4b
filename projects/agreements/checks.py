"""Proof that what both sides agreed on is what happened: what is wrong, as sentences."""

from datetime import timedelta

from django.db.models import F, Q

from marketplace.common.clock import now
from payments.escrow.selectors import last_released
from projects.agreements.models import Proposal
from projects.milestones.models import Milestone

# The sweep comes twice a minute. A sandbox clock may jump by weeks between two of its rounds.
_SWEPT_WITHIN = timedelta(days=35)


def agreed_endings_are_what_was_paid() -> list[str]:
    """An accepted part is what the escrow released, and the milestone's end says the same."""
    right = Q(to_freelancer=0, milestone__status=Milestone.Status.CANCELLED) | Q(
        to_freelancer__gt=0, milestone__status=Milestone.Status.SPLIT
    )
    accepted = Proposal.objects.filter(status=Proposal.Status.ACCEPTED)
    wrong = accepted.annotate(last=last_released("milestone__escrow")).exclude(
        right, last=F("to_freelancer")
    )
    return [
        f"{proposal.public_id} was accepted otherwise than its milestone ended."
        for proposal in wrong.order_by("pk").iterator()
    ]


def overdue_proposals_have_lapsed() -> list[str]:
    """One open for weeks after its time, or after its milestone, is a sweep that stands."""
    long_ago = now() - _SWEPT_WITHIN
    overdue = Proposal.objects.filter(
        Q(answer_due_at__lt=long_ago) | Q(milestone__closed_at__lt=long_ago),
        status=Proposal.Status.PROPOSED,
    )
    return [
        f"{proposal.public_id} has been over for weeks and is still open."
        for proposal in overdue.order_by("pk").iterator()
    ]


CHECKS = [agreed_endings_are_what_was_paid, overdue_proposals_have_lapsed]
