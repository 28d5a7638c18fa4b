"""What can happen to a milestone, in the order it happens."""

from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet

from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.files import store_files
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.text import checked_text
from marketplace.common.words import Money, Words
from payments.chargebacks.selectors import look_for_open_chargebacks
from payments.escrow import services as escrows
from payments.escrow.adjusting.services import lock_all
from payments.escrow.facts import facts_of_each
from payments.escrow.paying.services import release_each
from payments.escrow.selectors import closing_of
from payments.fundings.models import Payment
from projects.contracts.roles import Actor, role_in
from projects.contracts.selectors import page_of
from projects.contracts.services import Trace, record, record_and_tell, tell_other_side
from projects.contracts.words import with_numbers
from projects.milestones import reminders
from projects.milestones.criteria import checked_answers, checked_not_met, refuse_if_changed
from projects.milestones.deliveries import LONGEST_NOTE, checked_links, due_after_return
from projects.milestones.models import LIFECYCLE, Milestone, Submission, SubmissionFile
from projects.milestones.rules import judge_step, review_end_of
from projects.milestones.warnings.services import give_time_to_the_unwarned
from projects.milestones.words import CANCELLED, RELEASED, RELEASED_BY_SILENCE, words_of_delivery

# The steps that end a milestone unpaid, each with its own right and its own clock.
GROUNDS = ("cancel", "cancel_unfunded", "drop", "cancel_late", "cancel_idle")


@transaction.atomic
def fund_milestone(*, milestone_id: int, by: Actor, amount: int | None = None) -> Payment:
    """Start paying for ``amount`` of its price, in minor units, or for all that is missing.

    The client's fee comes on top. The payment's pay page is opened afterwards by the door. Raises
    InvalidInput for a part that is too much, too little, or leaves too little.
    """
    milestone = advance_milestone(milestone_id, "fund", by=by)
    return escrows.ask_for_funds(
        escrow_id=milestone.escrow_id,
        amount=amount,
        return_path=page_of(milestone.contract),
    )


@transaction.atomic
def start_work(*, milestone_id: int, by: Actor) -> Milestone:
    """Say that the work has begun: from now on it cannot be cancelled as never started."""
    milestone = advance_milestone(milestone_id, "start", by=by)
    milestone.started_at = now()
    milestone.save(update_fields=["started_at"])
    reminders.forget_start(milestone)

    record(milestone.contract, "work_started", by=by, about=milestone)
    text = Words("The work on “%(title)s” has begun.", title=milestone.title)
    tell_other_side(milestone.contract, "work_started", text, by=by, about=milestone.public_id)
    return milestone


@transaction.atomic
def submit_work(
    *,
    milestone_id: int,
    by: Actor,
    note: str,
    links: list[str] | None = None,
    files: list[UploadedFile] | None = None,
    criteria: list[dict[str, Any]] | None = None,
    criteria_tag: str = "",
) -> Submission:
    """Hand in the work; the client's review period starts.

    ``criteria`` answers each criterion of the milestone: {"criterion" (its number, from 1), "met",
    "how"}; ``criteria_tag`` says which criteria were read (their ``etag_of``). Raises
    InvalidInput for an empty delivery, an unusable link, an answer that is missing or to no
    criterion, TooLarge for a file, WrongState where the criteria have been changed since.
    """
    milestone = advance_milestone(milestone_id, "submit", by=by)
    refuse_if_changed(milestone.criteria, criteria_tag)
    note = checked_text(note, param="note", longest=LONGEST_NOTE)
    links = checked_links(links or [])
    answers = checked_answers(criteria or [], milestone.criteria)
    if not (note or links or files or answers):
        raise InvalidInput("Say what you deliver, or add a file or a link.", param="note")
    moment = now()
    submission = Submission.objects.create(
        milestone=milestone,
        version=milestone.submissions.count() + 1,
        note=note,
        links=links,
        criteria=answers,
        created_at=moment,
    )
    SubmissionFile.objects.bulk_create(
        SubmissionFile(submission=submission, stored=stored)
        for stored in store_files(files or [], by=by)
    )
    milestone.submitted_at = moment
    milestone.started_at = milestone.started_at or moment
    milestone.review_ends_at = review_end_of(milestone, moment)
    milestone.save(update_fields=["status", "submitted_at", "started_at", "review_ends_at"])
    reminders.remind_of_review(milestone)

    record(milestone.contract, "work_submitted", by=by, about=milestone, version=submission.version)
    text = words_of_delivery(milestone)
    tell_other_side(milestone.contract, "work_submitted", text, by=by, about=milestone.public_id)
    return submission


