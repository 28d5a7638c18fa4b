"""How an answered dispute comes to a mediator: both ask, or their time to settle is over."""

from django.db import transaction

from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.words import Words
from projects.contracts.roles import Actor, role_in
from projects.contracts.services import record
from projects.disputes.models import LIFECYCLE, Dispute
from projects.disputes.rules import OTHER, judge_step
from projects.disputes.services import advance_dispute, hand_to_mediator, lock_dispute
from projects.disputes.telling import tell_side_of


@transaction.atomic
def ask_mediator(*, dispute_id: int, by: Actor) -> Dispute:
    """Want a mediator now. The other side hears of it; where it has asked before, one takes over.

    It cannot be taken back, and asking again is refused.
    """
    dispute = lock_dispute(dispute_id)
    contract = dispute.milestone.contract
    role = role_in(contract, by)
    judge_step(dispute, "ask_mediator", role)
    is_second = bool(dispute.mediator_asked_by)
    to = Dispute.Status.UNDER_REVIEW if is_second else Dispute.Status.NEGOTIATING
    LIFECYCLE.advance(dispute, "ask_mediator", role=role, to=to)

    record(contract, "mediator_asked", by=by, about=dispute)
    if is_second:
        _hand_over(dispute)
        return dispute
    dispute.mediator_asked_by = str(role)
    dispute.save(update_fields=["mediator_asked_by"])
    assert dispute.negotiation_ends_at
    text = Words(
        "%(who)s asks for a mediator in the dispute about “%(title)s”. If you ask for one as "
        "well, a mediator takes over at once; otherwise on %(due)s.",
        who=(contract.client if role == CLIENT else contract.freelancer).name,
        title=dispute.milestone.title,
        due=dispute.negotiation_ends_at,
    )
    tell_side_of(dispute, OTHER[str(role)], "mediator_asked", text, by=by)
    return dispute


@transaction.atomic
def hand_over_dispute(*, dispute_id: int) -> Dispute:
    """Both had their time to settle it: a mediator takes over."""
    dispute, _ = advance_dispute(dispute_id, "hand_over", by=SYSTEM)
    _hand_over(dispute)
    return dispute


def _hand_over(dispute: Dispute) -> None:
    ruling_due_at = hand_to_mediator(dispute)
    record(dispute.milestone.contract, "dispute_handed_over", by=SYSTEM, about=dispute)
    text = Words(
        "The negotiation about “%(title)s” is over. A mediator decides by %(due)s; both sides can "
        "still settle it, and add to it.",
        title=dispute.milestone.title,
        due=ruling_due_at,
    )
    for role in (CLIENT, FREELANCER):
        tell_side_of(dispute, role, "dispute_handed_over", text, by=SYSTEM)
