"""The provider's limit comes nearer than a dispute's clocks, or strikes while it is open."""

from datetime import datetime

from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.words import Words
from projects.disputes import stages
from projects.disputes.limits.selectors import CLOCKS
from projects.disputes.models import OPEN, Dispute
from projects.disputes.rulings.services import carry_out_ruling
from projects.disputes.services import lock_dispute, lock_money
from projects.milestones.limits.services import refund_at_limit, tell_pulled, warn_of_limit
from projects.milestones.rules import is_over_limit

S = Dispute.Status

_STAGES = {
    S.OPENED: stages.ANSWER,
    S.NEGOTIATING: stages.TALKS,
    S.UNDER_REVIEW: stages.RULING,
    S.DECIDED: stages.APPEAL,
    S.APPEALED: stages.HEARING,
}
_CALLED = {
    S.OPENED: Words("the time to answer the dispute"),
    S.NEGOTIATING: Words("the time to settle the dispute"),
    S.UNDER_REVIEW: Words("the time to decide the dispute"),
    S.DECIDED: Words("the time to appeal"),
    S.APPEALED: Words("the time to decide on the appeal"),
}


@transaction.atomic
def pull_dispute(*, dispute_id: int) -> Dispute:
    """The limit has come nearer, and the time that runs would end behind it: it ends as one that
    begins now does, so that it is decided before, and carried out and not overtaken by a refund.

    Safe to call again, and where nothing is to be pulled.
    """
    dispute = lock_dispute(dispute_id)
    # The money too: the limit comes from below.
    lock_money(dispute)
    limit_at, ends_at = dispute.milestone.escrow.limit_at, _runs_until(dispute)
    if limit_at and ends_at and now() < limit_at <= ends_at:
        stage = _STAGES[dispute.state]
        _pull(dispute, min(ends_at, stages.end_of(stage, dispute.milestone)))
    return dispute


@transaction.atomic
def end_at_limit(*, milestone_id: int) -> None:
    """The provider holds its money no longer. Where a decision is made it is carried out now, also
    against the time to appeal or that of another mediator, which were to end before; everything
    else goes back. Raises WrongState as the refund does.
    """
    open_one = Dispute.objects.filter(milestone=milestone_id, status__in=OPEN).first()
    dispute = lock_dispute(open_one.pk) if open_one else None
    if dispute is None or dispute.state not in {S.DECIDED, S.APPEALED}:
        refund_at_limit(milestone_id=milestone_id)
        return
    lock_money(dispute)
    ends_at = _runs_until(dispute)
    # As before a refund: what could not be told in time is written first.
    warn_of_limit(milestone_id=milestone_id)
    if is_over_limit(dispute.milestone) and ends_at and ends_at > now():
        _pull(dispute, now())
    carry_out_ruling(dispute_id=dispute.pk)


def _runs_until(dispute: Dispute) -> datetime | None:
    """When the time that runs in its state ends."""
    clock = CLOCKS.get(dispute.state)
    ends_at: datetime | None = getattr(dispute, clock) if clock else None
    return ends_at


def _pull(dispute: Dispute, ends_at: datetime) -> None:
    """The caller holds all locks."""
    was, limit_at = _runs_until(dispute), dispute.milestone.escrow.limit_at
    assert was and limit_at
    clock = CLOCKS[dispute.state]
    setattr(dispute, clock, ends_at)
    if clock == "ruling_due_at" and dispute.ruling_expected_at:
        dispute.ruling_expected_at = min(dispute.ruling_expected_at, ends_at)
    if dispute.waits_for_reply and dispute.reply_until:
        dispute.reply_until = min(dispute.reply_until, stages.reply_until(dispute.milestone))
    dispute.save(update_fields=[clock, "ruling_expected_at", "reply_until"])
    contract = dispute.milestone.contract
    tell_pulled(contract, dispute, _CALLED[dispute.state], was, ends_at, limit_at)
