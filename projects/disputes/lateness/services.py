"""When a ruling was expected and has not come."""

from collections.abc import Iterable

from django.db import transaction

from accounts.notifications.services import notify
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.words import Words
from projects.contracts.services import record
from projects.disputes.models import Dispute
from projects.disputes.rules import judge_step
from projects.disputes.selectors import mediators_for, readers_of
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
    _tell_staff(dispute, mediators_for(dispute), wanted)
    return dispute


@transaction.atomic
def own_up(*, dispute_id: int) -> Dispute:
    """The last moment to decide has passed: both sides hear that the house has broken its word, and
    what they can do; whoever decides or reads cases is told again.
    """
    dispute = lock_dispute(dispute_id)
    judge_step(dispute, "own_up", SYSTEM)
    dispute.ruling_missed_at = now()
    dispute.save(update_fields=["ruling_missed_at"])

    milestone, due = dispute.milestone, dispute.ruling_due_at
    assert due
    record(milestone.contract, "ruling_overdue", by=SYSTEM, about=dispute)
    told = Words(
        "The dispute about “%(title)s” had to be decided by %(due)s, and nobody has. That is our "
        "fault: every mediator and support have been told. The money stays held, "
        "and both sides can still settle it.",
        title=milestone.title,
        due=due,
    )
    for role in (CLIENT, FREELANCER):
        tell_side_of(dispute, role, "ruling_overdue", told, by=SYSTEM)
    wanted = Words(
        "The dispute about “%(title)s” had to be decided by %(due)s, and nobody has.",
        title=milestone.title,
        due=due,
    )
    _tell_staff(dispute, readers_of(dispute), wanted)
    return dispute


def _tell_staff(dispute: Dispute, people: Iterable[User], text: Words) -> None:
    for person in people:
        notify(
            to=person,
            kind="ruling_wanted",
            text=text,
            path=dispute.desk_path,
            about=dispute.public_id,
        )
