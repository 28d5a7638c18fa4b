"""Whose turn it is: the one thing that one side of a contract should do next."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.money import in_words
from projects.agreements.outlook import Prospect, Prospects
from projects.agreements.selectors import division_of
from projects.contracts.models import Contract
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of

S = Milestone.Status


@dataclass(frozen=True)
class Turn:
    """``waits``: there is nothing to do but wait. ``when`` says in words what ``at`` is.

    ``step`` names the step of the lifecycle that does it: on the milestone of ``prospect``, or on
    the contract.
    """

    title: str
    text: str = ""
    waits: bool = False
    when: str = ""
    at: datetime | None = None
    step: str = ""
    prospect: Prospect | None = None

    @property
    def milestone(self) -> Milestone | None:
        return self.prospect.milestone if self.prospect else None


def turn_of(prospects: Prospects, role: str) -> Turn:
    """What this side should do next, or what it waits for."""
    contract = prospects.contract
    if contract.status == Contract.Status.OFFERED:
        return _offer_turn(contract, role)
    if contract.status != Contract.Status.ACTIVE:
        return _ended_turn(prospects, role)
    for judge in _CLIENT_TURNS if role == CLIENT else _FREELANCER_TURNS:
        for prospect in prospects.milestones:
            if turn := judge(prospect):
                return turn
    return Turn("Every milestone has ended", "The contract closes by itself.", waits=True)


def _offer_turn(contract: Contract, role: str) -> Turn:
    if role == CLIENT:
        return Turn(
            f"{contract.freelancer.name} has your offer",
            "It lapses if it is not answered. You can withdraw it while it waits.",
            waits=True,
            when="Lapses",
            at=contract.offer_lapses_at,
            step="withdraw",
        )
    return Turn(
        "Answer the offer",
        f"{contract.client.name} has signed. Accepting signs the agreement for you.",
        when="Answer by",
        at=contract.offer_lapses_at,
        step="accept",
    )


def _ended_turn(prospects: Prospects, role: str) -> Turn:
    contract = prospects.contract
    if contract.status == Contract.Status.COMPLETED:
        total, currency = prospects.total, contract.currency
        text = (
            f"You paid {in_words(total.spent, currency)} in all."
            if role == CLIENT
            else f"You earned {in_words(total.received, currency)} after fees."
        )
        return Turn("This contract is completed", text, waits=True)
    text = {
        Contract.Status.CANCELLED: "Every milestone was cancelled; what was held went back.",
        Contract.Status.DECLINED: f"{contract.freelancer.name} declined the offer.",
        Contract.Status.WITHDRAWN: f"{contract.client.name} withdrew the offer.",
        Contract.Status.LAPSED: "The offer was not answered in time.",
    }[Contract.Status(contract.status)]
    return Turn(f"This contract is {contract.get_status_display().lower()}", text, waits=True)


# --- The client, the most urgent first -----------------------------------------------------------


def _review(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.status != S.SUBMITTED:
        return None
    name = milestone.contract.freelancer.name
    net = in_words(prospect.facts.payee_still_gets, milestone.currency)
    return Turn(
        f"Review “{milestone.title}”",
        f"{name} has delivered. Without an answer it is approved by itself and {net} goes to "
        f"{name}.",
        when="Answer by",
        at=milestone.review_ends_at,
        step="release",
        prospect=prospect,
    )


def _finish_payment(prospect: Prospect) -> Turn | None:
    if prospect.payment is None:
        return None
    milestone = prospect.milestone
    cost = in_words(prospect.payment.amount, milestone.currency)
    return Turn(
        f"Finish the payment of “{milestone.title}”",
        f"{cost} is not paid yet. The work begins once it is held.",
        step="fund",
        prospect=prospect,
    )


def _wait_for_work(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.status not in {S.PLANNED, S.RETURNED} or not prospect.facts.is_fully_held:
        return None
    name = milestone.contract.freelancer.name
    text = {
        S.RETURNED: "Your changes are being made.",
        S.PLANNED: "The work is under way." if milestone.started_at else "The funds are held.",
    }[S(milestone.status)]
    return Turn(
        f"{name} delivers “{milestone.title}”",
        text,
        waits=True,
        when="Due",
        at=due_of(milestone),
        prospect=prospect,
    )


def _fund(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.closed_at is not None or prospect.facts.is_fully_held:
        return None
    cost = in_words(prospect.facts.to_fund, milestone.currency)
    what = "the rest of " if prospect.facts.held else ""
    return Turn(
        f"Fund {what}“{milestone.title}”",
        f"You pay {cost}. It is held until you approve the work.",
        step="fund",
        prospect=prospect,
    )


# --- The freelancer, the most urgent first -------------------------------------------------------


def _make_changes(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.status != S.RETURNED:
        return None
    return Turn(
        f"Make the changes to “{milestone.title}”",
        f"{milestone.contract.client.name} asked for changes. Submit it again when they are made.",
        when="Due",
        at=due_of(milestone),
        step="submit",
        prospect=prospect,
    )


def _work(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.status != S.PLANNED or not prospect.facts.is_fully_held:
        return None
    if milestone.started_at is None:
        return Turn(
            f"Start “{milestone.title}”",
            "The funds are held. Say that you have started, then submit the work.",
            when="Due",
            at=due_of(milestone),
            step="start",
            prospect=prospect,
        )
    return Turn(
        f"Submit “{milestone.title}”",
        "The funds are held until your work is approved.",
        when="Due",
        at=due_of(milestone),
        step="submit",
        prospect=prospect,
    )


def _wait_for_review(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.status != S.SUBMITTED:
        return None
    net = in_words(prospect.facts.payee_still_gets, milestone.currency)
    return Turn(
        f"{milestone.contract.client.name} reviews “{milestone.title}”",
        f"Without an answer it is approved by itself and {net} is yours.",
        waits=True,
        when="Approved by itself",
        at=milestone.review_ends_at,
        prospect=prospect,
    )


def _wait_for_funds(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.closed_at is not None or prospect.facts.is_fully_held:
        return None
    return Turn(
        f"{milestone.contract.client.name} funds “{milestone.title}”",
        "You need not start before the money is held.",
        waits=True,
        prospect=prospect,
    )


# --- Both ----------------------------------------------------------------------------------------


def _answer_proposal(role: str, prospect: Prospect) -> Turn | None:
    """A word that the other side waits for goes before everything else."""
    milestone, proposal = prospect.milestone, prospect.proposal
    if proposal is None or proposal.proposed_by_role == role:
        return None
    contract = milestone.contract
    other = contract.freelancer.name if role == CLIENT else contract.client.name
    shares, text = (
        division_of(proposal, prospect.facts.held),
        "No money moves: nothing is held for it.",
    )
    if shares:
        got, left = shares.payee, shares.payer
        if role == CLIENT:
            got, left = left, got
        mine, theirs = (in_words(amount, milestone.currency) for amount in (got, left))
        text = f"You would get {mine}, and {other} {theirs}."
        if proposal.into:
            text = text.rstrip(".") + f"; the rest goes into “{proposal.into.title}”."
    return Turn(
        f"Answer the proposal to end “{milestone.title}”",
        f"{other} proposes to end it by consent. {text} Until you answer, everything goes on.",
        when="Lapses",
        at=proposal.answer_due_at,
        step="cancel_agreed",
        prospect=prospect,
    )


def _dispute(prospect: Prospect) -> Turn | None:
    milestone = prospect.milestone
    if milestone.status != S.DISPUTED:
        return None
    first = next((s for s in prospect.outlook.strikes if s.kind.startswith("dispute_")), None)
    return Turn(
        f"“{milestone.title}” is disputed",
        "Read the case and say your side. The other milestones go on.",
        when="Goes to a mediator" if first and first.kind == "dispute_answer" else "Decided by",
        at=first.at if first else None,
        step="dispute",
        prospect=prospect,
    )


Judge = Callable[[Prospect], Turn | None]
_CLIENT_TURNS: tuple[Judge, ...] = (
    partial(_answer_proposal, CLIENT),
    _review,
    _dispute,
    _finish_payment,
    _wait_for_work,
    _fund,
)
_FREELANCER_TURNS: tuple[Judge, ...] = (
    partial(_answer_proposal, FREELANCER),
    _make_changes,
    _work,
    _dispute,
    _wait_for_review,
    _wait_for_funds,
)