@transaction.atomic
def return_work(
    *,
    milestone_id: int,
    by: Actor,
    answer: str,
    not_met: list[int] | None = None,
    criteria_tag: str = "",
) -> Milestone:
    """Ask for changes: the review clock stops until the next delivery, one revision is used.

    ``not_met`` are the numbers (from 1) of the criteria that are not met; one at least where the
    milestone has criteria. The review's time is added to the delivery date, which is now at the
    earliest: its grace is over anew before who has it in hand cancels it for lateness. Raises
    InvalidInput, or WrongState where no revision is left, or ``criteria_tag`` is of other criteria.
    """
    milestone = advance_milestone(milestone_id, "return", by=by)
    refuse_if_changed(milestone.criteria, criteria_tag)
    answer = checked_text(answer, param="answer", longest=LONGEST_NOTE, least=1)
    missed = checked_not_met(not_met or [], milestone.criteria)
    submission = milestone.submissions.latest("version")
    moment = now()
    submission.answer, submission.returned_at = answer, moment
    submission.not_met = [milestone.criteria[number - 1] for number in missed]
    submission.save(update_fields=["answer", "not_met", "returned_at"])
    milestone.revisions_used += 1
    milestone.due_at = due_after_return(milestone, moment)
    milestone.review_ends_at = None
    milestone.save(update_fields=["status", "due_at", "review_ends_at", "revisions_used"])
    reminders.remind_of_work(milestone)

    detail: dict[str, Any] = {"version": submission.version}
    detail |= {"not_met": missed} if missed else {}
    record(milestone.contract, "work_returned", by=by, about=milestone, **detail)
    text = Words("Changes are asked for on “%(title)s”.", title=milestone.title)
    tell_other_side(milestone.contract, "work_returned", with_numbers(text, missed), by=by)
    return milestone


@transaction.atomic
def release_milestone(*, milestone_id: int, by: Actor) -> Milestone:
    """Accept the work and pay the freelancer."""
    milestone = _with_money().get(pk=milestone_id)
    _release([milestone], "release", by=by)
    return milestone


@transaction.atomic
def release_unreviewed(*, milestone_ids: Sequence[int]) -> int:
    """Silence is consent: the client had the review period, and was warned. How many that were.

    All of them, or none where one is refused. Passed over are those that somebody is at work on,
    that have ended meanwhile, or whose client has yet to be warned. Warnings that could not be told
    in time are written first, so that the record shows them.
    """
    free = _with_money(skip_locked=True).filter(pk__in=milestone_ids, closed_at=None)
    if milestones := give_time_to_the_unwarned(list(free.order_by("pk"))):
        _release(milestones, "release_silent", by=SYSTEM)
    return len(milestones)


def _with_money(*, skip_locked: bool = False) -> QuerySet[Milestone]:
    """To be locked together with their escrows, which the deed would lock next."""
    found = Milestone.objects.select_for_update(of=("self", "escrow"), skip_locked=skip_locked)
    return found.select_related(
        "contract__client",
        "contract__freelancer",
        "escrow__policy",
        "escrow__payee",
    )


def _release(milestones: Sequence[Milestone], step: str, *, by: Actor) -> None:
    """Judge each, then release all: one of them by its client, or many by silence."""
    held_money = [milestone.escrow for milestone in milestones]
    facts = facts_of_each(held_money)
    silent = by == SYSTEM
    if silent:
        look_for_open_chargebacks(held_money)
    for milestone in milestones:
        role = role_in(milestone.contract, by)
        judge_step(milestone, step, role, facts[milestone.escrow_id])
        LIFECYCLE.advance(milestone, step, role=role)
    if silent:
        reminders.tell_due(milestones)
    close_milestones(*milestones)
    release_each(held_money, held={pk: money.held for pk, money in facts.items()})
    traces = []
    for milestone in milestones:
        brought = milestone.escrow.released - facts[milestone.escrow_id].released
        text = (RELEASED_BY_SILENCE if silent else RELEASED).filled(
            title=milestone.title, amount=Money(brought, milestone.currency)
        )
        traces.append(Trace(milestone.contract, milestone, text, {"silent": silent}))
    record_and_tell(traces, "milestone_released", by=by)


