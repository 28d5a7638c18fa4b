"""What becomes of a decision: it is made, accepted, appealed against, and carried out."""

from datetime import timedelta

from django.db import transaction

from accounts.parties.selectors import person_ids_of
from accounts.people.models import User
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import BOTH, CLIENT, FREELANCER, MEDIATOR, SYSTEM
from marketplace.common.money import in_words
from marketplace.common.text import checked_line, checked_text
from marketplace.common.words import Words
from payments.escrow.adjusting.services import lock_all
from payments.escrow.division import Shares, price_held
from payments.escrow.selectors import held_in
from projects.contracts.roles import Actor, role_in
from projects.contracts.services import record
from projects.disputes.grounds import Ground
from projects.disputes.models import LIFECYCLE, Dispute, Ruling
from projects.disputes.rules import OTHER, judge_step
from projects.disputes.rulings.selectors import has_ruled, part_now, ruling_of, waits_for_bank
from projects.disputes.selectors import effect_of
from projects.disputes.services import (
    LONGEST_STATEMENT,
    add_words,
    advance_dispute,
    burn_figures,
    checked_statement,
    hand_to_mediator,
    lock_dispute,
    tell_side_of,
)
from projects.disputes.words import arrival_in_words, shares_in_words
from projects.milestones.amounts import checked_part
from projects.milestones.endings import services as endings
from projects.milestones.rules import within_limit

LONGEST_RULE = 300


@transaction.atomic
def decide_dispute(
    *,
    dispute_id: int,
    by: Actor,
    to_freelancer: int,
    facts: str,
    rule: str,
    reasons: str,
    ground: str = Ground.OTHER,
) -> Dispute:
    """Decide as a mediator that ``to_freelancer`` of the price is released, the rest goes back.

    ``facts`` are what was found, ``rule`` the one that was applied, ``reasons`` why: both sides
    read them. ``ground`` names the rule for the public register, which tells nothing of what was
    written. No money moves before the time to appeal is over; on appeal the decision is the last
    and carried out at once. Nobody decides on a contract of their own (there they are a side), nor
    an appeal against themselves. Raises InvalidInput for a part that is more than what is held, or
    an unknown ground.
    Raises WrongState while a bank wants money of it back: what it leaves cannot be told yet.
    """
    dispute, _ = advance_dispute(dispute_id, "decide", by=by)
    if has_ruled(dispute, by):
        raise NotAllowed("You have decided this case before: an appeal goes to another mediator.")
    if ground not in Ground.values:
        raise InvalidInput("Choose one of the rules.", param="ground")
    _lock_money(dispute)
    if waits_for_bank(dispute):
        raise WrongState(
            "The client's bank wants money of it back. Decide once it has: only then is it known "
            "what is left to divide."
        )
    ruling, shares = _rule(dispute, by, to_freelancer, facts, rule, reasons, ground)
    milestone = dispute.milestone
    money = [in_words(amount, milestone.currency) for amount in (shares.payee, shares.payer)]
    log_deed(
        "decide dispute",
        dispute.public_id,
        f"Decided the dispute about “{milestone.title}”: {money[0]} to the freelancer, "
        f"{money[1]} back to the client.",
        by=by,
        role=MEDIATOR,
        about=person_ids_of(milestone.contract.client_id, milestone.contract.freelancer_id),
        reason=ruling.reasons,
    )
    if dispute.appealed_by:
        _carry_out(dispute, ruling)
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
    _lock_money(dispute)
    _rule(dispute, SYSTEM, to_freelancer, facts, rule, reasons, ground, why)
    return dispute


