"""What the two sides propose to each other about the money of a milestone, and of its dispute."""

from typing import Any

from django.http import HttpRequest

from marketplace.common.lifecycle import CLIENT, FREELANCER
from payments.escrow.rolling.rules import LimitThen
from projects.agreements.models import Proposal
from projects.agreements.rules import why_not_accepted
from projects.agreements.selectors import division_of, settlements_of
from projects.disputes.models import Dispute
from projects.disputes.rules import OTHER
from projects.milestones.rules import open_steps


def shown_proposal(
    proposal: Proposal,
    role: str,
    *,
    refusal: str,
    held: int | None = None,
    limit: LimitThen | None = None,
) -> dict[str, Any]:
    """The open one as ``contracts/_proposal.html`` draws it: its division, and what this side can
    answer. ``held`` where the caller has it at hand.
    """
    contract = proposal.milestone.contract
    names = {CLIENT: contract.client.name, FREELANCER: contract.freelancer.name}
    return {
        "proposal": proposal,
        "is_mine": proposal.proposed_by_role == role,
        "proposer": names[proposal.proposed_by_role],
        "answerer": names[OTHER[proposal.proposed_by_role]],
        "shares": division_of(proposal, held),
        "limit": limit,
        # A rest goes on between milestones at work alone.
        "refusal": refusal,
    }


def settling_on(request: HttpRequest, dispute: Dispute, role: str) -> dict[str, Any]:
    """What ``disputes/_settling.html`` is drawn with: the proposal that waits for an answer, those
    that wait no longer, and whether this side can make one.
    """
    made = list(settlements_of(dispute, request.user))
    standing = next((one for one in made if one.state == Proposal.Status.PROPOSED), None)
    steps = open_steps(dispute.milestone, role) if dispute.is_open else []
    return {
        "standing": shown_proposal(standing, role, refusal=why_not_accepted(standing))
        if standing
        else None,
        "proposed_before": [one for one in made if one != standing],
        "can_propose": standing is None and "propose_ending" in steps,
    }
