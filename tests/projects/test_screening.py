"""What an owner asks everybody who bids, and what bids answer."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from projects.bids.differences import wording_differences
from projects.bids.models import Bid
from projects.bids.selectors import bids_on, narrowed_by_answers
from projects.bids.services import edit_bid, withdraw_bid
from projects.postings import services as postings
from projects.postings.models import Posting
from projects.postings.services import close_posting
from projects.screening.models import ScreeningQuestion
from projects.screening.selectors import in_words, questions_of, wanted_answers
from projects.screening.services import set_screening_questions
from tests.projects.screening_world import QUESTIONS, SHOWN, answers_to, asked, asking
from tests.races import at_once, meet_after, overtaken_after
from tests.world import draft_posting, open_posting, submitted_bid

pytestmark = pytest.mark.django_db

ONE = [{"kind": "yes_no", "text": "Have you done this before?"}]
OTHER = [{"kind": "short_text", "text": "Who are you?"}]


def texts(posting: Posting) -> list[str]:
    return [question.text for question in questions_of(posting)]


def ask(posting: Posting, questions: list, by) -> None:
    set_screening_questions(posting_id=posting.pk, questions=questions, by=by)


# --- Asking --------------------------------------------------------------------------------------


def test_they_are_asked_in_their_order_of_a_draft_and_while_it_is_open(ada):
    for posting in (draft_posting(ada), open_posting(ada)):
        ask(posting, QUESTIONS, ada)
        assert texts(posting) == [question["text"] for question in QUESTIONS]
        ask(posting, QUESTIONS[::-1], ada)
        assert texts(posting) == [question["text"] for question in QUESTIONS[::-1]]
        ask(posting, [], ada)
        assert texts(posting) == []


def test_another_wording_is_another_question_and_the_same_again_is_none(ada):
    posting = asking(ada)
    ids = [question.public_id for question in asked(posting)]
    posting.refresh_from_db()
    edited = posting.edited_at

    ask(posting, QUESTIONS, ada)
    assert [question.public_id for question in asked(posting)] == ids
    posting.refresh_from_db()
    assert posting.edited_at == edited is not None

    ask(posting, ONE, ada)
    assert asked(posting)[0].public_id not in ids


def test_a_draft_is_not_called_edited(ada):
    posting = draft_posting(ada)
    ask(posting, ONE, ada)
    posting.refresh_from_db()
    assert posting.edited_at is None


def test_only_its_owner_asks(ada, ben, mona):
    posting = open_posting(ada)
    for other in (ben, mona):
        with pytest.raises(NotAllowed):
            ask(posting, ONE, other)
    close_posting(posting_id=posting.pk, reason="", by=ada)
    with pytest.raises(WrongState):
        ask(posting, ONE, ada)


def choice(**fields) -> list[dict]:
    return [{"kind": "one_choice", "text": "Which?", "choices": ["A", "B"]} | fields]


def number(**fields) -> list[dict]:
    return [{"kind": "whole_number", "text": "How many?"} | fields]


@pytest.mark.parametrize(
    ("questions", "param"),
    [
        ("all", "questions"),
        (["why"], "questions"),
        ([{"kind": "yes_no", "text": f"No {place}?"} for place in range(11)], "questions"),
        ([{"text": "Why?"}], "questions[0].kind"),
        ([{"kind": "essay", "text": "Why?"}], "questions[0].kind"),
        ([{"kind": "yes_no"}], "questions[0].text"),
        ([*ONE, {"kind": "yes_no", "text": " "}], "questions[1].text"),
        ([{"kind": "yes_no", "text": "x" * 301}], "questions[0].text"),
        ([{"kind": "yes_no", "text": "two\nlines"}], "questions[0].text"),
        ([*ONE, {**ONE[0], "text": ONE[0]["text"].upper()}], "questions[1].text"),
        ([ONE[0] | {"is_required": "yes"}], "questions[0].is_required"),
        ([ONE[0] | {"colour": "red"}], "questions[0].colour"),
        ([ONE[0] | {"choices": ["A", "B"]}], "questions[0].choices"),
        ([ONE[0] | {"unit": "days"}], "questions[0].unit"),
        ([ONE[0] | {"least": 0}], "questions[0].least"),
        (choice(choices="A, B"), "questions[0].choices"),
        (choice(choices=["A"]), "questions[0].choices"),
        (choice(choices=[]), "questions[0].choices"),
        (choice(choices=["A", "a"]), "questions[0].choices"),
        (choice(choices=["A", 7]), "questions[0].choices"),
        (choice(choices=["A", "x" * 101]), "questions[0].choices"),
        (choice(choices=[f"No {place}" for place in range(21)]), "questions[0].choices"),
        (choice(most=3), "questions[0].most"),
        (number(least="1"), "questions[0].least"),
        (number(least=True), "questions[0].least"),
        (number(most=1.5), "questions[0].most"),
        (number(most=10**13), "questions[0].most"),
        (number(least=7, most=6), "questions[0].most"),
        (number(unit="x" * 21), "questions[0].unit"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(questions, param, ada):
    posting = asking(ada, ONE)
    with pytest.raises(InvalidInput) as refusal:
        ask(posting, questions, ada)
    assert refusal.value.param == param
    assert texts(posting) == [ONE[0]["text"]]


# --- Answering -----------------------------------------------------------------------------------


def test_answers_are_kept_with_the_bid_and_read_in_words(ada, ben):
    posting = asking(ada)
    bid = submitted_bid(posting, ben, answers=answers_to(posting))
    bid.refresh_from_db()

    assert [in_words(question, bid.answers) for question in asked(posting)] == SHOWN
    last = asked(posting)[-1]
    assert bid.answers[last.public_id] == ["English", "German"]  # in the order of the list


@pytest.mark.parametrize("nothing", [None, "", "  ", []])
def test_what_is_optional_may_be_left_out(nothing, ada, ben):
    posting = asking(ada)
    answers = answers_to(posting, long_text=nothing, several_choices=nothing)
    bid = submitted_bid(posting, ben, answers=answers)
    assert len(bid.answers) == 4
    assert in_words(asked(posting)[1], bid.answers) == ""


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("short_text", None),
        ("short_text", "  "),
        ("short_text", 7),
        ("short_text", "x" * 201),
        ("short_text", "two\nlines"),
        ("long_text", ["a"]),
        ("long_text", "x" * 3_001),
        ("long_text", "\u202eback"),
        ("yes_no", None),
        ("yes_no", "yes"),
        ("yes_no", 1),
        ("whole_number", 4),
        ("whole_number", 41),
        ("whole_number", 20.0),
        ("whole_number", "20"),
        ("whole_number", True),
        ("one_choice", "Africa"),
        ("one_choice", ["Europe"]),
        ("one_choice", {"a": 1}),
        ("several_choices", "English"),
        ("several_choices", ["English", "Latin"]),
        ("several_choices", [["English"]]),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_its_question(kind, answer, ada, ben):
    posting = asking(ada)
    answers = answers_to(posting) | {
        question.public_id: answer for question in asked(posting) if question.kind == kind
    }
    with pytest.raises(InvalidInput) as refusal:
        submitted_bid(posting, ben, answers=answers)
    at_fault = posting.screening_questions.get(kind=kind)
    assert refusal.value.param == f"answers.{at_fault.public_id}"
    assert not Bid.objects.exists()


def test_answers_to_what_is_not_asked_are_refused(ada, ben):
    with pytest.raises(InvalidInput) as refusal:
        submitted_bid(open_posting(ada), ben, answers={"sq_other": "Yes"})
    assert refusal.value.param == "answers.sq_other"
    with pytest.raises(InvalidInput) as refusal:
        submitted_bid(open_posting(ada), ben, answers=["Yes"])
    assert refusal.value.param == "answers"


def test_a_bound_alone_counts_and_zero_is_an_answer(ada, ben):
    posting = asking(ada, [*number(least=0), {"kind": "yes_no", "text": "Sure?"}])
    first, second = (question.public_id for question in asked(posting))
    with pytest.raises(InvalidInput, match="at least 0"):
        submitted_bid(posting, ben, answers={first: -1, second: False})
    bid = submitted_bid(posting, ben, answers={first: 0, second: False})
    assert [in_words(one, bid.answers) for one in asked(posting)] == ["0", "No"]


def test_an_edit_keeps_the_earlier_answers_and_shows_what_changed(ada, ben):
    posting = asking(ada)
    bid = submitted_bid(posting, ben, answers=answers_to(posting))
    edit_bid(bid_id=bid.pk, by=ben, letter="The answers stand.")
    changed = answers_to(posting, yes_no=False, long_text=None)
    bid = edit_bid(bid_id=bid.pk, by=ben, answers=changed)

    second = bid.versions.get(number=2)
    assert second.answers == bid.versions.get(number=1).answers
    lines = wording_differences(second, bid, bid.currency, questions_of(posting))
    assert [(line.title, line.what, line.before, line.after) for line in lines] == [
        ("Answers", "What was your last shop?", SHOWN[1], ""),
        ("Answers", "Can you start in March?", "Yes", "No"),
    ]


def test_the_same_answers_again_change_nothing_and_missing_ones_are_refused(ada, ben):
    posting = asking(ada)
    bid = submitted_bid(posting, ben, answers=answers_to(posting))
    bid = edit_bid(bid_id=bid.pk, by=ben, answers=answers_to(posting))
    assert bid.version == 1
    with pytest.raises(InvalidInput) as refusal:
        edit_bid(bid_id=bid.pk, by=ben, answers={})
    assert refusal.value.param == f"answers.{asked(posting)[0].public_id}"


def test_a_list_of_bids_is_narrowed_by_answers_but_never_to_a_withdrawn_one(ada, ben, cleo):
    posting = asking(ada)
    yes = submitted_bid(posting, ben, answers=answers_to(posting))
    no = submitted_bid(
        posting, cleo, answers=answers_to(posting, yes_no=False, several_choices=["Finnish"])
    )
    _, _, start, _, zone, tongues = (question.public_id for question in asked(posting))

    def found(**by) -> set[Bid]:
        wanted = wanted_answers(questions_of(posting), by)
        return set(narrowed_by_answers(bids_on(posting, ada), wanted))

    assert found() == found(**{start: ""}) == {yes, no}
    assert found(**{start: "yes"}) == {yes}
    assert found(**{start: "no"}) == {no}
    assert found(**{zone: "Europe"}) == {yes, no}
    assert found(**{zone: "Asia"}) == set()
    assert found(**{tongues: "German"}) == {yes}
    assert found(**{start: "no", tongues: "German"}) == set()
    with pytest.raises(InvalidInput) as refusal:
        found(**{start: "perhaps"})
    assert refusal.value.param == start

    withdraw_bid(bid_id=no.pk, by=cleo)
    assert found(**{start: "no"}) == set()


# --- Once somebody has bid -----------------------------------------------------------------------


def test_the_questions_stay_once_somebody_has_bid(ada, ben):
    posting = asking(ada)
    submitted_bid(posting, ben, answers=answers_to(posting))

    ask(posting, QUESTIONS, ada)  # the same again is no change
    with pytest.raises(WrongState) as refusal:
        ask(posting, ONE, ada)
    assert refusal.value.code == "bids_are_in"


def test_they_stay_where_the_only_bid_was_withdrawn(ada, ben):
    posting = asking(ada)
    bid = submitted_bid(posting, ben, answers=answers_to(posting))
    withdraw_bid(bid_id=bid.pk, by=ben)
    with pytest.raises(WrongState):
        ask(posting, [], ada)


def test_a_posting_without_questions_gets_none_after_a_bid(ada, ben):
    posting = open_posting(ada)
    submitted_bid(posting, ben)
    with pytest.raises(WrongState):
        ask(posting, ONE, ada)


@pytest.mark.parametrize("how", ["insert", "delete", "update"])
def test_postgresql_keeps_them_whatever_asks(how, ada, ben):
    posting = asking(ada)
    submitted_bid(posting, ben, answers=answers_to(posting))
    found = ScreeningQuestion.objects.filter(posting=posting)
    ways = {
        "insert": lambda: ScreeningQuestion.objects.create(posting=posting, place=7, **ONE[0]),
        "delete": found.delete,
        "update": lambda: found.update(text="Something else?"),
    }
    with pytest.raises(DatabaseError, match="screening question"), transaction.atomic():
        ways[how]()


def test_postgresql_changes_no_question_even_before_a_bid(ada):
    posting = asking(ada)
    with pytest.raises(DatabaseError, match="is not changed"), transaction.atomic():
        posting.screening_questions.update(is_required=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "yes_no", "unit": "days"},
        {"kind": "yes_no", "choices": ["A", "B"]},
        {"kind": "one_choice"},
        {"kind": "whole_number", "least": 2, "most": 1},
    ],
)
def test_postgresql_refuses_what_fits_no_kind(wrong, ada):
    with pytest.raises(IntegrityError), transaction.atomic():
        ScreeningQuestion.objects.create(posting=draft_posting(ada), place=1, text="?", **wrong)


# --- At the same moment --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_sheets_of_questions_at_once_leave_one_whole(ada):
    posting = open_posting(ada)
    sheets = [
        [{"kind": "yes_no", "text": f"{sheet}, {place}?"} for place in range(3)]
        for sheet in range(8)
    ]
    outcomes = at_once(*[lambda sheet=sheet: ask(posting, sheet, ada) for sheet in sheets])

    assert outcomes == ["done"] * 8
    assert texts(posting) in [[question["text"] for question in sheet] for sheet in sheets]


def unlocked(posting_id: int) -> Posting:
    return Posting.objects.get(pk=posting_id)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_eight_sheets_would_collide(ada, monkeypatch):
    posting = draft_posting(ada)  # which no edit is noted of: nobody waits there for its row
    monkeypatch.setattr(postings, "lock_posting", unlocked)
    meet_after(monkeypatch, postings, "note_edit")
    with pytest.raises(IntegrityError, match="screening_questions_stand_in_an_order"):
        at_once(*[lambda: ask(posting, ONE, ada)] * 8)


@pytest.mark.django_db(transaction=True)
def test_a_bid_beside_a_change_has_answered_what_is_asked(ada, ben):
    posting = asking(ada, ONE)
    answers = {asked(posting)[0].public_id: True}
    outcomes = at_once(
        lambda: submitted_bid(posting, ben, answers=answers), lambda: ask(posting, OTHER, ada)
    )

    if outcomes[0] == "done":
        assert outcomes[1] == "bids_are_in"
        assert set(Bid.objects.get().answers) == {asked(posting)[0].public_id}
        assert texts(posting) == [ONE[0]["text"]]
    else:
        assert outcomes == ["invalid_input", "done"]
        assert texts(posting) == [OTHER[0]["text"]]


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_a_bid_would_answer_what_nobody_asks(ada, ben, monkeypatch):
    posting = asking(ada, ONE)
    answers = {asked(posting)[0].public_id: True}
    monkeypatch.setattr(postings, "lock_posting", unlocked)
    overtaken_after(
        monkeypatch,
        postings,
        "note_edit",
        lambda: submitted_bid(posting, ben, answers=answers),
    )
    # PostgreSQL sees the bid, and the owner a broken page: the lock makes it a sentence.
    with pytest.raises(DatabaseError, match="keeps its screening questions"):
        ask(posting, OTHER, ada)
