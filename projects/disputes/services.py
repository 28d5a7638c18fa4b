"""What can happen to a dispute, in the order it happens."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.text import checked_text
from marketplace.common.words import Words
from marketplace.common.working_days import after_working_days
from payments.escrow.adjusting.services import lock_all
from projects.contracts.roles import Actor, role_in
from projects.contracts.services import record
from projects.contracts.words import with_numbers
from projects.disputes import stages
from projects.disputes.confirming import models as confirming
from projects.disputes.exhibits.services import add_exhibits
from projects.disputes.models import LIFECYCLE, OPEN, Dispute, Statement
from projects.disputes.rules import OTHER, checked_grounds, is_reply, judge_step
from projects.disputes.sealed.models import SealedOffer
from projects.disputes.selectors import mediators_for, outcome_of
from projects.disputes.telling import tell_side_of, tell_staff
from projects.disputes.words import shares_in_words
from projects.milestones import services as milestones
from projects.milestones.amounts import checked_part
from projects.milestones.criteria import refuse_if_changed
from projects.milestones.models import Milestone
from projects.milestones.rules import is_over_limit

LONGEST_STATEMENT = 10_000
# By how its milestone has ended meanwhile.
_CLOSED = {
    Milestone.Status.RELEASED: Words(
        "The dispute about “%(title)s” is closed: the milestone is released."
    ),
    Milestone.Status.REFUNDED: Words(
        "The dispute about “%(title)s” is closed: the milestone is refunded."
    ),
    Milestone.Status.SPLIT: Words(
        "The dispute about “%(title)s” is closed: the milestone is split."
    ),
    Milestone.Status.CANCELLED: Words(
        "The dispute about “%(title)s” is closed: the milestone is cancelled."
    ),
}


@transaction.atomic
def open_dispute(
    *,
    milestone_id: int,
    by: Actor,
    reason: str,
    statement: str,
    asked_for: int,
    not_met: list[int] | None = None,
    criteria_tag: str = "",
    files: list[UploadedFile] | None = None,
) -> Dispute:
    """Ask a mediator to divide what is held for a milestone; its own clocks stop, no others do.

    ``asked_for`` is the part of the price, in minor units, that the opener thinks the freelancer
    should get. ``not_met`` are the numbers (from 1) of the criteria that are not met: one at least
    where the work is said to be not as agreed and criteria were. ``files`` go on record with the
    statement, as with all others. The other side has the policy's days to answer. Raises
    InvalidInput, TooLarge for a file, or WrongState where the criteria are no longer those of
    ``criteria_tag``.
    """
    milestone = milestones.enter_dispute(milestone_id=milestone_id, by=by)
    refuse_if_changed(milestone.criteria, criteria_tag)
    if reason not in Dispute.Reason.values:
        raise InvalidInput("Choose one of the reasons.", param="reason")
    text = checked_statement(statement)
    checked_part(asked_for, milestone, param="asked_for")
    missed = checked_grounds(not_met or [], milestone, reason)
    # The milestone knows only people who act for a side as openers.
    assert isinstance(by, User)
    contract, opened_at = milestone.contract, now()
    answer_due_at = stages.end_of(stages.ANSWER, milestone, at=opened_at)
    role = role_in(contract, by) or ""
    dispute = Dispute.objects.create(
        milestone=milestone,
        opened_by=by,
        opened_by_role=role,
        reason=reason,
        not_met=[milestone.criteria[number - 1] for number in missed],
        asked_for=asked_for,
        created_at=opened_at,
        answer_due_at=answer_due_at,
    )
    add_words(dispute, by, role, text, files)

    why = dispute.get_reason_display()
    detail: dict[str, Any] = {"reason": why.lower(), "asked_for": asked_for}
    detail |= {"not_met": missed} if missed else {}
    record(contract, "dispute_opened", by=by, about=dispute, **detail)
    told = Words(
        "A dispute is open on “%(title)s”: %(reason)s.", title=milestone.title, reason=Words(why)
    )
    told = with_numbers(told, missed)
    if is_over_limit(milestone):
        told += Words("The payment provider holds the money no longer: it goes back to the client.")
    else:
        told += Words(
            "Answer by %(due)s; after that it is judged by what is on file.", due=answer_due_at
        )
    tell_side_of(dispute, OTHER[role], "dispute_opened", told, by=by)
    return dispute


@transaction.atomic
def answer_dispute(
    *, dispute_id: int, by: Actor, statement: str, files: list[UploadedFile] | None = None
) -> Dispute:
    """Tell the other half of the story; both have the policy's days to settle it then."""
    dispute, role = advance_dispute(dispute_id, "answer", by=by)
    add_words(dispute, by, role, checked_statement(statement), files)
    dispute.negotiation_ends_at = stages.end_of(stages.TALKS, dispute.milestone)
    dispute.save(update_fields=["status", "negotiation_ends_at"])

    record(dispute.milestone.contract, "dispute_answered", by=by, about=dispute)
    told = Words(
        "The dispute about “%(title)s” is answered. Until %(due)s you can settle it between "
        "yourselves; then a mediator takes over.",
        title=dispute.milestone.title,
        due=dispute.negotiation_ends_at,
    )
    tell_side_of(dispute, OTHER[role], "dispute_answered", told, by=by)
    return dispute