@transaction.atomic
def cancel_milestone(*, milestone_id: int, by: Actor, step: str = "cancel") -> Milestone:
    """End it unpaid; what is held goes back to the client.

    ``step`` says on which ground: "cancel" (the freelancer, always), "drop" (the client, while
    nothing is held), and once their clock has struck "cancel_late" or "cancel_idle" (the client)
    and "cancel_unfunded" (the freelancer).
    """
    if step not in GROUNDS:
        raise InvalidInput("There is no such way to cancel a milestone.", param="ground")
    milestone = end_unpaid(milestone_id=milestone_id, by=by, step=step)
    text = CANCELLED[step].filled(title=milestone.title)
    if closing_of(milestone.escrow):
        text += Words("What was held for it goes back to the client.")
    tell_other_side(milestone.contract, "milestone_cancelled", text, by=by)
    return milestone


@transaction.atomic
def end_unpaid(*, milestone_id: int, by: Actor, step: str) -> Milestone:
    """The same by one of these steps, told to nobody: one side may end many at once, and the room
    above says so in one word.
    """
    milestone = lock_milestone(milestone_id)
    # The money too, before anything is judged: payments come from below.
    milestone.escrow = lock_all([milestone.escrow_id])[milestone.escrow_id]
    _judge_and_advance(milestone, step, by=by)
    close_milestones(milestone)
    escrows.give_back(escrow_id=milestone.escrow_id, reason=step)
    record(milestone.contract, "milestone_cancelled", by=by, about=milestone, ground=step)
    return milestone


@transaction.atomic
def enter_dispute(*, milestone_id: int, by: Actor) -> Milestone:
    """Stop the clocks of the work: called by the disputes room, whose case says why."""
    milestone = advance_milestone(milestone_id, "dispute", by=by)
    milestone.review_ends_at = None
    milestone.save(update_fields=["status", "review_ends_at"])
    reminders.forget_reminders(milestone)
    return milestone


def close_milestones(*milestones: Milestone) -> None:
    """Write down that they have ended, all in the state that one step gave them; their clocks
    stop.
    """
    at = now()
    for milestone in milestones:
        milestone.closed_at, milestone.review_ends_at = at, None
    live = Milestone.objects.filter(pk__in=[it.pk for it in milestones], closed_at=None)
    ended = {"closed_at": at, "review_ends_at": None, "end_is_news": True}
    closed = live.update(status=milestones[0].status, **ended)
    if closed != len(milestones):
        raise WrongState("This milestone has ended just now.")
    reminders.forget_reminders(*milestones)
    # Perhaps it was the last one of its contract: the room above looks.
    if len(milestones) > 1:
        ring("projects.close_finished_contracts")
    else:
        ring("projects.close_finished_contract", milestones[0].contract_id)


def lock_milestone(milestone_id: int) -> Milestone:
    """The milestone, held against every other deed; rows that only name it need not wait."""
    return (
        Milestone.objects.select_for_update(of=("self",), no_key=True)
        .select_related(
            "contract__client", "contract__freelancer", "contract__policy", "escrow__policy"
        )
        .get(pk=milestone_id)
    )


def advance_milestone(milestone_id: int, step: str, *, by: Actor, to: str = "") -> Milestone:
    """Lock the row first, judge it second: nothing can change in between."""
    milestone = lock_milestone(milestone_id)
    _judge_and_advance(milestone, step, by=by, to=to)
    return milestone


def _judge_and_advance(milestone: Milestone, step: str, *, by: Actor, to: str = "") -> None:
    role = role_in(milestone.contract, by)
    judge_step(milestone, step, role)
    LIFECYCLE.advance(milestone, step, role=role, to=to)
