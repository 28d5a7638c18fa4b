"""A proposal in words: for the other side's notice, and for the timeline."""

from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.money import in_words
from marketplace.common.words import Money, Words
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


def money_in_words(proposal: Proposal, role: str) -> Words:
    """What it brings the reader and the other side, to the cent, after fees."""
    milestone = proposal.milestone
    if not held_in(milestone.escrow):
        return Words("Nothing is held for it, so no money moves.")
    if proposal.into is not None and proposal.rolled is not None:
        return _roll_in_words(proposal, role)
    shares, other = effect_of(milestone, proposal.to_freelancer), name_of(proposal, OTHER[role])
    gets, back = (Money(n, milestone.currency) for n in (shares.payee, shares.payer))
    if role == FREELANCER:
        return Words(
            "You get %(gets)s; %(other)s gets %(back)s back.", gets=gets, other=other, back=back
        )
    return Words(
        "You get %(back)s back; %(other)s gets %(gets)s.", back=back, other=other, gets=gets
    )


def _roll_in_words(proposal: Proposal, role: str) -> Words:
    milestone, into, rolled = proposal.milestone, proposal.into, proposal.rolled
    assert into is not None and rolled is not None
    paid = Money(effect_of(milestone, proposal.to_freelancer).payee, milestone.currency)
    if role == FREELANCER:
        said = Words("You get %(gets)s.", gets=paid)
    else:
        said = Words("%(other)s gets %(gets)s.", other=name_of(proposal, OTHER[role]), gets=paid)
    said += Words(
        "The rest of %(rest)s stays held, for “%(into)s”: %(grown)s are agreed for it then.",
        rest=Money(rolled, milestone.currency),
        into=into.title,
        grown=Money(into.amount + rolled, milestone.currency),
    )
    limit = limit_in_words(proposal)
    return said + limit if limit else said


def limit_in_words(proposal: Proposal) -> Words | None:
    """Until when the provider holds the other milestone's money then; None where none rolls."""
    if proposal.into is None or proposal.limit_at is None:
        return None
    return Words(
        "The payment provider holds what is held for “%(into)s” until %(limit)s then.",
        into=proposal.into.title,
        limit=proposal.limit_at,
    )
