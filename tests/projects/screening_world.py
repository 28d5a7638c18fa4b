"""One question of each kind, and answers to all of them."""

from typing import Any

from accounts.people.models import User
from projects.postings.models import Posting
from projects.screening.models import ScreeningQuestion
from projects.screening.services import set_screening_questions
from tests.world import open_posting

QUESTIONS: list[dict[str, Any]] = [
    {"kind": "short_text", "text": "Where do you work?"},
    {"kind": "long_text", "text": "What was your last shop?", "is_required": False},
    {"kind": "yes_no", "text": "Can you start in March?"},
    {"kind": "whole_number", "text": "How long a week?", "unit": "hours", "least": 5, "most": 40},
    {"kind": "one_choice", "text": "Which zone?", "choices": ["Europe", "Asia"]},
    {
        "kind": "several_choices",
        "text": "Which tongues?",
        "choices": ["English", "German", "Finnish"],
        "is_required": False,
    },
]
SAID = ["Cork", "A tea shop.\nIt sells tea.", True, 20, "Europe", ["German", "English"]]
SHOWN = [
    "Cork",
    "A tea shop.\nIt sells tea.",
    "Yes",
    "20 hours",
    "Europe",
    "English · German",
]


def asking(client: User, questions: list[dict[str, Any]] = QUESTIONS, **fields: Any) -> Posting:
    """An open posting that asks these."""
    posting = open_posting(client, **fields)
    set_screening_questions(posting_id=posting.pk, questions=questions, by=client)
    return posting


def asked(posting: Posting) -> list[ScreeningQuestion]:
    return list(posting.screening_questions.order_by("place"))


def answers_to(posting: Posting, **changed: Any) -> dict[str, Any]:
    """An answer to each question, but for those of the kinds that are ``changed``."""
    return {
        question.public_id: changed.get(question.kind, said)
        for question, said in zip(asked(posting), SAID, strict=True)
    }
