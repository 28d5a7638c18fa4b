"""Whose word is waited for, and until when: of a proposal, a question for money, a dispute."""

from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import in_words
from payments.escrow.givebacks.rules import given_back_by
from projects.agreements.changes.ending import ended_parts, total_of
from projects.agreements.changes.words import in_short
from projects.agreements.outlook import Prospect, Prospects
from projects.agreements.proposals.words import limit_in_words
from projects.agreements.selectors import division_of
from projects.agreements.turn import Turn
from projects.contracts.models import Contract
from projects.disputes.models import Dispute


def answer_proposal(role: str, prospect: Prospect) -> Turn | None:
    """A word that the other side waits for goes before everything else."""
    milestone, proposal = prospect.milestone, prospect.proposal
    if proposal is None or proposal.proposed_by_role == role:
        return None
    other = _other(milestone.contract, role)
    shares, text = (
        division_of(proposal, prospect.facts.held),
        "No money moves: nothing is held for it.",
    )
    if shares and proposal.into:
        who = other if role == CLIENT else "You"
        net = in_words(shares.payee, milestone.currency)
        text = f"{who} would get {net}; the rest goes into “{proposal.into.title}”."
        limit = prospect.limit_then
        until = limit_in_words(proposal)
        if until and limit and limit.at != limit.before:
            text += f" {until}"
    elif shares:
        got, left = shares.payee, shares.payer
        if role == CLIENT:
            got, left = left, got
        mine, theirs = (in_words(amount, milestone.currency) for amount in (got, left))
        text = f"You would get {mine}, and {other} {theirs}."
    return Turn(
        f"Answer the proposal to end “{milestone.title}”",
        f"{other} proposes to end it by consent. {text} Until you answer, everything goes on.",
        when="Lapses",
        at=proposal.answer_due_at,
        step="cancel_agreed",
        prospect=prospect,
        about=proposal.public_id,
    )


def await_proposal(role: str, prospect: Prospect) -> Turn | None:
    """Of one's own proposal: whose answer it waits for."""
    milestone, proposal = prospect.milestone, prospect.proposal
    if proposal is None or proposal.proposed_by_role != role:
        return None
    return Turn(
        f"{_other(prospect.milestone.contract, role)} answers your proposal to end "
        f"“{milestone.title}”",
        "Until then everything goes on. Without an answer it lapses and nothing has changed.",
        waits=True,
        when="Lapses",
        at=proposal.answer_due_at,
        step="withdraw",
        prospect=prospect,
        about=proposal.public_id,
    )


def answer_dispute(role: str, prospect: Prospect) -> Turn | None:
    """The other side's word is missing; or a mediator looks at it, and both may add to it."""
    dispute = prospect.dispute
    if dispute is None or _is_awaited_by(role, dispute):
        return None
    text = "Read the case and say your side."
    if dispute.status == Dispute.Status.OPENED:
        title, when, at = "Answer the dispute on", _if_unanswered(prospect), dispute.answer_due_at
    elif dispute.status == Dispute.Status.NEGOTIATING:
        title, when, at = "Settle the dispute on", "Goes to a mediator", dispute.negotiation_ends_at
        text = "Propose how to divide the money, seal a figure, or ask for a mediator."
    elif dispute.status == Dispute.Status.DECIDED:
        title, when, at = "Read the decision on", "Carried out", dispute.appeal_ends_at
        text = "Accept it, or appeal once while there is time."
        if dispute.appealed_by:
            text = "It is the last one."
    else:
        title, when, at = "A mediator looks at", "Decided by", dispute.ruling_due_at
    return Turn(
        f"{title} “{prospect.milestone.title}”",
        f"{text} The other milestones go on.",
        when=when,
        at=at,
        step="dispute",
        prospect=prospect,
        about=dispute.public_id,
    )


def _if_unanswered(prospect: Prospect) -> str:
    """What is said before the moment at which the time to answer is over."""
    is_decided = prospect.verdict is not None and prospect.verdict.shares is not None
    return "Decided by rule" if is_decided else "Goes to a mediator"