@transaction.atomic
def accept_ruling(*, dispute_id: int, by: Actor) -> Dispute:
    """One's side will not appeal. The other hears of it; once both accept, it is carried out."""
    dispute = lock_dispute(dispute_id)
    contract = dispute.milestone.contract
    role = str(role_in(contract, by))
    judge_step(dispute, "accept", role)
    _lock_money(dispute)
    is_second = bool(dispute.accepted_by)
    record(contract, "ruling_accepted", by=by, about=dispute)
    if is_second and waits_for_bank(dispute):
        dispute.accepted_by, dispute.appeal_ends_at = BOTH, now()
        dispute.save(update_fields=["accepted_by", "appeal_ends_at"])
        text = Words("Both accept the decision about “%(title)s”.", title=dispute.milestone.title)
        text += _after_the_bank()
        tell_side_of(dispute, OTHER[role], "ruling_accepted", text, by=by)
        return dispute
    if is_second:
        _carry_out(dispute, _standing(dispute))
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
def appeal_ruling(*, dispute_id: int, by: Actor, statement: str) -> Dispute:
    """Have another mediator decide, once and for good; ``statement`` says what is wrong."""
    dispute, role = advance_dispute(dispute_id, "appeal", by=by)
    add_words(dispute, by, role, checked_statement(statement))
    dispute.appealed_by, dispute.accepted_by, dispute.appeal_ends_at = role, "", None
    dispute.save(update_fields=["status", "appealed_by", "accepted_by", "appeal_ends_at"])
    ruling_due_at = hand_to_mediator(dispute)

    contract = dispute.milestone.contract
    record(contract, "dispute_appealed", by=by, about=dispute)
    text = Words(
        "%(who)s appeals against the decision about “%(title)s”. Another mediator decides for good "
        "by %(due)s; no money moves before. You can add to the record.",
        who=(contract.client if role == CLIENT else contract.freelancer).name,
        title=dispute.milestone.title,
        due=ruling_due_at,
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
    _lock_money(dispute)
    if waits_for_bank(dispute):
        raise WrongState("The client's bank wants money of it back: the decision waits for that.")
    _carry_out(dispute, _standing(dispute))
    return dispute


def _lock_money(dispute: Dispute) -> None:
    """Before anything is judged: banks come from below. The caller holds the locks above it."""
    milestone = dispute.milestone
    milestone.escrow = lock_all([milestone.escrow_id])[milestone.escrow_id]


def _standing(dispute: Dispute) -> Ruling:
    ruling = ruling_of(dispute)
    assert ruling, "a decision without a ruling"
    return ruling


def _rule(
    dispute: Dispute,
    by: Actor,
    to_freelancer: int,
    facts: str,
    rule: str,
    reasons: str,
    ground: str,
    why: Words | None = None,
) -> tuple[Ruling, Shares]:
    """Write it down and tell both sides who gets what, when, and until when they can appeal."""
    milestone = dispute.milestone
    checked_part(to_freelancer, milestone, param="to_freelancer")
    ruling = Ruling(
        dispute=dispute,
        number=2 if dispute.appealed_by else 1,
        by=by if isinstance(by, User) else None,
        facts=checked_text(facts, param="facts", longest=LONGEST_STATEMENT, least=1),
        rule=checked_line(rule, param="rule", longest=LONGEST_RULE),
        ground=ground,
        reasons=checked_text(reasons, param="reasons", longest=LONGEST_STATEMENT, least=1),
        to_freelancer=to_freelancer,
        held=price_held(milestone.escrow, held=held_in(milestone.escrow)),
        created_at=now(),
    )
    ruling.save(force_insert=True)
    # Sealed in ignorance of it: against what is decided, one side would have nothing to lose.
    burn_figures(dispute)
    days = 0 if dispute.appealed_by else milestone.contract.policy.appeal_days
    dispute.appeal_ends_at = within_limit(milestone, now() + timedelta(days=days), at=now())
    dispute.save(update_fields=["status", "appeal_ends_at"])

    contract = milestone.contract
    record(contract, "dispute_decided", by=by, about=dispute, to_freelancer=to_freelancer)
    shares = effect_of(milestone, to_freelancer)
    for role in (CLIENT, FREELANCER):
        text = Words("The dispute about “%(title)s” is decided.", title=milestone.title)
        text = text + why if why else text
        text += shares_in_words(shares, milestone.currency, role)
        text += _what_follows(dispute, role)
        text += Words("The reasons are on its page.")
        tell_side_of(dispute, role, "dispute_decided", text, by=by)
    return ruling, shares


def _what_follows(dispute: Dispute, role: str) -> Words:
    assert dispute.appeal_ends_at
    if dispute.appealed_by:
        return Words("This decision is the last, and is carried out at once.")
    text = Words(
        "It is carried out on %(due)s, or as soon as both of you accept it. If you do not agree, "
        "appeal before: another mediator then decides for good.",
        due=dispute.appeal_ends_at,
    )
    return text + arrival_in_words(dispute, role)


def _after_the_bank() -> Words:
    return Words(
        "It is carried out once the client's bank has decided whether it takes money of it back."
    )


def _carry_out(dispute: Dispute, ruling: Ruling) -> None:
    """Move the money. The caller holds all locks, also that of the money."""
    milestone = dispute.milestone
    is_unheard = dispute.status == Dispute.Status.APPEALED
    part = part_now(ruling, milestone.escrow, held=held_in(milestone.escrow))
    shares = effect_of(milestone, part)
    endings.resolve_milestone(
        milestone_id=milestone.pk, by=SYSTEM, to_freelancer=part, reason="dispute_decided"
    )
    LIFECYCLE.advance(dispute, "carry_out", role=SYSTEM)
    dispute.to_freelancer, dispute.closed_at = part, now()
    dispute.save(update_fields=["status", "to_freelancer", "closed_at"])
    ruling.carried_out_at = dispute.closed_at
    ruling.save(update_fields=["carried_out_at"])
    burn_figures(dispute)
    _tell_carried_out(dispute, shares, is_unheard=is_unheard, is_less=part < ruling.to_freelancer)


def _tell_carried_out(dispute: Dispute, shares: Shares, *, is_unheard: bool, is_less: bool) -> None:
    milestone = dispute.milestone
    record(
        milestone.contract,
        "ruling_carried_out",
        by=SYSTEM,
        about=dispute,
        to_freelancer=dispute.to_freelancer,
    )
    for role in (CLIENT, FREELANCER):
        text = Words("The decision about “%(title)s” is carried out.", title=milestone.title)
        if is_unheard:
            text += Words("No other mediator has decided in time, so it stands.")
        text += shares_in_words(shares, milestone.currency, role)
        if is_less:
            text += Words(
                "The client's bank has taken back money since: what is left was divided in the "
                "same proportion."
            )
        tell_side_of(dispute, role, "ruling_carried_out", text, by=SYSTEM)
