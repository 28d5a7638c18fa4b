"""What an owner may ask of bidders, and what they may answer: once, for pages and the API."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marketplace.common.errors import InvalidInput
from marketplace.common.text import checked_line, checked_text
from projects.screening.models import ScreeningQuestion

MOST_QUESTIONS = 10
LONGEST_QUESTION = 300
LONGEST_UNIT = 20
LEAST_CHOICES, MOST_CHOICES, LONGEST_CHOICE = 2, 20, 100
# What a program can carry as a number without rounding it.
LARGEST = 1_000_000_000_000
LONGEST_SHORT, LONGEST_LONG = 200, 3_000

Kind = ScreeningQuestion.Kind
FIELDS = ("kind", "text", "is_required", "unit", "least", "most", "choices")
# The answers of a bid, by the public ids of their questions; what is not answered is not there.
Answers = dict[str, Any]


def checked_questions(given: object) -> list[dict[str, Any]]:
    """Up to ten questions as they are to be stored, in their order.

    Raises InvalidInput with ``questions[1].choices`` as the field at fault.
    """
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise InvalidInput("Give the questions as a list.", param="questions")
    if len(given) > MOST_QUESTIONS:
        raise InvalidInput(
            f"Ask at most {MOST_QUESTIONS} questions: whoever bids answers them all.",
            param="questions",
        )
    checked = [_checked_question(entry, f"questions[{place}]") for place, entry in enumerate(given)]
    texts = [question["text"].casefold() for question in checked]
    for place, text in enumerate(texts):
        if text in texts[:place]:
            raise InvalidInput("You ask this already.", param=f"questions[{place}].text")
    return checked


def _checked_question(entry: dict[str, Any], param: str) -> dict[str, Any]:
    if unknown := set(entry) - set(FIELDS):
        raise InvalidInput("A question has no such field.", param=f"{param}.{min(unknown)}")
    kind = entry.get("kind")
    if kind not in Kind.values:
        raise InvalidInput("Choose one of the kinds of answers.", param=f"{param}.kind")
    text = checked_line(entry.get("text"), param=f"{param}.text", longest=LONGEST_QUESTION)
    is_required = entry.get("is_required", True)
    if not isinstance(is_required, bool):
        raise InvalidInput("Say true or false.", param=f"{param}.is_required")
    question = {"kind": str(kind), "text": text, "is_required": is_required}
    return question | _checked_bounds(entry, kind, param) | _checked_choices(entry, kind, param)


def _checked_bounds(entry: dict[str, Any], kind: object, param: str) -> dict[str, Any]:
    unit, least, most = entry.get("unit", ""), entry.get("least"), entry.get("most")
    if kind != Kind.WHOLE_NUMBER:
        for field, value in (("unit", unit), ("least", least), ("most", most)):
            if value not in ("", None):
                raise InvalidInput("Only a whole number has this.", param=f"{param}.{field}")
        return {"unit": "", "least": None, "most": None}
    unit = checked_line(unit, param=f"{param}.unit", longest=LONGEST_UNIT, least=0)
    for field, value in (("least", least), ("most", most)):
        if value is not None:
            _checked_number(value, f"{param}.{field}")
    if least is not None and most is not None and most < least:
        raise InvalidInput("The most cannot be less than the least.", param=f"{param}.most")
    return {"unit": unit, "least": least, "most": most}


def _checked_choices(entry: dict[str, Any], kind: object, param: str) -> dict[str, Any]:
    param = f"{param}.choices"
    choices = entry.get("choices", [])
    if not isinstance(choices, list):
        raise InvalidInput("Give the choices as a list.", param=param)
    if kind not in (Kind.ONE_CHOICE, Kind.SEVERAL_CHOICES):
        if choices:
            raise InvalidInput("Only a list has choices.", param=param)
        return {"choices": []}
    checked = [checked_line(choice, param=param, longest=LONGEST_CHOICE) for choice in choices]
    if len({choice.casefold() for choice in checked}) < len(checked):
        raise InvalidInput("Two of the choices are the same.", param=param)
    if not LEAST_CHOICES <= len(checked) <= MOST_CHOICES:
        raise InvalidInput(
            f"A list has {LEAST_CHOICES} to {MOST_CHOICES} choices.",
            param=param,
        )
    return {"choices": checked}


def checked_answers(questions: Sequence[ScreeningQuestion], given: object) -> Answers:
    """The answers of a bid as they are to be stored.

    ``given`` has them by the public ids of the questions; null, no text and an empty list answer
    nothing. Raises InvalidInput with ``answers.sq_…`` as the field at fault.
    """
    if not isinstance(given, Mapping):
        raise InvalidInput("Give the answers by the ids of their questions.", param="answers")
    if unknown := set(given) - {question.public_id for question in questions}:
        raise InvalidInput(
            "This posting asks no such question: read its questions again.",
            param=f"answers.{min(unknown)[:40]}",
        )
    answers: Answers = {}
    for question in questions:
        param, answer = f"answers.{question.public_id}", given.get(question.public_id)
        if isinstance(answer, str):
            answer = answer.strip()
        if answer in (None, "", []):
            if question.is_required:
                raise InvalidInput("The client wants this answered.", param=param)
            continue
        answers[question.public_id] = _CHECKS[Kind(question.kind)](question, answer, param)
    return answers


def _checked_short(question: ScreeningQuestion, answer: object, param: str) -> str:
    return checked_line(answer, param=param, longest=LONGEST_SHORT)


def _checked_long(question: ScreeningQuestion, answer: object, param: str) -> str:
    return checked_text(answer, param=param, longest=LONGEST_LONG, least=1)


def _checked_yes_no(question: ScreeningQuestion, answer: object, param: str) -> bool:
    if not isinstance(answer, bool):
        raise InvalidInput("Answer yes or no.", param=param)
    return answer


def _checked_within(question: ScreeningQuestion, answer: object, param: str) -> int:
    number = _checked_number(answer, param)
    is_too_small = question.least is not None and number < question.least
    if is_too_small or (question.most is not None and number > question.most):
        raise InvalidInput(f"Give a whole number {question.bounds_in_words}.", param=param)
    return number


def _checked_one(question: ScreeningQuestion, answer: object, param: str) -> str:
    if not isinstance(answer, str) or answer not in question.choices:
        raise InvalidInput("Choose one of the list.", param=param)
    return answer


def _checked_several(question: ScreeningQuestion, answer: object, param: str) -> list[str]:
    """In the order of the list, each once."""
    if not isinstance(answer, list) or any(one not in question.choices for one in answer):
        raise InvalidInput("Choose from the list.", param=param)
    return [choice for choice in question.choices if choice in answer]


def _checked_number(number: object, param: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise InvalidInput("Give a whole number.", param=param)
    if abs(number) > LARGEST:
        raise InvalidInput("That is larger than anything we can carry.", param=param)
    return number


_CHECKS: dict[Kind, Callable[[ScreeningQuestion, object, str], Any]] = {
    Kind.SHORT_TEXT: _checked_short,
    Kind.LONG_TEXT: _checked_long,
    Kind.YES_NO: _checked_yes_no,
    Kind.WHOLE_NUMBER: _checked_within,
    Kind.ONE_CHOICE: _checked_one,
    Kind.SEVERAL_CHOICES: _checked_several,
}
