"""A proposal in words: for the other side's notice, and for the timeline."""

from marketplace.common.clock import said
from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.money import in_words
from payments.escrow.selectors import held_in
from projects.agreements.models import Proposal
from projects.disputes.rules import OTHER
from projects.disputes.selectors import effect_of


def name_of(proposal: Proposal, role: str) -> str:
    contract = proposal.milestone.contract
    return contract.client.name if role == CLIENT else contract.freelancer.name


def terms_of(proposal: Proposal) -> dict[str, int | str]:
    """For the timeline: the part of the price that goes to the freelancer."""
    milestone = proposal.milestone
    part = in_words(proposal.to_freelancer, milestone.currency)
    price = in_words(milestone.amount, milestone.currency)
    terms = f"{part} of {price} to the freelancer"
    if proposal.into is not None and proposal.rolled is not None:
        rest = in_words(proposal.rolled, milestone.currency)
        terms += f", the rest of {rest} into “{proposal.into.title}”"
    return {"to_freelancer": proposal.to_freelancer, "terms": terms}


def money_in_words(proposal: Proposal, role: str) -> str:
    """What it brings the reader and the other side, to the cent, after fees."""
    milestone = proposal.milestone
    if not held_in(milestone.escrow):
        return "Nothing is held for it, so no money moves."
    if proposal.into is not None and proposal.rolled is not None:
        return _roll_in_words(proposal, role)
    shares, other = effect_of(milestone, proposal.to_freelancer), name_of(proposal, OTHER[role])
    payee, payer = (in_words(n, milestone.currency) for n in (shares.payee, shares.payer))
    if role == FREELANCER:
        return f"You get {payee}; {other} gets {payer} back."
    return f"You get {payer} back; {other} gets {payee}."


def _roll_in_words(proposal: Proposal, role: str) -> str:
    milestone, into, rolled = proposal.milestone, proposal.into, proposal.rolled
    assert into is not None and rolled is not None
    payee = in_words(effect_of(milestone, proposal.to_freelancer).payee, milestone.currency)
    gets = (
        f"You get {payee}"
        if role == FREELANCER
        else f"{name_of(proposal, OTHER[role])} gets {payee}"
    )
    rest, grown = (in_words(n, milestone.currency) for n in (rolled, into.amount + rolled))
    said_so = (
        f"{gets}. The rest of {rest} stays held, for “{into.title}”: "
        f"{grown} are agreed for it then."
    )
    return " ".join(filter(None, [said_so, limit_in_words(proposal)]))


def limit_in_words(proposal: Proposal) -> str:
    """Until when the provider holds the other milestone's money then; nothing where none rolls."""
    if proposal.into is None or proposal.limit_at is None:
        return ""
    return (
        f"The payment provider holds what is held for “{proposal.into.title}” until "
        f"{said(proposal.limit_at)} then."
    )
