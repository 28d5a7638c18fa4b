"""The clocks of what is open on a contract: offer, money awaited, dispute, proposal, payout."""

from collections.abc import Sequence
from dataclasses import replace

from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.money import in_words
from payments.fundings.models import Payment
from payments.payouts.models import Earning
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.words import noun_of
from projects.agreements.models import Proposal
from projects.contracts.models import Contract
from projects.disputes.models import JUDGED, Dispute
from projects.disputes.rules import OTHER
from projects.disputes.rulings.selectors import expected_shares, waits_for_bank
from projects.disputes.silence.selectors import Verdict
from projects.givebacks.models import GiveBack
from projects.milestones.models import Milestone
from projects.milestones.outlook import Stop, Strike
from projects.milestones.rules import unfunded_from

# While a dispute is open, its milestone can still end by either side's giving in, or by both.
_BY_AGREEING = (
    Stop(CLIENT, "release"),
    Stop(FREELANCER, "cancel"),
    Stop(CLIENT, "propose_ending"),
    Stop(FREELANCER, "propose_ending"),
)


def _answers(*more: str, asked_by: str) -> tuple[Stop, ...]:
    """Who was asked answers; who asked can take it back."""
    answers = [Stop(OTHER[asked_by], step) for step in ("accept", "decline", *more)]
    return (*answers, Stop(asked_by, "withdraw"))


def offer_strikes(contract: Contract) -> tuple[Strike, ...]:
    if contract.status != Contract.Status.OFFERED:
        return ()
    return (
        Strike(
            "lapses",
            contract.offer_lapses_at,
            "The offer lapses. Nothing else changes: the bid may be awarded again.",
            step="lapse",
            by=SYSTEM,
            stops=f"{contract.freelancer.name} can accept or decline before.",
            stopped_by=_answers(asked_by=CLIENT),
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


def dispute_strikes(
    dispute: Dispute | None,
    verdict: Verdict | None = None,
    *,
    held: int = 0,
    is_contested: bool = False,
) -> list[Strike]:
    """``verdict`` is what comes of it if nobody answers, ``held`` what is held for its milestone;
    ``is_contested``: a bank wants some of it.
    """
    if dispute is None:
        return []
    strikes = []
    if verdict is not None:
        strikes.append(_silence(dispute, verdict))
    if dispute.status == Dispute.Status.NEGOTIATING:
        strikes.append(
            Strike(
                "dispute_negotiation",
                dispute.negotiation_ends_at,
                "The dispute goes to a mediator.",
                step="hand_over",
                by=SYSTEM,
                stops="Until then both sides can agree: by a release or by a cancellation. Where "
                "both ask for a mediator, it goes at once.",
                stopped_by=_BY_AGREEING,
            )
        )
    if dispute.status == Dispute.Status.DECIDED:
        strikes.append(_standing(dispute, held, is_contested))
    if dispute.status not in JUDGED:
        return strikes
    if dispute.ruling_expected_at and not dispute.ruling_late_at:
        strikes.append(
            Strike(
                "dispute_ruling_late",
                dispute.ruling_expected_at,
                "Every mediator is told that the ruling is late, and so are both sides.",
                step="chase",
                by=SYSTEM,
                stops="A mediator decides before. Until then both sides can agree: by a release or "
                "by a cancellation.",
                stopped_by=_BY_AGREEING,
            )
        )
    if dispute.status == Dispute.Status.APPEALED:
        strikes.append(_standing(dispute, held, is_contested))
    elif dispute.ruling_due_at and not dispute.ruling_missed_at:
        strikes.append(
            Strike(
                "dispute_ruling",
                dispute.ruling_due_at,
                "A mediator has decided by now how the held money is shared. If none has, both "
                "sides, every mediator and support are told; the money stays held.",
                step="own_up",
                by=SYSTEM,
                stops="A mediator decides before. Until then both sides can agree: by a release or "
                "by a cancellation.",
                stopped_by=_BY_AGREEING,
            )
        )
    return strikes


def _standing(dispute: Dispute, held: int, is_contested: bool) -> Strike:
    """A decision that stands until it is carried out, or for as long as a bank keeps it waiting."""
    shares = expected_shares(dispute, held=held)
    assert shares
    contract, currency = dispute.milestone.contract, dispute.milestone.currency
    parts = f"{in_words(shares.payee, currency)} to {contract.freelancer.name} and "
    parts += f"{in_words(shares.payer, currency)} back to {contract.client.name}"
    is_appealed = dispute.status == Dispute.Status.APPEALED
    text = f"The decision is carried out: {parts}."
    if is_appealed:
        text = f"Unless another mediator has decided, the first decision is carried out: {parts}."
    if waits_for_bank(dispute, is_contested=is_contested):
        text += f" It waits while {contract.client.name}’s bank wants money of it back."
    is_last = bool(dispute.appealed_by)
    appeals = () if is_last else (Stop(CLIENT, "appeal"), Stop(FREELANCER, "appeal"))
    stops = "" if is_last else "Either side can appeal before, once; and both can still agree."
    if is_appealed:
        stops = "Another mediator can decide before, and both sides can still agree."
    return Strike(
        "dispute_carried_out",
        dispute.ruling_due_at if is_appealed else dispute.appeal_ends_at,
        text,
        step="carry_out",
        by=SYSTEM,
        stops=stops,
        stopped_by=(*appeals, *_BY_AGREEING),
        to_freelancer=shares.payee,
        fee=shares.fees,
        to_client=shares.payer,
    )


def _silence(dispute: Dispute, verdict: Verdict) -> Strike:
    contract = dispute.milestone.contract
    names = {CLIENT: contract.client.name, FREELANCER: contract.freelancer.name}
    asked, row, shares = OTHER[dispute.opened_by_role], verdict.judgement.row, verdict.shares
    strike = Strike(
        "dispute_answer",
        dispute.answer_due_at,
        f"The dispute goes to a mediator, by row {row.number} of the rules: {row.condition}",
        step="escalate",
        by=SYSTEM,
        stops=f"{names[asked]} can answer before, and both sides can agree: by a release or by a "
        "cancellation.",
        stopped_by=_BY_AGREEING,
    )
    if shares is None:
        return strike
    gets, back = (in_words(n, contract.currency) for n in (shares.payee, shares.payer))
    return replace(
        strike,
        text=f"It is decided by row {row.number} of the rules: {gets} for {names[FREELANCER]}, "
        f"{back} back to {names[CLIENT]}. {row.condition}",
        step="decide_by_rule",
        to_freelancer=shares.payee,
        fee=shares.fees,
        to_client=shares.payer,
    )


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
            step="lapse",
            by=SYSTEM,
            stops=f"{names[OTHER[proposal.proposed_by_role]]} can accept or decline it before.",
            stopped_by=_answers(asked_by=proposal.proposed_by_role),
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
            f"The {noun_of(order)} that {names[order.proposed_by_role]} proposes lapses. Nothing "
            "else changes.",
            step="lapse",
            by=SYSTEM,
            stops=f"{names[OTHER[order.proposed_by_role]]} can accept, decline or counter before.",
            stopped_by=_answers("counter", asked_by=order.proposed_by_role),
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
        )
    ]
