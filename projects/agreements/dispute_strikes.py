"""The clocks of a dispute, and who can stop them."""

from dataclasses import replace

from marketplace.common.lifecycle import CLIENT, FREELANCER, MEDIATOR, SYSTEM
from marketplace.common.money import in_words
from payments.escrow.facts import MoneyFacts
from projects.agreements.models import Proposal
from projects.disputes.models import JUDGED, Dispute
from projects.disputes.rules import OTHER
from projects.disputes.rulings.selectors import expected_shares, is_final, waits_for_bank
from projects.disputes.silence.selectors import Verdict
from projects.milestones.outlook import Stop, Strike


def _of_each(step: str, *, but: str = "") -> tuple[Stop, ...]:
    """A step that either side can take on its own."""
    return tuple(Stop(side, step) for side in (CLIENT, FREELANCER) if side != but)


_CAN_AGREE = (
    "one side can give in, by a release or a cancellation, or both can settle it, by a proposal or "
    "by sealed figures that meet"
)


def _ways_to_settle(proposal: Proposal | None) -> tuple[Stop, ...]:
    """One side gives in, or both agree: one proposal at a time waits for the other side."""
    by_proposal = _of_each("propose_ending")
    if proposal is not None:
        other = OTHER[proposal.proposed_by_role]
        by_proposal = (Stop(other, "accept"), Stop(other, "propose_ending"))
    return (Stop(CLIENT, "release"), Stop(FREELANCER, "cancel"), *by_proposal, *_of_each("seal"))


def dispute_strikes(
    dispute: Dispute | None,
    verdict: Verdict | None,
    proposal: Proposal | None,
    *,
    facts: MoneyFacts,
    is_contested: bool,
) -> list[Strike]:
    """``verdict`` is what comes of it if nobody answers, ``proposal`` the one that waits for an
    answer, ``facts`` the money of its milestone; ``is_contested``: a bank wants some of it.
    """
    if dispute is None:
        return []
    by_settling, strikes = _ways_to_settle(proposal), []
    if verdict is not None:
        strikes.append(_silence(dispute, verdict, by_settling))
    if dispute.status == Dispute.Status.NEGOTIATING:
        strikes.append(
            Strike(
                "dispute_negotiation",
                dispute.negotiation_ends_at,
                "The dispute goes to a mediator.",
                step="hand_over",
                by=SYSTEM,
                stops=f"Until then {_CAN_AGREE}. Where both ask for a mediator, it goes at once.",
                stopped_by=(
                    *_of_each("ask_mediator", but=dispute.mediator_asked_by),
                    *by_settling,
                ),
            )
        )
    if dispute.status == Dispute.Status.DECIDED:
        strikes.append(_standing(dispute, facts.held, is_contested, by_settling))
    if dispute.status not in JUDGED:
        return strikes
    if dispute.waits_for_reply:
        strikes.append(_reply(dispute, by_settling))
    if dispute.ruling_expected_at and not dispute.ruling_late_at:
        strikes.append(
            Strike(
                "dispute_ruling_late",
                dispute.ruling_expected_at,
                "Every mediator is told that the ruling is late, and so are both sides.",
                step="chase",
                by=SYSTEM,
                stops=f"A mediator decides before. Until then {_CAN_AGREE}.",
                stopped_by=by_settling,
            )
        )
    if dispute.status == Dispute.Status.APPEALED:
        strikes.append(_standing(dispute, facts.held, is_contested, by_settling))
    elif dispute.ruling_due_at and not dispute.ruling_missed_at:
        strikes.append(
            Strike(
                "dispute_ruling",
                dispute.ruling_due_at,
                "A mediator has decided by now how the held money is shared. If none has, both "
                "sides, every mediator and support are told, the staff each day anew; the money "
                "stays held.",
                step="own_up",
                by=SYSTEM,
                stops=f"A mediator decides before. Until then {_CAN_AGREE}.",
                stopped_by=by_settling,
            )
        )
    return strikes


def _standing(
    dispute: Dispute, held: int, is_contested: bool, by_settling: tuple[Stop, ...]
) -> Strike:
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
    appeals = () if is_last or is_final(dispute) else _of_each("appeal", but=dispute.accepted_by)
    stops = "Both can still agree."
    if appeals:
        stops = "Either side that has not accepted it can appeal before, once; and both can agree."
    if is_appealed:
        stops = "Another mediator can decide before, and both sides can still agree."
    return Strike(
        "dispute_carried_out",
        dispute.ruling_due_at if is_appealed else dispute.appeal_ends_at,
        text,
        step="carry_out",
        by=SYSTEM,
        stops=stops,
        stopped_by=(*appeals, *by_settling),
        to_freelancer=shares.payee,
        fee=shares.fees,
        to_client=shares.payer,
    )


def _reply(dispute: Dispute, by_settling: tuple[Stop, ...]) -> Strike:
    """The last word is not spoken before the other side of an appeal was heard, or had its time."""
    contract, side = dispute.milestone.contract, OTHER[dispute.appealed_by]
    who = contract.client if side == CLIENT else contract.freelancer
    return Strike(
        "dispute_reply",
        dispute.reply_until,
        "Another mediator may decide for good.",
        by_itself=False,
        step="decide",
        by=MEDIATOR,
        stops=f"{who.name} can reply to the appeal before: then it may be decided at once. Until "
        f"then {_CAN_AGREE}.",
        stopped_by=(Stop(side, "state"), *by_settling),
    )


def _silence(dispute: Dispute, verdict: Verdict, by_settling: tuple[Stop, ...]) -> Strike:
    contract = dispute.milestone.contract
    names = {CLIENT: contract.client.name, FREELANCER: contract.freelancer.name}
    asked, row, shares = OTHER[dispute.opened_by_role], verdict.judgement.row, verdict.shares
    strike = Strike(
        "dispute_answer",
        dispute.answer_due_at,
        f"The dispute goes to a mediator, by row {row.number} of the rules: {row.condition}",
        step="escalate",
        by=SYSTEM,
        stops=f"{names[asked]} can answer before, and {_CAN_AGREE}.",
        stopped_by=(Stop(asked, "answer"), *by_settling),
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
