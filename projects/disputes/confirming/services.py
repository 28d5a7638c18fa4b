"""A decision that needs a second mediator: proposed, and confirmed or returned by another one."""

from dataclasses import asdict

from django.db import transaction

from accounts.notifications.services import notify
from accounts.people.models import User
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import MEDIATOR
from marketplace.common.text import checked_text
from marketplace.common.words import Words
from projects.contracts.roles import Actor, role_in
from projects.disputes.assigning.selectors import can_have_it
from projects.disputes.confirming.models import LIFECYCLE, ProposedRuling
from projects.disputes.confirming.selectors import why_not_answered_by, why_not_confirmed_by
from projects.disputes.models import Dispute
from projects.disputes.rules import judge_step
from projects.disputes.rulings.pronouncing.services import Draft, in_figures, pronounce
from projects.disputes.rulings.selectors import refuse_for_bank
from projects.disputes.selectors import mediators_for, sides_of
from projects.disputes.services import lock_dispute, lock_money
from projects.milestones.amounts import price_held_of

LONGEST_RETURN = 2_000


def propose(dispute: Dispute, draft: Draft, *, by: User) -> ProposedRuling:
    """Write a decision down for another mediator; the dispute and its clocks stay as they are.

    The caller holds all locks and has judged who decides. Neither side learns what it says.
    """
    proposed = ProposedRuling.objects.create(
        dispute=dispute, number=dispute.instance, by=by, created_at=now(), **asdict(draft)
    )
    assert dispute.ruling_due_at
    text = Words(
        "%(who)s has written a decision in the dispute about “%(title)s”. So much is held that "
        "another mediator has to confirm it, or to return it, by %(due)s.",
        who=by.name,
        title=dispute.milestone.title,
        due=dispute.ruling_due_at,
    )
    others = [one for one in mediators_for(dispute) if one != by]
    for mediator in can_have_it(dispute, others, by):
        _tell(mediator, proposed, "ruling_to_confirm", text, by=by)
    log_deed(
        "propose ruling",
        proposed.public_id,
        f"Wrote a decision in the dispute about “{dispute.milestone.title}”: another mediator "
        "confirms or returns it.",
        by=by,
        role=MEDIATOR,
        about=sides_of(dispute),
    )
    return proposed


@transaction.atomic
def confirm_ruling(*, proposed_id: int, by: Actor) -> Dispute:
    """Have it decided as another mediator wrote it: both sides are told, and can appeal; on appeal
    it is carried out at once.

    Nobody confirms what they wrote, or a case of their own or one that they decided before an
    appeal. Raises WrongState where it waits no longer, while a bank wants money of it back, and
    where another amount is held than it was written about.
    """
    proposed, dispute = _advance(proposed_id, "confirm", by=by)
    if refusal := why_not_confirmed_by(proposed, by):
        raise NotAllowed(refusal)
    lock_money(dispute)
    refuse_for_bank(dispute)
    if price_held_of(dispute.milestone) != proposed.held:
        raise WrongState(
            "Another amount is held by now than this decision is about. Return it: it has to be "
            "written anew."
        )
    assert isinstance(by, User)
    _close(proposed, by=by)
    draft = Draft(
        to_freelancer=proposed.to_freelancer,
        held=proposed.held,
        facts=proposed.facts,
        rule=proposed.rule,
        reasons=proposed.reasons,
        ground=proposed.ground,
    )
    shares = pronounce(dispute, draft, by=proposed.by, confirmed_by=by)
    log_deed(
        "confirm proposed ruling",
        proposed.public_id,
        f"Confirmed the decision about “{dispute.milestone.title}”: {in_figures(dispute, shares)}",
        by=by,
        role=MEDIATOR,
        about=sides_of(dispute),
        reason=proposed.reasons,
    )
    return dispute


@transaction.atomic
def return_ruling(*, proposed_id: int, by: Actor, why: str) -> ProposedRuling:
    """Do not confirm it, and say ``why``: its author, or another mediator, may write another one.

    Whoever wrote it may take it back in the same way. Raises WrongState where it waits no longer.
    """
    proposed, dispute = _advance(proposed_id, "return", by=by)
    if refusal := why_not_answered_by(proposed, by):
        raise NotAllowed(refusal)
    assert isinstance(by, User)
    proposed.returned_for = checked_text(why, param="why", longest=LONGEST_RETURN, least=1)
    _close(proposed, by=by)
    text = Words(
        "%(who)s returns your decision in the dispute about “%(title)s”, and says why on its page. "
        "It has decided nothing.",
        who=by.name,
        title=dispute.milestone.title,
    )
    _tell(proposed.by, proposed, "ruling_returned", text, by=by)
    log_deed(
        "return proposed ruling",
        proposed.public_id,
        f"Returned the decision that was written in the dispute about “{dispute.milestone.title}”.",
        by=by,
        role=MEDIATOR,
        about=sides_of(dispute),
    )
    return proposed


def _advance(proposed_id: int, step: str, *, by: Actor) -> tuple[ProposedRuling, Dispute]:
    """Lock the dispute first, then judge it and the row; the caller saves."""
    dispute_id = ProposedRuling.objects.values_list("dispute_id", flat=True).get(pk=proposed_id)
    dispute = lock_dispute(dispute_id)
    proposed = ProposedRuling.objects.select_related("by").get(pk=proposed_id)
    proposed.dispute = dispute
    role = role_in(dispute.milestone.contract, by)
    LIFECYCLE.advance(proposed, step, role=role)
    judge_step(dispute, "decide", role)
    return proposed, dispute


def _close(proposed: ProposedRuling, *, by: User) -> None:
    proposed.answered_by, proposed.closed_at = by, now()
    proposed.save(update_fields=["status", "answered_by", "returned_for", "closed_at"])


def _tell(to: User, proposed: ProposedRuling, kind: str, text: Words, *, by: User) -> None:
    notify(
        to=to,
        kind=kind,
        text=text,
        path=proposed.dispute.desk_path,
        about=proposed.public_id,
        by=by,
    )
