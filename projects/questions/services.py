"""What can happen to a question: asked, answered in public or declined, withdrawn, removed."""

from django.db import transaction

from accounts.holds.services import judge_may_begin
from accounts.notifications.services import News, notify, notify_each
from accounts.parties.models import Party
from accounts.parties.selectors import acts_for, own_party_of, person_ids_of
from accounts.people.models import User
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import MODERATOR
from marketplace.common.text import checked_text
from marketplace.common.words import Words
from projects.confidentiality.selectors import judge_open_to
from projects.postings import services as postings
from projects.postings.models import Posting
from projects.postings.roles import Actor
from projects.postings.rules import checked_reason
from projects.questions.models import LIFECYCLE, Question
from projects.questions.selectors import asked_by, parties_concerned, role_in

LONGEST_QUESTION = 1_000
LONGEST_ANSWER = 3_000
# Who has three open questions has work for the owner; the next waits until one is answered.
MOST_WAITING = 3
MOST_ON_A_POSTING = 10
MOST_A_DAY = 20


@transaction.atomic
def ask_question(*, posting_id: int, text: str, by: User, party: Party | None = None) -> Question:
    """Ask before bidding; ``party`` is who thinks of bidding, the person's own if none is named.

    Raises InvalidInput, NotAllowed (own posting), WrongState (no more bids, or too many
    questions, with the code ``too_many_questions``).
    """
    judge_may_begin(by, "ask")
    # Locked, so that a posting cannot end meanwhile; then the asker, whose questions are counted.
    posting = postings.lock_posting_for(posting_id, by)
    if acts_for(by, posting.client_id):
        raise NotAllowed("This is your own posting: say it in its description.")
    if party is not None and not acts_for(by, party.pk):
        raise NotAllowed("You cannot act for them.")
    if not posting.takes_bids:
        raise WrongState("This posting takes no more bids, and no more questions.")
    judge_open_to(posting, by)
    text = checked_text(text, param="text", longest=LONGEST_QUESTION, least=1)
    asker = _lock_asker(party or own_party_of(by))
    _check_limits(posting, asker)
    question = Question.objects.create(posting=posting, asker=asker, text=text)
    notify(
        to=posting.client,
        kind="question_asked",
        text=Words("A bidder asks about “%(title)s”.", title=posting.title),
        path=question.path,
        about=question.public_id,
        by=by,
    )
    return question


@transaction.atomic
def answer_question(*, question_id: int, answer: str, by: Actor) -> Question:
    """Answer for everybody to read; question and answer stay as they are from now on.

    The asker is told, and who asked here too, and everybody whose bid stands. Raises InvalidInput,
    or WrongState once the posting is not open any more.
    """
    question = _advance(question_id, "answer", by=by)
    _check_open(question)
    question.answer = checked_text(answer, param="answer", longest=LONGEST_ANSWER, least=1)
    question.answered_at = question.closed_at = now()
    question.save(update_fields=["status", "answer", "answered_at", "closed_at"])
    notify_each(
        [
            News(
                to=party,
                kind="question_answered",
                text=_told(question, is_asker=party.pk == question.asker_id),
                path=question.path,
            )
            for party in parties_concerned(question)
        ]
    )
    return question


@transaction.atomic
def decline_question(*, question_id: int, reason: str, by: Actor) -> Question:
    """Not answered, with a reason that the asker reads; nobody else reads either."""
    question = _advance(question_id, "decline", by=by)
    _check_open(question)
    _close(question, checked_reason(reason))
    text = Words(
        "Your question about “%(title)s” is not answered: %(reason)s",
        title=question.posting.title,
        reason=question.status_reason,
    )
    _tell_asker(question, "question_declined", text, by=by)
    return question


@transaction.atomic
def withdraw_question(*, question_id: int, by: Actor) -> Question:
    """Take it back before it is answered; nobody needs to be told."""
    return _close(_advance(question_id, "withdraw", by=by), "")


@transaction.atomic
def remove_question(*, question_id: int, reason: str, by: Actor) -> Question:
    """Take it out of sight, answered or not, for a reason that asker and owner are told."""
    question = _advance(question_id, "remove", by=by)
    _close(question, checked_reason(reason))
    posting, why = question.posting, question.status_reason
    text = Words(
        "A moderator removed a question about “%(title)s”: %(reason)s",
        title=posting.title,
        reason=why,
    )
    for party in (question.asker, posting.client):
        notify(to=party, kind="question_removed", text=text, path=question.path, by=by)
    assert isinstance(by, User)  # the table lets moderators only
    log_deed(
        "remove question",
        question.public_id,
        f"Removed a question about “{posting.title}”.",
        by=by,
        role=MODERATOR,
        about=person_ids_of(question.asker_id, posting.client_id),
        reason=why,
    )
    return question


# --- How it is done ------------------------------------------------------------------------------


def _lock_asker(party: Party) -> Party:
    return Party.objects.select_for_update(no_key=True).get(pk=party.pk)


def _check_limits(posting: Posting, asker: Party) -> None:
    mine = list(posting.questions.filter(asker=asker).values_list("status", flat=True))
    if mine.count(Question.Status.ASKED) >= MOST_WAITING:
        raise _too_many(
            f"{MOST_WAITING} of your questions wait for an answer here: wait for it, or withdraw "
            "one."
        )
    if len(mine) >= MOST_ON_A_POSTING:
        raise _too_many(f"You have asked {MOST_ON_A_POSTING} questions here: no more are taken.")
    if asked_by(asker).count() >= MOST_A_DAY:
        raise _too_many(f"You have asked {MOST_A_DAY} questions within a day: go on tomorrow.")


def _too_many(message: str) -> WrongState:
    return WrongState(message, code="too_many_questions")


def _check_open(question: Question) -> None:
    if question.posting.status != Posting.Status.OPEN:
        raise WrongState("This posting is not open any more: its questions stay as they are.")


def _told(question: Question, *, is_asker: bool) -> Words:
    title = question.posting.title
    if is_asker:
        return Words("Your question about “%(title)s” is answered.", title=title)
    return Words("A question about “%(title)s” is answered.", title=title)


def _tell_asker(question: Question, kind: str, text: Words, *, by: Actor) -> None:
    notify(to=question.asker, kind=kind, text=text, path=question.path, by=by)


def _close(question: Question, reason: str) -> Question:
    question.status_reason, question.closed_at = reason, now()
    question.save(update_fields=["status", "status_reason", "closed_at"])
    return question


def _advance(question_id: int, step: str, *, by: Actor) -> Question:
    """The posting is locked first, as for every deed below it, so that it cannot end meanwhile."""
    posting_id = Question.objects.values_list("posting_id", flat=True).get(pk=question_id)
    postings.lock_posting(posting_id)
    sides = Question.objects.select_related("posting__client", "asker")
    question = sides.select_for_update(of=("self",)).get(pk=question_id)
    LIFECYCLE.advance(question, step, role=role_in(question, by))
    return question
