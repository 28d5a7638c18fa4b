"""Questions on a posting: asked by who thinks of bidding, answered in public, told to the right."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import DomainError, InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import FREELANCER, MODERATOR, OWNER, SYSTEM
from marketplace.common.models import AuditEntry
from projects.bids.services import withdraw_bid
from projects.postings.models import Posting
from projects.postings.services import close_posting
from projects.questions import services
from projects.questions.models import LIFECYCLE, Question
from projects.questions.selectors import open_steps, questions_on, questions_visible_to
from projects.questions.services import (
    MOST_A_DAY,
    MOST_ON_A_POSTING,
    MOST_WAITING,
    answer_question,
    ask_question,
    decline_question,
    remove_question,
    withdraw_question,
)
from tests.against_the_rules import force
from tests.races import at_once, meet_after
from tests.world import draft_posting, open_posting, person, submitted_bid

pytestmark = pytest.mark.django_db

WORDS = "Which browsers must it run in?"


@pytest.fixture
def posting(ada) -> Posting:
    return open_posting(ada)


@pytest.fixture
def question(posting, ben) -> Question:
    return ask_question(posting_id=posting.pk, text=WORDS, by=ben)


def told(kind: str) -> set[str]:
    return set(Notification.objects.filter(kind=kind).values_list("recipient__name", flat=True))


# --- Asking --------------------------------------------------------------------------------------


def test_the_owner_is_told_without_a_name(question):
    notice = Notification.objects.get(kind="question_asked")

    assert notice.recipient.name == "Ada"
    assert notice.path == question.path
    assert "Ben" not in notice.text


def test_nobody_asks_about_their_own_posting(posting, ada):
    with pytest.raises(NotAllowed):
        ask_question(posting_id=posting.pk, text=WORDS, by=ada)


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 1_001, "a\0b", 7, None, ["?"]])
def test_a_question_is_some_words(posting, ben, text):
    with pytest.raises(InvalidInput) as refusal:
        ask_question(posting_id=posting.pk, text=text, by=ben)

    assert refusal.value.param == "text"
    assert not Question.objects.exists()


def test_nobody_asks_where_no_bid_is_taken(ada, ben, later):
    draft, closed, late = draft_posting(ada), open_posting(ada), open_posting(ada)
    close_posting(posting_id=closed.pk, reason="", by=ada)
    force(Posting.objects.filter(pk=late.pk), bids_close_at=now() - timedelta(hours=1))
    for posting in (draft, closed, late):
        with pytest.raises(WrongState):
            ask_question(posting_id=posting.pk, text=WORDS, by=ben)


def test_nobody_asks_for_a_party_of_others(posting, ben, cleo):
    with pytest.raises(NotAllowed):
        ask_question(posting_id=posting.pk, text=WORDS, by=ben, party=cleo.parties.get())


# --- How many ------------------------------------------------------------------------------------


def test_three_wait_and_then_one_must_be_answered(posting, ada, ben, cleo):
    first, *_ = [
        ask_question(posting_id=posting.pk, text=WORDS, by=ben) for _ in range(MOST_WAITING)
    ]
    with pytest.raises(WrongState) as refusal:
        ask_question(posting_id=posting.pk, text=WORDS, by=ben)
    assert refusal.value.code == "too_many_questions"

    ask_question(posting_id=posting.pk, text=WORDS, by=cleo)  # their own three
    answer_question(question_id=first.pk, answer="All of them.", by=ada)
    ask_question(posting_id=posting.pk, text=WORDS, by=ben)


def test_withdrawing_does_not_make_room_for_ever(posting, ben):
    for _ in range(MOST_ON_A_POSTING):
        asked = ask_question(posting_id=posting.pk, text=WORDS, by=ben)
        withdraw_question(question_id=asked.pk, by=ben)
    with pytest.raises(WrongState, match="no more are taken"):
        ask_question(posting_id=posting.pk, text=WORDS, by=ben)


def test_twenty_a_day_over_all_postings(ada, ben, later):
    for _ in range(MOST_A_DAY):
        ask_question(posting_id=open_posting(ada).pk, text=WORDS, by=ben)
    another = open_posting(ada)
    with pytest.raises(WrongState, match="tomorrow"):
        ask_question(posting_id=another.pk, text=WORDS, by=ben)

    later(days=1, seconds=1)
    ask_question(posting_id=another.pk, text=WORDS, by=ben)


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_ask_no_more_than_three(ada, ben):
    posting = open_posting(ada)
    ask = lambda: ask_question(posting_id=posting.pk, text=WORDS, by=ben)  # noqa: E731

    outcomes = at_once(*[ask] * 8)

    assert sorted(outcomes) == ["done"] * MOST_WAITING + ["too_many_questions"] * 5
    assert Question.objects.count() == MOST_WAITING


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_eight_would_be_asked(ada, ben, monkeypatch):
    posting = open_posting(ada)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet_after(monkeypatch, services, "_check_limits")
    ask = lambda: ask_question(posting_id=posting.pk, text=WORDS, by=ben)  # noqa: E731

    assert at_once(*[ask] * 8) == ["done"] * 8


# --- Answering -----------------------------------------------------------------------------------


def test_an_answer_is_public_and_told_to_whom_it_concerns(question, posting, ada, ben, cleo):
    submitted_bid(posting, cleo)
    gone, asker, withdrew = person("Gus"), person("Ida"), person("Kim")
    withdraw_bid(bid_id=submitted_bid(posting, gone).pk, by=gone)
    ask_question(posting_id=posting.pk, text="And when?", by=asker)
    taken_back = ask_question(posting_id=posting.pk, text="Hm?", by=withdrew)
    withdraw_question(question_id=taken_back.pk, by=withdrew)

    answer_question(question_id=question.pk, answer=" Firefox and\r\nChrome. ", by=ada)

    question.refresh_from_db()
    assert (question.status, question.answer) == ("answered", "Firefox and\nChrome.")
    assert question.answered_at is not None
    assert told("question_answered") == {"Ben", "Cleo", "Ida"}
    notices = Notification.objects.filter(kind="question_answered")
    assert notices.get(recipient=ben).text.startswith("Your question")
    assert notices.get(recipient=cleo).text.startswith("A question")


@pytest.mark.parametrize("answer", ["", " ", "x" * 3_001, "\u202e", None])
def test_an_answer_is_some_words(question, ada, answer):
    with pytest.raises(InvalidInput) as refusal:
        answer_question(question_id=question.pk, answer=answer, by=ada)

    assert refusal.value.param == "answer"
    question.refresh_from_db()
    assert question.status == "asked"


def test_nobody_answers_once_the_posting_is_over(question, posting, ada):
    close_posting(posting_id=posting.pk, reason="", by=ada)
    for deed in (
        lambda: answer_question(question_id=question.pk, answer="Yes.", by=ada),
        lambda: decline_question(question_id=question.pk, reason="No.", by=ada),
    ):
        with pytest.raises(WrongState, match="not open any more"):
            deed()
    question.refresh_from_db()
    question.posting.refresh_from_db()
    assert question.status == "asked"
    assert open_steps(question, ada) == []


def test_a_declined_question_is_told_to_its_asker_alone(question, posting, ada, ben, cleo):
    submitted_bid(posting, cleo)

    decline_question(question_id=question.pk, reason="That is for the contract.", by=ada)

    assert told("question_declined") == {"Ben"}
    assert list(questions_on(posting, ben)) == [question]
    assert not questions_on(posting, cleo).exists()


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_are_one(ada, ben):
    question = ask_question(posting_id=open_posting(ada).pk, text=WORDS, by=ben)
    acts = [
        lambda text=f"Answer {n}.": answer_question(question_id=question.pk, answer=text, by=ada)
        for n in range(8)
    ]

    assert sorted(at_once(*acts)) == ["done"] + ["wrong_state"] * 7
    assert told("question_answered") == {"Ben"}


def test_the_database_keeps_the_words(question, ada):
    answer_question(question_id=question.pk, answer="All.", by=ada)
    mine = Question.objects.filter(pk=question.pk)
    for change in ({"text": "Other?"}, {"answer": "None."}, {"answer": ""}):
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.update(**change)


# --- Moderators ----------------------------------------------------------------------------------


def test_a_moderator_removes_what_does_not_belong_there(question, posting, ada, ben, cleo, mona):
    answer_question(question_id=question.pk, answer="Write to me at …", by=ada)

    remove_question(question_id=question.pk, reason="It gives away an address.", by=mona)

    assert not questions_on(posting, cleo).exists()
    assert told("question_removed") == {"Ada", "Ben"}
    entry = AuditEntry.objects.get(deed="remove question")
    assert (entry.subject, entry.by, entry.reason) == (
        question.public_id,
        mona,
        "It gives away an address.",
    )
    assert sorted(entry.about) == sorted([ada.pk, ben.pk])


# --- Who reads what ------------------------------------------------------------------------------


def test_who_reads_what(posting, ada, ben, cleo, mona):
    asked, answered, declined, withdrawn, removed = (
        ask_question(posting_id=posting.pk, text=f"{name}?", by=person(name))
        for name in ("Asker", "Answered", "Declined", "Withdrawn", "Removed")
    )
    answer_question(question_id=answered.pk, answer="Yes.", by=ada)
    decline_question(question_id=declined.pk, reason="No.", by=ada)
    withdraw_question(question_id=withdrawn.pk, by=withdrawn.asker.members.get())
    remove_question(question_id=removed.pk, reason="Rude.", by=mona)
    everything = {asked, answered, declined, withdrawn, removed}
    asker = asked.asker.members.get()
    for reader, expected in [
        (cleo, {answered}),
        (ben, {answered}),
        (asker, {asked, answered}),
        (ada, everything - {withdrawn}),
        (mona, everything),
    ]:
        assert set(questions_on(posting, reader)) == expected, reader
        assert set(questions_visible_to(reader)) == expected, reader


def test_of_a_posting_that_is_out_of_sight_nobody_reads_answers(question, posting, ada, cleo):
    answer_question(question_id=question.pk, answer="Yes.", by=ada)
    force(Posting.objects.filter(pk=posting.pk), status="suspended")

    assert not questions_visible_to(cleo).exists()
    assert questions_visible_to(ada).exists()


# --- The table is the law ------------------------------------------------------------------------

DEEDS = {
    "answer": lambda pk, by: answer_question(question_id=pk, answer="Yes.", by=by),
    "decline": lambda pk, by: decline_question(question_id=pk, reason="No.", by=by),
    "withdraw": lambda pk, by: withdraw_question(question_id=pk, by=by),
    "remove": lambda pk, by: remove_question(question_id=pk, reason="Rude.", by=by),
}


def test_every_step_has_its_deed():
    assert set(DEEDS) == set(LIFECYCLE.steps)


@pytest.mark.parametrize("name", DEEDS)
@pytest.mark.parametrize("status", Question.Status.values)
def test_questions_obey_their_table(name, status, question, ada, ben, cleo, mona):
    step = LIFECYCLE.steps[name]
    people = {OWNER: ada, FREELANCER: ben, MODERATOR: mona, SYSTEM: SYSTEM, "": cleo}
    answer = {"answer": "Yes.", "answered_at": now()} if status == "answered" else {}
    force(Question.objects.filter(pk=question.pk), status=status, **answer)
    for role, by in people.items():
        expected = NotAllowed if role not in step.by else WrongState
        is_lawful = role in step.by and status in step.source
        with transaction.atomic():
            outcome = None
            try:
                DEEDS[name](question.pk, by)
            except DomainError as refusal:
                outcome = type(refusal)
            transaction.set_rollback(True)
        assert outcome == (None if is_lawful else expected), (role, status)
