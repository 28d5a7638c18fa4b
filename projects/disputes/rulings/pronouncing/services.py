"""A decision is written down and both are told; and it is carried out."""

from dataclasses import asdict, dataclass

from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import CLIENT, FREELANCER, MEDIATOR, SYSTEM
from marketplace.common.money import in_words
from marketplace.common.outages.selectors import is_made_up_for
from marketplace.common.text import checked_line, checked_text
from marketplace.common.words import Words
from payments.escrow.division import Shares
from payments.escrow.selectors import held_in
from projects.contracts.roles import Actor
from projects.contracts.services import record
from projects.disputes import stages
from projects.disputes.models import LIFECYCLE, Dispute, Ruling
from projects.disputes.rulings.selectors import part_now
from projects.disputes.rulings.words import what_follows
from projects.disputes.selectors import effect_of
from projects.disputes.services import LONGEST_STATEMENT, leave_nothing_open
from projects.disputes.telling import tell_side_of
from projects.disputes.words import ready_in_words, shares_in_words
from projects.milestones.amounts import checked_part, price_held_of
from projects.milestones.endings import services as endings

LONGEST_RULE = 300


@dataclass(frozen=True)
class Draft:
    """What a decision says, judged; ``held`` is what is held of the price now."""

    to_freelancer: int
    held: int
    facts: str
    rule: str
    reasons: str
    ground: str


def checked_draft(
    dispute: Dispute, to_freelancer: int, facts: str, rule: str, reasons: str, ground: str
) -> Draft:
    """Raises InvalidInput with the field at fault; the money is locked."""
    return Draft(
        to_freelancer=checked_part(to_freelancer, dispute.milestone, param="to_freelancer"),
        held=price_held_of(dispute.milestone),
        facts=checked_text(facts, param="facts", longest=LONGEST_STATEMENT, least=1),
        rule=checked_line(rule, param="rule", longest=LONGEST_RULE),
        reasons=checked_text(reasons, param="reasons", longest=LONGEST_STATEMENT, least=1),
        ground=ground,
    )


def rule_on(
    dispute: Dispute,
    draft: Draft,
    *,
    by: Actor,
    confirmed_by: User | None = None,
    why: Words | None = None,
) -> tuple[Ruling, Shares]:
    """Write it down and tell both sides who gets what, when, and until when they can appeal."""
    milestone = dispute.milestone
    ruling = Ruling(
        dispute=dispute,
        number=dispute.instance,
        by=by if isinstance(by, User) else None,
        confirmed_by=confirmed_by,
        created_at=now(),
        **asdict(draft),
    )
    ruling.save(force_insert=True)
    # Sealed in ignorance of it: against what is decided, one side would have nothing to lose.
    leave_nothing_open(dispute)
    is_last = bool(dispute.appealed_by)
    dispute.appeal_ends_at = now() if is_last else stages.end_of(stages.APPEAL, milestone)
    dispute.save(update_fields=["status", "appeal_ends_at"])

    contract = milestone.contract
    record(contract, "dispute_decided", by=by, about=dispute, to_freelancer=draft.to_freelancer)
    shares = effect_of(milestone, draft.to_freelancer)
    for role in (CLIENT, FREELANCER):
        text = Words("The dispute about “%(title)s” is decided.", title=milestone.title)
        text = text + why if why else text
        text += shares_in_words(shares, milestone.currency, role)
        text += what_follows(dispute, role, shares)
        text += Words("The reasons are on its page.")
        tell_side_of(dispute, role, "dispute_decided", text, by=by)
    return ruling, shares


def pronounce(
    dispute: Dispute, draft: Draft, *, by: User, confirmed_by: User | None = None
) -> Shares:
    """A mediator's decision stands from now on; on appeal it is carried out at once. Who gets what.

    The caller holds all locks, has judged who decides, and writes down what was done.
    """
    if dispute.appealed_by and not is_made_up_for():
        raise WrongState(
            "Milepost was not at work for a while: perhaps the other side could not reply in its "
            "time. Try again in a minute.",
            retry_after=60,
        )
    LIFECYCLE.advance(dispute, "decide", role=MEDIATOR)
    ruling, shares = rule_on(dispute, draft, by=by, confirmed_by=confirmed_by)
    if dispute.appealed_by:
        carry_out(dispute, ruling)
    return shares


def in_figures(dispute: Dispute, shares: Shares) -> str:
    """Who gets what, for the audit log."""
    currency = dispute.milestone.currency
    gets, back = (in_words(amount, currency) for amount in (shares.payee, shares.payer))
    return f"{gets} to the freelancer, {back} back to the client."


def carry_out(dispute: Dispute, ruling: Ruling) -> None:
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
    leave_nothing_open(dispute)
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
        if role == CLIENT and shares.payer:
            text += Words("What you get back is on its way to your card; banks take some days.")
        ready = ready_in_words(dispute, shares, carried_out_at=now())
        if role == FREELANCER and ready:
            text += ready
        if is_less:
            text += Words(
                "The client's bank has taken back money since: what is left was divided in the "
                "same proportion."
            )
        tell_side_of(dispute, role, "ruling_carried_out", text, by=SYSTEM)
