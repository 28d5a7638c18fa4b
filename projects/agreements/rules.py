"""What the lifecycle table of proposals leaves open."""

from collections.abc import Mapping

from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import BOTH
from payments.escrow.division import checked_division
from payments.escrow.facts import MoneyFacts, facts_of_each
from projects.agreements.models import Proposal
from projects.milestones.amounts import refused_whole_ending
from projects.milestones.rolling import judge_agreed_roll
from projects.milestones.rules import judge_step


def judge_room(standing: Proposal | None, role: str | None) -> None:
    """One proposal at a time: refuse another of the same side while ``standing`` waits for its
    answer. One of the other side is that answer.
    """
    if (
        standing is not None
        and standing.state == Proposal.Status.PROPOSED
        and standing.proposed_by_role == role
    ):
        raise WrongState(
            "Your proposal to end this milestone is open: it is answered or withdrawn first."
        )


def why_not_accepted(proposal: Proposal, facts: Mapping[int, MoneyFacts] | None = None) -> str:
    """Why accepting it would be refused as things are, whoever asks; nothing where it would not.

    ``facts`` of the money that it is about, by the key of its escrow, where the caller has them at
    hand; without them the books are asked.
    """
    milestone, into, part = proposal.milestone, proposal.into, proposal.to_freelancer
    escrow = milestone.escrow
    facts = facts or facts_of_each([escrow] if into is None else [escrow, into.escrow])
    held = facts[milestone.escrow_id].held
    try:
        if into is None or proposal.rolled is None:
            judge_step(milestone, "cancel_agreed", BOTH, facts[milestone.escrow_id])
            checked_division(part, escrow, held=held, param="to_freelancer")
            refused_whole_ending(part, escrow, held=held, param="to_freelancer")
        else:
            judge_agreed_roll(
                milestone,
                into,
                to_freelancer=part,
                rolled=proposal.rolled,
                limit_at=proposal.limit_at,
                facts=facts,
            )
    except (InvalidInput, WrongState) as refusal:
        return str(refusal)
    return ""