def await_dispute(role: str, prospect: Prospect) -> Turn | None:
    """Of the dispute that this side has opened: the other's answer."""
    dispute = prospect.dispute
    if dispute is None or not _is_awaited_by(role, dispute):
        return None
    return Turn(
        f"{_other(prospect.milestone.contract, role)} answers the dispute on "
        f"“{prospect.milestone.title}”",
        "Where nobody answers, it is judged by what is on file. The other milestones go on.",
        waits=True,
        when=_if_unanswered(prospect),
        at=dispute.answer_due_at,
        step="dispute",
        prospect=prospect,
        about=dispute.public_id,
    )


def answer_giveback(role: str, prospects: Prospects) -> Turn | None:
    """Released money is asked back: the freelancer's word is waited for."""
    giveback = next(iter(prospects.givebacks), None)
    if giveback is None:
        return None
    escrow, contract = giveback.escrow, prospects.contract
    asked = in_words(giveback.amount, escrow.currency)
    if role == CLIENT:
        return Turn(
            f"{contract.freelancer.name} answers whether {asked} of “{escrow.title}” goes back",
            "It is theirs to decide. Without an answer nothing changes.",
            waits=True,
            when="Lapses",
            at=giveback.answer_due_at,
            step="withdraw",
            about=giveback.public_id,
        )
    payee = in_words(given_back_by(giveback.amount, escrow).payee, escrow.currency)
    return Turn(
        f"Answer whether {asked} of “{escrow.title}” goes back",
        f"{contract.client.name} asks for {payee} of what you got. It is yours to decide. Without "
        "an answer nothing changes.",
        when="Lapses",
        at=giveback.answer_due_at,
        step="accept",
        about=giveback.public_id,
    )


def answer_change(role: str, prospects: Prospects) -> Turn | None:
    """The other side wants the agreement changed."""
    order, contract = prospects.change, prospects.contract
    if order is None or order.proposed_by_role == role:
        return None
    title = "Answer the change of the agreement"
    wanted = f"proposes: {in_short(order.changes)}."
    if order.is_ending:
        title = "Answer the proposal to end the contract"
        wanted = f"proposes to end it by consent. {_end_in_words(role, prospects)}"
    return Turn(
        title,
        f"{_other(contract, role)} {wanted} Until you answer, everything goes on as it was signed.",
        when="Lapses",
        at=order.answer_due_at,
        step="accept",
        about=order.public_id,
    )


def await_change(role: str, prospects: Prospects) -> Turn | None:
    """Of one's own wish: whose answer it waits for."""
    order, contract = prospects.change, prospects.contract
    if order is None or order.proposed_by_role != role:
        return None
    what = "proposal to end the contract" if order.is_ending else "change of the agreement"
    return Turn(
        f"{_other(contract, role)} answers your {what}",
        "Until then everything goes on as it was signed. Without an answer it lapses.",
        waits=True,
        when="Lapses",
        at=order.answer_due_at,
        step="withdraw",
        about=order.public_id,
    )


def _end_in_words(role: str, prospects: Prospects) -> str:
    """What both sides would get by the end of the contract, to the cent."""
    order, contract = prospects.change, prospects.contract
    assert order is not None
    milestones = [prospect.milestone for prospect in prospects.milestones]
    shares = total_of(ended_parts(milestones, order.changes))
    if not shares.payee and not shares.payer:
        return "No money moves: nothing is held."
    nets = (shares.payer, shares.payee) if role == CLIENT else (shares.payee, shares.payer)
    mine, theirs = (in_words(amount, contract.currency) for amount in nets)
    return f"You would get {mine}, and {_other(contract, role)} {theirs}."


def _is_awaited_by(role: str, dispute: Dispute) -> bool:
    return dispute.status == Dispute.Status.OPENED and dispute.opened_by_role == role


def _other(contract: Contract, role: str) -> str:
    return contract.freelancer.name if role == CLIENT else contract.client.name
