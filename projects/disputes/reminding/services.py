"""A day before a time of the sides is over, whoever can still use it hears of that."""

from datetime import datetime

from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.words import Words
from projects.disputes.models import Dispute
from projects.disputes.reminding.selectors import AHEAD, CLOCKS
from projects.disputes.rules import is_reply, open_steps
from projects.disputes.services import lock_dispute
from projects.disputes.telling import tell_side_of

S = Dispute.Status

# What is told in each state, and of which step of the lifecycle it reminds whoever can make it.
_TOLD = {
    S.OPENED: (
        "dispute_answer_ends",
        "answer",
        Words(
            "You can answer the dispute about “%(title)s” until %(due)s; after that it is judged "
            "by what is on file."
        ),
    ),
    S.NEGOTIATING: (
        "negotiation_ends",
        "seal",
        Words(
            "You can settle the dispute about “%(title)s” between yourselves until %(due)s; then "
            "a mediator takes over."
        ),
    ),
    S.DECIDED: (
        "appeal_ends",
        "appeal",
        Words(
            "You can appeal against the decision about “%(title)s” until %(due)s; then it is "
            "carried out."
        ),
    ),
    S.APPEALED: (
        "appeal_reply_ends",
        "state",
        Words(
            "You can reply to the appeal in the dispute about “%(title)s” until %(due)s; then "
            "another mediator decides for good."
        ),
    ),
}


@transaction.atomic
def remind_of_end(*, dispute_id: int) -> Dispute:
    """Remind those who can still act of the time that ends within a day, once of each end.

    Safe to call too early, too late or again. A time that was put off is told of again.
    """
    dispute = lock_dispute(dispute_id)
    ends_at = _ends_soon(dispute)
    if ends_at is None:
        return dispute
    dispute.reminded_of = ends_at
    dispute.save(update_fields=["reminded_of"])
    kind, step, text = _TOLD[dispute.state]
    text = text.filled(title=dispute.milestone.title, due=ends_at)
    for role in (CLIENT, FREELANCER):
        # Who has appealed can say more, and is waited for by nobody.
        is_waited_for = dispute.state != S.APPEALED or is_reply(dispute, role)
        if is_waited_for and step in open_steps(dispute, role):
            tell_side_of(dispute, role, kind, text, by=SYSTEM)
    return dispute


def _ends_soon(dispute: Dispute) -> datetime | None:
    """The end that both have not heard of yet; None where there is none within a day."""
    clock = CLOCKS.get(dispute.state)
    ends_at: datetime | None = getattr(dispute, clock) if clock else None
    if ends_at is None or not now() < ends_at <= now() + AHEAD:
        return None
    return None if dispute.reminded_of == ends_at else ends_at