@transaction.atomic
def add_statement(
    *, dispute_id: int, by: Actor, statement: str, files: list[UploadedFile] | None = None
) -> Statement:
    """Add to the record of one's own side. Nothing said can be changed afterwards."""
    dispute, role = advance_dispute(dispute_id, "state", by=by)
    text = checked_statement(statement)
    added = add_words(dispute, by, role, text, files)
    if is_reply(dispute, role):
        dispute.reply_until = now()
        dispute.save(update_fields=["reply_until"])

    record(dispute.milestone.contract, "dispute_statement", by=by, about=dispute)
    told = Words(
        "There is a new statement in the dispute about “%(title)s”.",
        title=dispute.milestone.title,
    )
    tell_side_of(dispute, OTHER[role], "dispute_statement", told, by=by)
    return added


@transaction.atomic
def escalate_dispute(*, dispute_id: int, why: Words) -> Dispute:
    """The other side had its time to answer: the mediator goes by what is on file.

    ``why`` says by which rule, for both sides.
    """
    dispute, _ = advance_dispute(dispute_id, "escalate", by=SYSTEM)
    ruling_due_at = hand_to_mediator(dispute)

    record(dispute.milestone.contract, "dispute_escalated", by=SYSTEM, about=dispute)
    text = Words(
        "The time to answer the dispute about “%(title)s” is over. A mediator decides by %(due)s; "
        "both sides can still add to it.",
        title=dispute.milestone.title,
        due=ruling_due_at,
    )
    for role in (CLIENT, FREELANCER):
        tell_side_of(dispute, role, "dispute_escalated", text + why, by=SYSTEM)
    return dispute


@transaction.atomic
def close_moot_dispute(*, dispute_id: int) -> Dispute:
    """The milestone has ended by other means: nothing is left to decide.

    It is seen as closed from that moment on; the sweep only writes it down. Safe to call again.
    """
    dispute = lock_dispute(dispute_id)
    ended_at = dispute.milestone.closed_at
    if dispute.status not in OPEN or ended_at is None:
        return dispute
    LIFECYCLE.advance(dispute, "close", role=SYSTEM)
    dispute.closed_at = ended_at
    dispute.save(update_fields=["status", "closed_at"])
    leave_nothing_open(dispute)

    record(dispute.milestone.contract, "dispute_closed", by=SYSTEM, about=dispute)
    text = _CLOSED[Milestone.Status(dispute.milestone.status)].filled(title=dispute.milestone.title)
    shares = outcome_of(dispute) if dispute.milestone.status == Milestone.Status.SPLIT else None
    for role in (CLIENT, FREELANCER):
        told = text
        if shares:
            told += shares_in_words(shares, dispute.milestone.currency, role)
        tell_side_of(dispute, role, "dispute_closed", told, by=SYSTEM)
    return dispute


