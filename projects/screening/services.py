"""What bidders are asked is set as a whole, until somebody has bid."""

from typing import Any

from django.db import transaction

from marketplace.common.errors import WrongState
from projects.postings import services as postings
from projects.postings.models import LIFECYCLE
from projects.postings.roles import Actor, role_in
from projects.screening.models import ScreeningQuestion
from projects.screening.rules import FIELDS, checked_questions
from projects.screening.selectors import questions_of


@transaction.atomic
def set_screening_questions(
    *, posting_id: int, questions: list[dict[str, Any]], by: Actor
) -> list[ScreeningQuestion]:
    """Ask these, in this order, and no others; the same again changes nothing.

    A question has kind and text, and may have is_required (it is, if nothing is said), choices,
    unit, least and most. Raises InvalidInput, NotAllowed, or WrongState (``bids_are_in``)
    once anybody has bid, even if they withdrew: all who bid answer the same questions.
    """
    # A bid takes the same lock on its way in: it has answered these questions, or the next ones.
    posting = postings.lock_posting(posting_id)
    LIFECYCLE.judge(posting, "edit", role=role_in(posting, by))
    wanted, standing = checked_questions(questions), questions_of(posting)
    if wanted == [{field: getattr(one, field) for field in FIELDS} for one in standing]:
        return standing
    if posting.bids.exists():
        raise WrongState(
            "Somebody has bid: the questions stay, so that all who bid answer the same.",
            code="bids_are_in",
        )
    posting.screening_questions.all().delete()
    postings.note_edit(posting)
    return ScreeningQuestion.objects.bulk_create(
        ScreeningQuestion(posting=posting, place=place, **question)
        for place, question in enumerate(wanted, start=1)
    )
