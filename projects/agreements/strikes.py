"""The clocks of what is open on a contract: offer, money awaited, proposal, payout."""

from collections.abc import Sequence
from dataclasses import replace

from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.money import in_words
from payments.fundings.models import Payment
from payments.payouts.models import Earning
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.words import noun_of
from projects.agreements.models import Proposal
from projects.agreements.selectors import open_steps
from projects.contracts.models import Contract
from projects.disputes.rules import OTHER
from projects.givebacks.models import GiveBack
from projects.milestones.models import Milestone
from projects.milestones.outlook import Stop, Strike
from projects.milestones.rules import unfunded_from


def _answers(*more: str, asked_by: str, can_accept: bool = True) -> tuple[Stop, ...]:
    """Who was asked answers; who asked can take it back."""
    steps = ["accept"] * can_accept + ["decline", *more]
    return (*[Stop(OTHER[asked_by], step) for step in steps], Stop(asked_by, "withdraw"))


def offer_strikes(contract: Contract) -> tuple[Strike, ...]:
    if contract.status != Contract.Status.OFFERED:
        return ()
    # Neither while its posting or one of the sides is suspended, nor once its time is over.
    can_accept = "accept" in open_steps(contract, FREELANCER)
    if contract.stands_still:
        return (
            Strike(
                "lapses",
                None,
                "The posting is suspended, and the time to answer the offer stands still. It goes "
                "on once the posting is restored.",
                stops=f"{contract.freelancer.name} can decline before.",
                stopped_by=_answers(asked_by=CLIENT, can_accept=False),
                title="The offer",
            ),
        )
    return (
        Strike(
            "lapses",
            contract.offer_lapses_at,
            "The offer lapses. Nothing else changes: the bid may be awarded again.",
            step="lapse",
            by=SYSTEM,
            stops=f"{contract.freelancer.name} can {'accept or ' * can_accept}decline before.",
            stopped_by=_answers(asked_by=CLIENT, can_accept=can_accept),
            title="The offer",
        ),
    )


def funding_strikes(contract: Contract, milestones: Sequence[Milestone]) -> list[Strike]:
    """The client's time to fund it, while no money is in for any of these that have not ended."""
    awaited = [one for one in milestones if one.closed_at is None]
    if contract.funding_due_at is None or not all(unfunded_from(one) for one in awaited):
        return []
    client, freelancer = contract.client.name, contract.freelancer.name
    return [
        Strike(
            "may_leave_unfunded",
            contract.funding_due_at,
            f"{freelancer} may end the contract because {client} has not funded it in time. "
            "Nothing is held, so no money moves.",
            by_itself=False,
            step="leave",
            by=FREELANCER,
            stops=f"{client} can fund a milestone before.",
            stopped_by=(Stop(CLIENT, "fund"),),
            title="The time to fund it",
        )
    ]


def proposal_strikes(proposal: Proposal | None, *, can_accept: bool = True) -> list[Strike]:
    """``can_accept``: what it divides is still there to be divided so."""
    if proposal is None:
        return []
    contract = proposal.milestone.contract
    names = {CLIENT: contract.client.name, FREELANCER: contract.freelancer.name}
    return [
        Strike(
            "proposal_lapses",
            proposal.answer_due_at,
            f"The proposal of {names[proposal.proposed_by_role]} to end it lapses. "
            "Nothing else changes.",
            step="lapse",
            by=SYSTEM,
            stops=f"{names[OTHER[proposal.proposed_by_role]]} can {'accept or ' * can_accept}"
            "decline it before, or propose something else.",
            stopped_by=_answers(
                "counter", asked_by=proposal.proposed_by_role, can_accept=can_accept
            ),
        )
    ]


def change_strikes(order: ChangeOrder | None, *, can_accept: bool = True) -> list[Strike]:
    """``can_accept``: what it changes is still what it was when it was proposed."""
    if order is None:
        return []
    contract = order.contract
    names = {CLIENT: contract.client.name, FREELANCER: contract.freelancer.name}
    return [
        Strike(
            "change_lapses",
            order.answer_due_at,
            f"The {noun_of(order)} that {names[order.proposed_by_role]} proposes lapses. Nothing "
            "else changes.",
            step="lapse",
            by=SYSTEM,
            stops=f"{names[OTHER[order.proposed_by_role]]} can {'accept, ' * can_accept}decline or "
            "counter before.",
            stopped_by=_answers("counter", asked_by=order.proposed_by_role, can_accept=can_accept),
            title="The end of the contract" if order.is_ending else "A change of the agreement",
        )
    ]


def payout_strikes(milestone: Milestone, earnings: list[Earning]) -> list[Strike]:
    return [
        Strike(
            "payout",
            earning.clears_at,
            f"{in_words(earning.amount, milestone.currency)} is ready for the bank of "
            f"{milestone.contract.freelancer.name}.",
            to_freelancer=earning.amount,
            about=earning.key,
        )
        for earning in earnings
        if earning.payout_id is None
    ]


def payment_strikes(payment: Payment | None, *, payer: str) -> list[Strike]:
    """A pay page is open for a while only: nothing is lost when it closes. What a bank is bringing
    has no clock of ours.
    """
    if payment is None or payment.expires_at is None or payment.sent_at is not None:
        return []
    amount = in_words(payment.amount, payment.currency)
    return [
        Strike(
            "pay_page_closes",
            payment.expires_at,
            f"The pay page for {amount} closes. Nothing was paid then; another can be opened.",
            stops=f"{payer} can pay before.",
            stopped_by=(Stop(CLIENT, "fund"),),
            about=payment.public_id,
        )
    ]


def bonus_strikes(payment: Payment | None, contract: Contract) -> list[Strike]:
    """Only its giver knows of a bonus that is not paid."""
    return [
        replace(
            strike, title="Your bonus", seen_by=CLIENT, stopped_by=(Stop(CLIENT, "give_bonus"),)
        )
        for strike in payment_strikes(payment, payer=contract.client.name)
    ]


def giveback_strikes(giveback: GiveBack, contract: Contract) -> list[Strike]:
    escrow = giveback.escrow
    asked = in_words(giveback.amount, escrow.currency)
    return [
        Strike(
            "giveback_lapses",
            giveback.answer_due_at,
            f"The question whether {asked} of “{escrow.title}” goes back lapses. Nothing else "
            "changes.",
            step="lapse",
            by=SYSTEM,
            stops=f"{contract.freelancer.name} can give it back or decline before.",
            stopped_by=_answers(asked_by=CLIENT),
            title=f"Money of “{escrow.title}”",
            about=giveback.public_id,
        )
    ]
