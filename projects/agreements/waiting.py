"""What waits on milestones of contracts for somebody's word, read for many of them at once."""

from payments.escrow.facts import MoneyFacts
from payments.escrow.rolling.rules import LimitThen
from projects.agreements.models import Proposal
from projects.agreements.selectors import as_they_stand
from projects.disputes.models import OPEN, Dispute
from projects.milestones.models import Milestone
from projects.milestones.rolling import limit_of_roll

S = Milestone.Status


def open_disputes(milestones: list[Milestone]) -> dict[int, Dispute]:
    """The open dispute of each milestone that has one, by its key; with the rulings."""
    disputed = [milestone.pk for milestone in milestones if milestone.status == S.DISPUTED]
    found = Dispute.objects.filter(milestone__in=disputed, status__in=OPEN)
    known = {milestone.pk: milestone for milestone in milestones}
    disputes = {dispute.milestone_id: dispute for dispute in found.prefetch_related("rulings")}
    for dispute in disputes.values():
        dispute.milestone = known[dispute.milestone_id]
    return disputes


def open_proposals(milestones: list[Milestone]) -> dict[int, Proposal]:
    """The proposal to end each milestone that can be answered, by its key."""
    live = {milestone.pk: milestone for milestone in milestones if milestone.closed_at is None}
    found = {}
    waiting = Proposal.objects.filter(milestone__in=live, status=Proposal.Status.PROPOSED)
    known = {milestone.pk: milestone for milestone in milestones}
    for proposal in as_they_stand(waiting):
        proposal.milestone = live[proposal.milestone_id]
        if proposal.into_id is not None:
            proposal.into = known[proposal.into_id]  # of the same contract
        if proposal.state == Proposal.Status.PROPOSED:
            found[proposal.milestone_id] = proposal
    return found


def limit_then(proposal: Proposal | None, facts: dict[int, MoneyFacts]) -> LimitThen | None:
    """What accepting it makes of the time that the provider holds the other milestone's money."""
    if proposal is None or proposal.into is None:
        return None
    held = facts[proposal.into.escrow_id].held
    return limit_of_roll(proposal.milestone, proposal.into, held=held)
