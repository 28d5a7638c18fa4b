"""The clocks of what is open on a contract: offer, dispute, proposal, payout, money asked back."""

from dataclasses import replace

from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.money import in_words
from payments.fundings.models import Payment
from payments.payouts.models import Earning
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.models import Proposal
from projects.contracts.models import Contract
from projects.disputes.models import Dispute
from projects.disputes.rules import OTHER
from projects.givebacks.models import GiveBack
from projects.milestones.models import Milestone
from projects.milestones.outlook import Strike


def offer_strikes(contract: Contract) -> tuple[Strike, ...]:
    if contract.status != Contract.Status.OFFERED:
        return ()
    return (
        Strike(
            "lapses",
            contract.offer_lapses_at,
            "The offer lapses. Nothing else changes: the bid may be awarded again.",
            stops=f"{contract.freelancer.name} can accept or decline before.",
            title="The offer",
        ),
    )


def dispute_strikes(dispute: Dispute | None) -> list[Strike]:
    if dispute is None:
        return []
    strikes = []
    if dispute.status == Dispute.Status.OPENED and dispute.answer_due_at:
        strikes.append(
            Strike(
                "dispute_answer",
                dispute.answer_due_at,
                "The dispute goes to a mediator, answered or not.",
                stops="Until then both sides can agree: by a release or by a cancellation.",
            )
        )
    if dispute.ruling_due_at:
        strikes.append(
            Strike(
                "dispute_ruling",
                dispute.ruling_due_at,
                "A mediator has decided by now how the held money is shared.",
                by_itself=False,
                stops="Until then both sides can agree: by a release or by a cancellation.",
            )
        )
    return strikes


def proposal_strikes(proposal: Proposal | None) -> list[Strike]:
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
            stops=f"{names[OTHER[proposal.proposed_by_role]]} can accept or decline it before.",
        )
    ]


def change_strikes(order: ChangeOrder | None) -> list[Strike]:
    if order is None:
        return []
    contract = order.contract
    names = {CLIENT: contract.client.name, FREELANCER: contract.freelancer.name}
    return [
        Strike(
            "change_lapses",
            order.answer_due_at,
            f"The change that {names[order.proposed_by_role]} proposes lapses. Nothing else "
            "changes.",
            stops=f"{names[OTHER[order.proposed_by_role]]} can accept, decline or counter before.",
            title="A change of the agreement",
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
        )
        for earning in earnings
        if earning.payout_id is None
    ]


def payment_strikes(payment: Payment | None, *, payer: str) -> list[Strike]:
    """A pay page is open for a while only: nothing is lost when it closes."""
    if payment is None or payment.expires_at is None:
        return []
    amount = in_words(payment.amount, payment.currency)
    return [
        Strike(
            "pay_page_closes",
            payment.expires_at,
            f"The pay page for {amount} closes. Nothing was paid then; another can be opened.",
            stops=f"{payer} can pay before.",
        )
    ]


def bonus_strikes(payment: Payment | None, contract: Contract) -> list[Strike]:
    """Only its giver knows of a bonus that is not paid."""
    return [
        replace(strike, title="Your bonus", seen_by=CLIENT)
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
            stops=f"{contract.freelancer.name} can give it back or decline before.",
            title=f"Money of “{escrow.title}”",
        )
    ]
