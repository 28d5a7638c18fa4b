"""What becomes of a decision: it is made, accepted, appealed against, and carried out."""

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.people.models import User
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import BOTH, CLIENT, MEDIATOR, SYSTEM
from marketplace.common.words import Words
from projects.contracts.roles import Actor, role_in
from projects.contracts.services import record
from projects.disputes import stages
from projects.disputes.assigning.selectors import why_kept_from
from projects.disputes.confirming.services import propose
from projects.disputes.grounds import Ground
from projects.disputes.models import Dispute, Ruling
from projects.disputes.rules import OTHER, judge_step
from projects.disputes.rulings.pronouncing.services import (
    carry_out,
    checked_draft,
    in_figures,
    pronounce,
    rule_on,
)
from projects.disputes.rulings.selectors import judge_decision, ruling_of, waits_for_bank
from projects.disputes.rulings.words import after_the_bank
from projects.disputes.selectors import needs_second, sides_of
from projects.disputes.services import (
    add_words,
    advance_dispute,
    checked_statement,
    hand_to_mediator,
    lock_dispute,
    lock_money,
)
from projects.disputes.telling import tell_side_of


@transaction.atomic
def decide_dispute(
    *,
    dispute_id: int,
    by: Actor,
    to_freelancer: int,
    facts: str,
    rule: str,
    reasons: str,
    ground: str,
) -> Dispute:
    """Decide as a mediator that ``to_freelancer`` of the price is released, the rest goes back.

    ``facts`` are what was found, ``rule`` the one that was applied, ``reasons`` why: both sides
    read them. ``ground`` names the rule for the public register, which tells nothing of what was
    written. No money moves before the time to appeal is over; on appeal the decision is the last
    and carried out at once. Where more is held than the limit of the rules, nothing is decided yet:
    it waits for another mediator to confirm it, and the dispute is as it was. Nobody decides on a
    contract of their own (there they are a side), nor an appeal against themselves. Raises
    InvalidInput for a part that is more than what is held, or an unknown ground. Raises WrongState
    while a bank wants money of it back (what it leaves cannot be told yet), or while a decision
    waits.
    """
    dispute = lock_dispute(dispute_id)
    lock_money(dispute)
    judge_decision(dispute, by)
    if refusal := why_kept_from(dispute, by):
        raise WrongState(refusal, code="kept_for_appeal")
    if ground not in Ground.values:
        raise InvalidInput("Choose one of the rules.", param="ground")
    draft = checked_draft(dispute, to_freelancer, facts, rule, reasons, ground)
    assert isinstance(by, User)
    if needs_second(dispute):
        propose(dispute, draft, by=by)
        return dispute
    shares = pronounce(dispute, draft, by=by)
    log_deed(
        "decide dispute",
        dispute.public_id,
        f"Decided the dispute about “{dispute.milestone.title}”: {in_figures(dispute, shares)}",
        by=by,
        role=MEDIATOR,
        about=sides_of(dispute),
        reason=draft.reasons,
    )
    return dispute


@transaction.atomic
def decide_by_rule(
    *,
    dispute_id: int,
    rule: str,
    ground: str,
    to_freelancer: int,
    facts: str,
    reasons: str,
    why: Words,
) -> Dispute:
    """Decide one that was not answered in time, by a published rule; either side may appeal to any
    mediator. ``why`` tells both of the rule. Raises InvalidInput as a mediator's decision does.
    """
    dispute, _ = advance_dispute(dispute_id, "decide_by_rule", by=SYSTEM)
    lock_money(dispute)
    draft = checked_draft(dispute, to_freelancer, facts, rule, reasons, ground)
    rule_on(dispute, draft, by=SYSTEM, why=why)
    return dispute


@transaction.atomic
def accept_ruling(*, dispute_id: int, by: Actor) -> Dispute:
    """One's side will not appeal. The other hears of it; once both accept, it is carried out."""
    dispute = lock_dispute(dispute_id)
    contract = dispute.milestone.contract
    role = str(role_in(contract, by))
    judge_step(dispute, "accept", role)
    lock_money(dispute)
    is_second = bool(dispute.accepted_by)
    record(contract, "ruling_accepted", by=by, about=dispute)
    if is_second and waits_for_bank(dispute):
        dispute.accepted_by, dispute.appeal_ends_at = BOTH, now()
        dispute.save(update_fields=["accepted_by", "appeal_ends_at"])
        text = Words("Both accept the decision about “%(title)s”.", title=dispute.milestone.title)
        text += after_the_bank()
        tell_side_of(dispute, OTHER[role], "ruling_accepted", text, by=by)
        return dispute
    if is_second:
        carry_out(dispute, _standing(dispute))
        return dispute
    dispute.accepted_by = role
    dispute.save(update_fields=["accepted_by"])
    assert dispute.appeal_ends_at
    text = Words(
        "%(who)s accepts the decision about “%(title)s”. If you accept it as well, it is carried "
        "out at once; otherwise on %(due)s.",
        who=(contract.client if role == CLIENT else contract.freelancer).name,
        title=dispute.milestone.title,
        due=dispute.appeal_ends_at,
    )
    tell_side_of(dispute, OTHER[role], "ruling_accepted", text, by=by)
    return dispute


@transaction.atomic
def appeal_ruling(
    *, dispute_id: int, by: Actor, statement: str, files: list[UploadedFile] | None = None
) -> Dispute:
    """Have another mediator decide, once and for good; ``statement`` says what is wrong."""
    dispute, role = advance_dispute(dispute_id, "appeal", by=by)
    add_words(dispute, by, role, checked_statement(statement), files)
    dispute.appealed_by, dispute.accepted_by, dispute.appeal_ends_at = role, "", None
    dispute.reply_until = stages.reply_until(dispute.milestone)
    clocks = ["appeal_ends_at", "reply_until"]
    dispute.save(update_fields=["status", "appealed_by", "accepted_by", *clocks])
    ruling_due_at = hand_to_mediator(dispute)

    contract = dispute.milestone.contract
    record(contract, "dispute_appealed", by=by, about=dispute)
    text = Words(
        "%(who)s appeals against the decision about “%(title)s”. Another mediator decides for good "
        "by %(due)s; no money moves before. Say what you have to say to it by %(reply)s: nobody "
        "decides before that, or before you have.",
        who=(contract.client if role == CLIENT else contract.freelancer).name,
        title=dispute.milestone.title,
        due=ruling_due_at,
        reply=dispute.reply_until,
    ) + Words("If nobody has by then, the decision stands.")
    tell_side_of(dispute, OTHER[role], "dispute_appealed", text, by=by)
    return dispute


@transaction.atomic
def carry_out_ruling(*, dispute_id: int) -> Dispute:
    """The time to appeal is over, or that of another mediator to decide: the money moves as was
    decided. Raises WrongState before that, and while a bank wants money of it back.
    """
    dispute = lock_dispute(dispute_id)
    judge_step(dispute, "carry_out", SYSTEM)
    lock_money(dispute)
    if waits_for_bank(dispute):
        raise WrongState("The client's bank wants money of it back: the decision waits for that.")
    carry_out(dispute, _standing(dispute))
    return dispute


def _standing(dispute: Dispute) -> Ruling:
    ruling = ruling_of(dispute)
    assert ruling, "a decision without a ruling"
    return ruling
