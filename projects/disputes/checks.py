"""Proof that disputes, their milestones and their decisions agree: what is wrong, as sentences."""

from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, Subquery, TextField, Value
from django.db.models.functions import Coalesce, Concat

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.sweeps import SWEPT_WITHIN
from payments.chargebacks.selectors import contested_ids
from payments.escrow.selectors import last_released
from payments.ledger import chart
from payments.ledger.models import Transfer
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.models import JUDGED, OPEN, Dispute, Ruling
from projects.disputes.register.checks import CHECKS as REGISTER
from projects.disputes.rulings.selectors import stood_by
from projects.disputes.sealed.models import SealedOffer
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
    """A part that was decided, or on which both settled, is what the escrow released, and the
    milestone's end says the same; more than was decided never went out.
    """
    ended = Milestone.Status
    right = (
        Q(to_freelancer=0, milestone__status=ended.REFUNDED, ruled__isnull=False)
        | Q(to_freelancer=0, milestone__status=ended.CANCELLED, ruled=None)
        | Q(to_freelancer__gt=0, milestone__status=ended.SPLIT)
        | Q(to_freelancer__gt=0, milestone__status=ended.RELEASED, ruled__isnull=False)
    ) & (Q(ruled=None) | Q(to_freelancer__lte=F("ruled")))
    carried_out = Ruling.objects.filter(dispute=OuterRef("pk"), carried_out_at__isnull=False)
    decided = Dispute.objects.filter(to_freelancer__isnull=False).annotate(
        ruled=Subquery(carried_out.values("to_freelancer")[:1])
    )
    wrong = decided.annotate(last=last_released("milestone__escrow")).exclude(
        right, last=F("to_freelancer")
    )
    return [
        f"{dispute.public_id} was decided otherwise than its milestone ended."
        for dispute in wrong.order_by("pk").iterator()
    ]


def disputed_money_waits_for_the_end() -> list[str]:
    """While a dispute was open nothing of ours took held money, but the deed that ended the work.

    What the provider took from it past us is no deed of ours, and what a bank brings back beyond
    what is wanted was never for this work.
    """
    escrow = OuterRef("milestone__escrow__public_id")
    surplus = Concat(escrow, Value(":back:"), output_field=TextField())
    taken = Transfer.objects.filter(
        source__key=Concat(Value(chart.escrow("")), escrow, output_field=TextField()),
        key__startswith=Concat(escrow, Value(":"), output_field=TextField()),
        created_at__gt=OuterRef("created_at"),
        created_at__lt=Coalesce(OuterRef("milestone__closed_at"), now()) - _ONE_DEED,
    ).exclude(key__startswith=surplus)
    wrong = Dispute.objects.filter(Exists(taken)).order_by("pk")
    return [f"{dispute.public_id} was open while held money left." for dispute in wrong.iterator()]


def ended_disputes_are_closed() -> list[str]:
    """A milestone's end closes its dispute; one open for weeks after is a sweep that stands."""
    moot = Dispute.objects.filter(
        status__in=OPEN, milestone__closed_at__lt=now() - SWEPT_WITHIN
    ).order_by("pk")
    return [f"{dispute.public_id} outlived its milestone by weeks." for dispute in moot.iterator()]


def rulings_are_carried_out() -> list[str]:
    """A decision that stands for good moves its money; one that waits for weeks, and for no bank,
    is a sweep that stands.
    """
    over = Dispute.objects.filter(stood_by(now() - SWEPT_WITHIN), milestone__closed_at=None)
    over = over.exclude(milestone__escrow__public_id__in=contested_ids())
    return [f"{dispute.public_id} was never carried out." for dispute in over.order_by("pk")]


def no_figure_outlives_its_dispute() -> list[str]:
    """What was sealed and has settled nothing is gone with the end."""
    left = Dispute.objects.exclude(status__in=OPEN).filter(sealed_offers__isnull=False)
    return [
        f"{dispute.public_id} has ended, and a sealed figure is left of it."
        for dispute in left.order_by("pk").distinct()
    ]


def figures_that_meet_settle() -> list[str]:
    """Two figures about the same money that cross have settled their dispute at that moment."""
    asked = SealedOffer.objects.filter(
        dispute=OuterRef("dispute"),
        held=OuterRef("held"),
        role=FREELANCER,
        amount__lte=OuterRef("amount"),
    )
    met = SealedOffer.objects.filter(Exists(asked), role=CLIENT).select_related("dispute")
    return [
        f"{offer.dispute.public_id} is open, though both sealed figures have met."
        for offer in met.order_by("pk")
    ]


def confirmed_decisions_are_what_was_proposed() -> list[str]:
    """What a second mediator has confirmed is what was decided, by whom and to the unit."""
    same = Ruling.objects.filter(
        dispute=OuterRef("dispute"),
        number=OuterRef("number"),
        by=OuterRef("by"),
        confirmed_by=OuterRef("answered_by"),
        to_freelancer=OuterRef("to_freelancer"),
        held=OuterRef("held"),
    )
    confirmed = ProposedRuling.objects.filter(status=ProposedRuling.Status.CONFIRMED)
    return [
        f"{proposed.public_id} was confirmed, and something else was decided."
        for proposed in confirmed.exclude(Exists(same)).order_by("pk")
    ]


def no_decision_waits_beyond_its_case() -> list[str]:
    """One that needs a second mediator waits only while its dispute waits for one."""
    left = ProposedRuling.objects.filter(status=ProposedRuling.Status.PROPOSED).exclude(
        dispute__status__in=JUDGED
    )
    return [f"{one.public_id} waits to be confirmed, and its case does not." for one in left]


CHECKS = [
    disputed_money_waits_for_the_end,
    disputed_milestones_have_one_open_dispute,
    decisions_are_what_was_paid,
    ended_disputes_are_closed,
    rulings_are_carried_out,
    no_figure_outlives_its_dispute,
    figures_that_meet_settle,
    confirmed_decisions_are_what_was_proposed,
    no_decision_waits_beyond_its_case,
    *REGISTER,
]
