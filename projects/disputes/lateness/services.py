"""When a ruling was expected and has not come."""

from django.db import transaction

from accounts.notifications.services import notify
from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.words import Words
from projects.contracts.services import record
from projects.disputes.models import Dispute
from projects.disputes.rules import judge_step
from projects.disputes.selectors import mediators_for
from projects.disputes.services import lock_dispute, tell_side_of


@transaction.atomic
def chase_ruling(*, dispute_id: int) -> Dispute:
    """The ruling was expected by now: every mediator hears of it, and both sides why they wait."""
    dispute = lock_dispute(dispute_id)
    judge_step(dispute, "chase", SYSTEM)
    dispute.ruling_late_at = now()
    dispute.save(update_fields=["ruling_late_at"])

    record(dispute.milestone.contract, "ruling_late", by=SYSTEM, about=dispute)
    assert dispute.ruling_due_at
    title, due = dispute.milestone.title, dispute.ruling_due_at
    told = Words(
        "The ruling in the dispute about “%(title)s” takes longer than expected, and every "
        "mediator has been told. It comes by %(due)s at the latest.",
        title=title,
        due=due,
    )
    for role in (CLIENT, FREELANCER):
        tell_side_of(dispute, role, "ruling_late", told, by=SYSTEM)
    wanted = Words(
        "The ruling in the dispute about “%(title)s” is late. It is due by %(due)s at the latest.",
        title=title,
        due=due,
    )
    for mediator in mediators_for(dispute):
        notify(
            to=mediator,
            kind="ruling_wanted",
            text=wanted,
            path=dispute.desk_path,
            about=dispute.public_id,
        )
    return dispute
