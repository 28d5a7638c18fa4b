"""Amounts that no form takes: its page comes back with what was typed and why not."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from payments.fundings.models import Payment
from payments.ledger.models import Transfer
from projects.agreements.models import Proposal
from projects.disputes.models import Dispute
from tests.projects.giveback_world import released
from tests.world import (
    browser,
    funded_milestone,
    opened_dispute,
    planned_milestone,
    reviewed_dispute,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db

# As somebody may type them, in dollars.
BAD = {
    "negative": "-1",
    "a tenth of a cent": "0.001",
    "less than a cent": "1e-9",
    "beyond what we carry": "99999999999999",
    "longer than any amount": "9" * 400,
    "an exponent": "1e9",
    "infinite": "inf",
    "none": "nan",
    "words": "a lot",
    "two points": "1.2.3",
    "another alphabet": "١٠٠",
    "markup": "<b>1</b>",
}
ZERO = {"nothing at all": "0"}

Form = tuple[Any, str, dict[str, str], str]


def funding(ada, ben, dora) -> Form:
    return ada, _page("milestone-fund", planned_milestone(ada, ben)), {}, "amount"


def part(ada, ben, dora) -> Form:
    page = _page("milestone-release-part", funded_milestone(ada, ben))
    return ada, page, {"once": "a"}, "amount"


def bonus(ada, ben, dora) -> Form:
    page = _page("bonus-create", planned_milestone(ada, ben).contract)
    return ada, page, {"once": "b"}, "amount"


def to_give_back(ada, ben, dora) -> Form:
    milestone = released(ada, ben)
    page = _page("giveback-create", milestone.contract)
    return ben, page, {"once": "c", "of": milestone.escrow.public_id}, "amount"


def proposal(ada, ben, dora) -> Form:
    return ada, _page("proposal-create", funded_milestone(ada, ben)), {}, "to_freelancer"


def dispute(ada, ben, dora) -> Form:
    page = _page("dispute-create", submitted_milestone(ada, ben))
    return ada, page, {"reason": "late", "statement": "It is late."}, "asked_for"


def ruling(ada, ben, dora) -> Form:
    page = _page("desk-dispute-rulings", reviewed_dispute(ada, ben))
    said = {"facts": "So.", "rule": "So.", "reasons": "So.", "ground": "late"}
    return dora, page, said, "to_freelancer"


def figure(ada, ben, dora) -> Form:
    return ada, _page("dispute-figure", opened_dispute(ada, ben)), {}, "amount"


def _page(name: str, thing: Any) -> str:
    return reverse(name, args=[thing.public_id])


FORMS: list[Callable[..., Form]] = [
    funding, part, bonus, to_give_back, proposal, dispute, ruling, figure,
]  # fmt: skip
# All to one side is a share like another.
MAY_BE_ZERO = {proposal, dispute, ruling, figure}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_an_amount_that_is_none_comes_back_with_its_reason(ada, ben, dora, sandbox, form):
    who, page, said, field = form(ada, ben, dora)
    window = browser(who)
    before = _done()
    for name, amount in (BAD if form in MAY_BE_ZERO else BAD | ZERO).items():
        answer = window.post(page, said | {field: amount})

        assert answer.status_code == 400, (name, answer.status_code)
        read = answer.content.decode()
        assert _reason_beside(read, field), (name, field)
        assert html.escape(amount) in read, name
        assert "<b>1</b>" not in read
    assert _done() == before


def _reason_beside(read: str, field: str) -> str:
    """What the page says is wrong with it, where a screen reader finds that too."""
    found = re.search(rf'id="id_{field}_error"[^>]*>(.*?)</', read, re.DOTALL)
    return found[1].strip() if found else ""


def _done() -> tuple[int, ...]:
    return tuple(kind.objects.count() for kind in (Transfer, Payment, Proposal, Dispute))
