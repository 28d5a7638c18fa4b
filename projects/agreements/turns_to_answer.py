"""Whose word is waited for, and until when: of a proposal, a question for money, a dispute."""

from datetime import datetime

from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import in_words
from payments.chargebacks.models import CONTESTED
from payments.escrow.givebacks.rules import given_back_by
from projects.agreements.changes.ending import ended_parts, total_of
from projects.agreements.changes.words import in_short
from projects.agreements.outlook import Prospect, Prospects
from projects.agreements.proposals.words import limit_in_words
from projects.agreements.selectors import division_of
from projects.agreements.turn import Turn
from projects.contracts.models import Contract
from projects.disputes.models import Dispute
from projects.disputes.rules import refusal_of
from projects.disputes.rulings.selectors import waits_for_bank


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
    if prospect.refusal:
        text += f" It cannot be accepted as things are: {prospect.refusal}"
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
    """A dispute on which this side has something to say."""
    turn = _turn_in_dispute(role, prospect)
    return None if turn is None or turn.waits else turn


def await_dispute(role: str, prospect: Prospect) -> Turn | None:
    """A dispute on which somebody else has."""
    turn = _turn_in_dispute(role, prospect)
    return turn if turn is not None and turn.waits else None


def _turn_in_dispute(role: str, prospect: Prospect) -> Turn | None:
    dispute = prospect.dispute
    if dispute is None:
        return None
    title, text, waits = _said_in_dispute(role, prospect, dispute)
    when, at = _next_in_dispute(prospect, dispute)
    if at is None:
        text, when = f"{text} {when}.", ""
    return Turn(
        f"{title} “{prospect.milestone.title}”",
        f"{text} The other milestones go on.",
        waits=waits,
        when=when,
        at=at,
        step="dispute",
        prospect=prospect,
        about=dispute.public_id,
    )


def _said_in_dispute(role: str, prospect: Prospect, dispute: Dispute) -> tuple[str, str, bool]:
    """The beginning of its title, its text, and whether it is for somebody else to act."""
    other = _other(prospect.milestone.contract, role)
    if dispute.status == Dispute.Status.OPENED:
        if dispute.opened_by_role == role:
            text = "Where nobody answers, it is judged by what is on file."
            return f"{other} answers the dispute on", text, True
        return "Answer the dispute on", "Read the case and say your side.", False
    if dispute.status == Dispute.Status.NEGOTIATING:
        text = "Propose how to divide the money, seal a figure, or ask for a mediator."
        if dispute.mediator_asked_by == role:
            text = f"You have asked for a mediator; {other} has not. Until then you can settle it."
        elif dispute.mediator_asked_by:
            text = f"{other} has asked for a mediator. Ask too, or propose how to divide the money."
        return "Settle the dispute on", text, dispute.mediator_asked_by == role
    if dispute.status == Dispute.Status.DECIDED:
        if stands := refusal_of(dispute, "accept", role):
            return "A decision stands on", stands, True
        return "Read the decision on", "Accept it, or appeal once while there is time.", False
    if dispute.waits_for_reply and role == dispute.appealed_by:
        return f"{other} can reply to your appeal on", "Then another mediator decides.", True
    if dispute.waits_for_reply:
        text = "Nobody decides before you have, or your time for it is over."
        return "Reply to the appeal on", text, False
    return "A mediator decides the dispute on", "Both sides can add to the record.", True


def _next_in_dispute(prospect: Prospect, dispute: Dispute) -> tuple[str, datetime | None]:
    """What happens next by itself, in words, and when."""
    if dispute.status == Dispute.Status.OPENED:
        is_ruled = prospect.verdict is not None and prospect.verdict.shares is not None
        return "Decided by rule" if is_ruled else "Goes to a mediator", dispute.answer_due_at
    if dispute.status == Dispute.Status.NEGOTIATING:
        return "Goes to a mediator", dispute.negotiation_ends_at
    if dispute.status == Dispute.Status.DECIDED:
        is_contested = any(one.status in CONTESTED for one in prospect.chargebacks)
        if waits_for_bank(dispute, is_contested=is_contested):
            return "It is carried out once the client’s bank has decided", None
        return "Carried out", dispute.appeal_ends_at
    if dispute.waits_for_reply:
        return "A mediator may decide from", dispute.reply_until
    if dispute.ruling_missed_at:
        return "Had to be decided by", dispute.ruling_due_at
    return "Decided by", dispute.ruling_due_at


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


def _other(contract: Contract, role: str) -> str:
    return contract.freelancer.name if role == CLIENT else contract.client.name
