"""Each side may seal the figure at which it would settle; when the two cross, the case is settled.

Nobody is told that a figure was sealed, changed or withdrawn, neither the other side nor staff, and
no event is written: whoever knows that there is one which does not meet theirs knows on which side
of their own it lies.
"""

from django.db import transaction

from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import BOTH, CLIENT, FREELANCER, SYSTEM
from marketplace.common.money import in_words
from marketplace.common.words import Words
from projects.contracts.roles import Actor, role_in
from projects.contracts.services import record
from projects.disputes.models import LIFECYCLE, Dispute
from projects.disputes.rules import judge_step
from projects.disputes.sealed.models import MOST_FIGURES, SealedOffer
from projects.disputes.sealed.selectors import crossing_of
from projects.disputes.selectors import effect_of
from projects.disputes.services import leave_nothing_open, lock_dispute, lock_money
from projects.disputes.telling import tell_side_of
from projects.disputes.words import shares_in_words
from projects.milestones.amounts import checked_ending, price_held_of
from projects.milestones.endings import services as endings


@transaction.atomic
def seal_figure(*, dispute_id: int, by: Actor, amount: int) -> Dispute:
    """Seal, or replace, what one's side would settle at: a part of the price, in minor units.

    The client's figure is the most that the freelancer shall get, the freelancer's the least. Once
    the client's is not below the freelancer's, the milestone ends at their midpoint, half-even, and
    the dispute with it. Sealing the same again changes nothing. Raises InvalidInput for a figure
    that could not be settled at, WrongState after MOST_FIGURES different ones.
    """
    dispute, role = _judge(dispute_id, by)
    milestone = dispute.milestone
    lock_money(dispute)
    held = price_held_of(milestone)
    if not held:
        raise WrongState("No money is held for this milestone: there is nothing to settle.")
    checked_ending(amount, milestone, param="amount")
    # The table knows only people who act for a side as those who seal.
    assert isinstance(by, User)
    row = SealedOffer.objects.filter(dispute=dispute, role=role).first()
    if row is not None and (row.amount, row.held) == (amount, held):
        return dispute
    row = row or SealedOffer(dispute=dispute, role=role)
    if row.figures >= MOST_FIGURES:
        raise WrongState(
            f"You have sealed {MOST_FIGURES} figures in this dispute: nobody feels for the "
            "figure of the other side. You can still propose a division openly.",
            code="too_many_figures",
        )
    row.amount, row.held, row.by, row.sealed_at = amount, held, by, now()
    row.figures += 1
    row.save()
    part = crossing_of(dispute)
    if part is not None:
        _settle(dispute, part)
    return dispute


@transaction.atomic
def withdraw_figure(*, dispute_id: int, by: Actor) -> Dispute:
    """Take one's side's figure out of force; it is gone. Safe to call where there is none."""
    dispute, role = _judge(dispute_id, by)
    SealedOffer.objects.filter(dispute=dispute, role=role).update(amount=None, held=None)
    return dispute


def _judge(dispute_id: int, by: Actor) -> tuple[Dispute, str]:
    """Lock the rows first, judge them second. Also which side ``by`` is."""
    dispute = lock_dispute(dispute_id)
    role = role_in(dispute.milestone.contract, by)
    judge_step(dispute, "seal", role)
    return dispute, role or ""


def _settle(dispute: Dispute, to_freelancer: int) -> None:
    """End the milestone as both would have it; neither figure is written anywhere."""
    milestone = dispute.milestone
    shares = effect_of(milestone, to_freelancer)
    endings.cancel_by_agreement(milestone_id=milestone.pk, to_freelancer=to_freelancer)
    LIFECYCLE.advance(dispute, "settle", role=BOTH)
    dispute.to_freelancer, dispute.closed_at = to_freelancer, now()
    dispute.save(update_fields=["status", "to_freelancer", "closed_at"])
    leave_nothing_open(dispute)

    part, price = (in_words(n, milestone.currency) for n in (to_freelancer, milestone.amount))
    # By the house: who of the two sealed last is nobody's business.
    record(
        milestone.contract,
        "dispute_settled",
        by=SYSTEM,
        about=dispute,
        to_freelancer=to_freelancer,
        terms=f"{part} of {price} to the freelancer",
    )
    for role in (CLIENT, FREELANCER):
        text = Words(
            "Both sealed figures have met: the dispute about “%(title)s” is settled.",
            title=milestone.title,
        )
        text += shares_in_words(shares, milestone.currency, role)
        tell_side_of(dispute, role, "dispute_settled", text, by=SYSTEM)