def advance_dispute(dispute_id: int, step: str, *, by: Actor) -> tuple[Dispute, str]:
    """Lock the rows first, judge them second; the caller saves. Also who ``by`` is here."""
    dispute = lock_dispute(dispute_id)
    role = role_in(dispute.milestone.contract, by)
    judge_step(dispute, step, role)
    LIFECYCLE.advance(dispute, step, role=role)
    return dispute, role or ""


def lock_dispute(dispute_id: int) -> Dispute:
    """The milestone first, then its dispute, in every deed on it.

    Deeds on milestones lock the milestone and never a dispute, so nobody waits in a circle; and a
    release that comes at the same moment as a ruling is either seen here or waits for it.
    """
    milestone_id = Dispute.objects.values_list("milestone_id", flat=True).get(pk=dispute_id)
    milestone = (
        Milestone.objects.select_for_update(of=("self",))
        .select_related(
            "contract__client", "contract__freelancer", "contract__policy", "escrow__policy"
        )
        .get(pk=milestone_id)
    )
    dispute = Dispute.objects.select_for_update().get(pk=dispute_id)
    dispute.milestone = milestone
    return dispute


def lock_money(dispute: Dispute) -> None:
    """Before anything is judged: banks come from below. The caller holds the locks above it."""
    milestone = dispute.milestone
    milestone.escrow = lock_all([milestone.escrow_id])[milestone.escrow_id]


def hand_to_mediator(dispute: Dispute) -> datetime:
    """The ruling's clocks start, and whoever may decide hears of it; when it is due at the latest.
    The caller holds the lock.
    """
    policy = dispute.milestone.contract.policy
    dispute.ruling_late_at = dispute.ruling_missed_at = dispute.ruling_urged_at = None
    stage = stages.HEARING if dispute.appealed_by else stages.RULING
    dispute.ruling_due_at = stages.end_of(stage, dispute.milestone)
    from_when = dispute.reply_until or now()
    expected_at = after_working_days(
        from_when, policy.ruling_working_days, zone=settings.STAFF_TIME_ZONE
    )
    dispute.ruling_expected_at = min(expected_at, dispute.ruling_due_at)
    waits = ["ruling_expected_at", "ruling_late_at", "ruling_due_at"]
    missed = ["ruling_missed_at", "ruling_urged_at"]
    dispute.save(update_fields=["status", *waits, *missed])
    text = Words(
        "The dispute about “%(title)s” waits for a ruling: it is expected by %(due)s.",
        title=dispute.milestone.title,
        due=dispute.ruling_expected_at,
    )
    if dispute.appealed_by:
        text = Words(
            "An appeal in the dispute about “%(title)s” waits for another mediator: decide by "
            "%(due)s, after that the first decision stands.",
            title=dispute.milestone.title,
            due=dispute.ruling_due_at,
        )
    tell_staff(dispute, mediators_for(dispute), "case_handed_over", text)
    return dispute.ruling_due_at


def leave_nothing_open(dispute: Dispute) -> None:
    """What was sealed and has settled nothing is gone with a decision or the end: nobody ever reads
    it. How many figures a side has sealed counts on until the end. A decision that no other
    mediator has answered by then waits no longer.
    """
    sealed = SealedOffer.objects.filter(dispute=dispute)
    if dispute.status == Dispute.Status.CLOSED:
        sealed.delete()
    else:
        sealed.update(amount=None, held=None)
    waiting = dispute.proposed_rulings.filter(status=confirming.ProposedRuling.Status.PROPOSED)
    for proposed in waiting:
        confirming.LIFECYCLE.advance(proposed, "lapse", role=SYSTEM)
        proposed.closed_at = now()
        proposed.save(update_fields=["status", "closed_at"])


def add_words(
    dispute: Dispute, by: Actor, role: str, text: str, files: list[UploadedFile] | None
) -> Statement:
    assert isinstance(by, User)
    said = Statement.objects.create(dispute=dispute, by=by, role=role, text=text, created_at=now())
    add_exhibits(said, files or [])
    return said


def checked_statement(text: object) -> str:
    return checked_text(text, param="statement", longest=LONGEST_STATEMENT, least=1)
