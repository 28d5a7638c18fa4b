"""When a ruling was expected and has not come, and when it cannot come for a bank."""

from datetime import timedelta

from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.words import Words
from projects.contracts.services import record
from projects.disputes.lateness.selectors import URGED_EVERY
from projects.disputes.models import JUDGED, Dispute
from projects.disputes.rules import judge_step
from projects.disputes.rulings.selectors import LEFT_AFTER_BANK, refuse_for_bank, waits_for_bank
from projects.disputes.selectors import mediators_for, readers_of
from projects.disputes.services import lock_dispute, lock_money
from projects.disputes.telling import tell_side_of, tell_staff
from projects.milestones.rules import within_limit


@transaction.atomic
def chase_ruling(*, dispute_id: int) -> Dispute:
    """The ruling was expected by now: every mediator hears of it, and both sides why they wait.
    Raises WrongState before that, or while a bank keeps everybody from deciding.
    """
    dispute = lock_dispute(dispute_id)
    judge_step(dispute, "chase", SYSTEM)
    lock_money(dispute)
    refuse_for_bank(dispute)
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
    tell_staff(dispute, mediators_for(dispute), "ruling_wanted", wanted)
    return dispute


@transaction.atomic
def own_up(*, dispute_id: int) -> Dispute:
    """The last moment to decide has passed: both sides hear that the house has broken its word, and
    what they can do; whoever decides or reads cases is told again. Raises WrongState before that,
    or while a bank keeps everybody from deciding.
    """
    dispute = lock_dispute(dispute_id)
    judge_step(dispute, "own_up", SYSTEM)
    lock_money(dispute)
    refuse_for_bank(dispute)
    dispute.ruling_missed_at = dispute.ruling_urged_at = now()
    dispute.save(update_fields=["ruling_missed_at", "ruling_urged_at"])

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
    if milestone.escrow.limit_at:
        told += Words(
            "The payment provider holds it until %(limit)s; what nobody has decided by then goes "
            "back to the client.",
            limit=milestone.escrow.limit_at,
        )
    for role in (CLIENT, FREELANCER):
        tell_side_of(dispute, role, "ruling_overdue", told, by=SYSTEM)
    _tell_readers(dispute)
    return dispute


@transaction.atomic
def urge_ruling(*, dispute_id: int) -> Dispute:
    """Both sides know that nobody has decided in time, and nobody has since: whoever decides or
    reads cases is told again, a day after they were told last. Safe to call too early, too late or
    again.
    """
    dispute = lock_dispute(dispute_id)
    urged_at, at = dispute.ruling_urged_at, now()
    is_missed = dispute.state == Dispute.Status.UNDER_REVIEW and dispute.ruling_missed_at
    if not is_missed or urged_at is None or at < urged_at + URGED_EVERY:
        return dispute
    lock_money(dispute)
    if waits_for_bank(dispute):
        return dispute
    dispute.ruling_urged_at = at
    dispute.save(update_fields=["ruling_urged_at"])
    _tell_readers(dispute, key=f"ruling_wanted:{dispute.public_id}:{at.date().isoformat()}")
    return dispute


def _tell_readers(dispute: Dispute, *, key: str = "") -> None:
    assert dispute.ruling_due_at
    wanted = Words(
        "The dispute about “%(title)s” had to be decided by %(due)s, and nobody has.",
        title=dispute.milestone.title,
        due=dispute.ruling_due_at,
    )
    tell_staff(dispute, readers_of(dispute), "ruling_wanted", wanted, key=key)


@transaction.atomic
def wait_for_bank(*, dispute_id: int) -> Dispute:
    """While a bank keeps everybody from deciding, the time to decide moves on with it, a day at a
    time and never up to the provider's limit: otherwise a client's bank would end an appeal that
    nobody may hear. Safe to call too early, too late or again.
    """
    dispute = lock_dispute(dispute_id)
    due_at = dispute.ruling_due_at
    if dispute.state not in JUDGED or due_at is None:
        return dispute
    if not now() < due_at <= now() + LEFT_AFTER_BANK:
        return dispute
    lock_money(dispute)
    moved = now() + LEFT_AFTER_BANK + timedelta(days=1)
    moved = within_limit(dispute.milestone, moved, at=now())
    if waits_for_bank(dispute) and moved > due_at:
        dispute.ruling_due_at = moved
        dispute.save(update_fields=["ruling_due_at"])
    return dispute
