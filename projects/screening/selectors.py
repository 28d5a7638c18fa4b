"""The questions of a posting, and answers to them as people read them."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.common.errors import InvalidInput
from projects.postings.models import Posting
from projects.screening.models import ScreeningQuestion
from projects.screening.rules import Answers

YES, NO = "yes", "no"
Kind = ScreeningQuestion.Kind


def questions_of(posting: Posting) -> list[ScreeningQuestion]:
    """In the order in which they are asked; the caller has looked at the posting."""
    return list(posting.screening_questions.order_by("place"))


def in_words(question: ScreeningQuestion, answers: Answers) -> str:
    """What a bid answers to this question; '' where it answers nothing."""
    answer: Any = answers.get(question.public_id)
    if answer is None:
        return ""
    if isinstance(answer, bool):
        return "Yes" if answer else "No"
    if isinstance(answer, int):
        return f"{answer:,} {question.unit}".strip()
    return " · ".join(answer) if isinstance(answer, list) else str(answer)


def ways_to_answer(question: ScreeningQuestion) -> list[tuple[str, str]]:
    """By what a list of bids can be narrowed: each way as it is sent, and in words."""
    if question.kind == Kind.YES_NO:
        return [(YES, "Yes"), (NO, "No")]
    return [(choice, choice) for choice in question.choices]


def wanted_answers(
    questions: Sequence[ScreeningQuestion], asked: Mapping[str, str | None]
) -> Answers:
    """What bids must have answered to be in the list, as ``answers__contains`` takes it.

    ``asked`` names a choice, or yes or no, by the public id of its question; what is empty, and
    what is about no question, narrows nothing. Raises InvalidInput with the question at fault.
    """
    wanted: Answers = {}
    for question in questions:
        choice = asked.get(question.public_id)
        if not choice:
            continue
        if choice not in dict(ways_to_answer(question)):
            raise InvalidInput("Nobody can have answered that.", param=question.public_id)
        if question.kind == Kind.YES_NO:
            wanted[question.public_id] = choice == YES
        else:
            is_one = question.kind == Kind.ONE_CHOICE
            wanted[question.public_id] = choice if is_one else [choice]
    return wanted
