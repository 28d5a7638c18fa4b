"""Proof that disputes, their milestones and their decisions agree: what is wrong, as sentences."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, TextField, Value
from django.db.models.functions import Coalesce, Concat

from marketplace.common.clock import now
from marketplace.common.sweeps import SWEPT_WITHIN
from payments.escrow.selectors import last_released
from payments.ledger import chart
from payments.ledger.models import Transfer
from projects.disputes.models import OPEN, Dispute
from projects.milestones.models import Milestone

# Each line of one deed asks the clock by itself.
_ONE_DEED = timedelta(seconds=30)


def disputed_milestones_have_one_open_dispute() -> list[str]:
    """Nothing is stuck in dispute without a case, and no case is about work that goes on."""
    open_cases = Dispute.objects.filter(milestone=OuterRef("pk"), status__in=OPEN)
    orphans = Milestone.objects.filter(~Exists(open_cases), status=Milestone.Status.DISPUTED)
    strays = Dispute.objects.filter(status__in=OPEN, milestone__closed_at=None).exclude(
        milestone__status=Milestone.Status.DISPUTED
    )
    return [
        *(
            f"{one.public_id} is disputed without an open dispute."
            for one in orphans.order_by("pk")
        ),
        *(f"{one.public_id} is open on work that goes on." for one in strays.order_by("pk")),
    ]


def decisions_are_what_was_paid() -> list[str]:
    """A decided part is what the escrow released, and the milestone's end says the same."""
    right = Q(to_freelancer=0, milestone__status=Milestone.Status.REFUNDED) | Q(
        to_freelancer__gt=0,
        milestone__status__in=[Milestone.Status.RELEASED, Milestone.Status.SPLIT],
    )
    decided = Dispute.objects.filter(status=Dispute.Status.DECIDED)
    wrong = decided.annotate(last=last_released("milestone__escrow")).exclude(
        right, last=F("to_freelancer")
    )
    return [
        f"{dispute.public_id} was decided otherwise than its milestone ended."
        for dispute in wrong.order_by("pk").iterator()
    ]


def disputed_money_waits_for_the_end() -> list[str]:
    """While a dispute was open nothing of ours took held money, but the deed that ended the work.

    What the provider took from it past us is no deed of ours.
    """
    escrow = OuterRef("milestone__escrow__public_id")
    taken = Transfer.objects.filter(
        source__key=Concat(Value(chart.escrow("")), escrow, output_field=TextField()),
        key__startswith=Concat(escrow, Value(":"), output_field=TextField()),
        created_at__gt=OuterRef("created_at"),
        created_at__lt=Coalesce(OuterRef("milestone__closed_at"), now()) - _ONE_DEED,
    )
    wrong = Dispute.objects.filter(Exists(taken)).order_by("pk")
    return [f"{dispute.public_id} was open while held money left." for dispute in wrong.iterator()]


def ended_disputes_are_closed() -> list[str]:
    """A milestone's end closes its dispute; one open for weeks after is a sweep that stands."""
    moot = Dispute.objects.filter(
        status__in=OPEN, milestone__closed_at__lt=now() - SWEPT_WITHIN
    ).order_by("pk")
    return [f"{dispute.public_id} outlived its milestone by weeks." for dispute in moot.iterator()]


CHECKS = [
    disputed_money_waits_for_the_end,
    disputed_milestones_have_one_open_dispute,
    decisions_are_what_was_paid,
    ended_disputes_are_closed,
]
