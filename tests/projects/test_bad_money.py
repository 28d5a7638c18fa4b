"""Amounts that no door takes: refused in words, with the field at fault, and nothing moves."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import get_resolver
from rest_framework.serializers import Serializer

from marketplace.common.clock import now
from marketplace.common.money import MAX_AMOUNT
from marketplace.common.shapes import AmountIn
from payments.fundings.models import Payment
from payments.ledger.models import Transfer
from payments.payouts.models import Payout
from projects.agreements.models import Proposal
from projects.bids.models import Bid
from projects.bonuses.models import Bonus
from projects.givebacks.models import GiveBack
from tests.projects.giveback_world import payable, released
from tests.world import (
    SIGNED,
    api_of,
    draft_posting,
    funded_milestone,
    open_posting,
    opened_dispute,
    plan_of,
    planned_milestone,
    reviewed_dispute,
    submitted_bid,
    submitted_milestone,
    why,
)

pytestmark = pytest.mark.django_db

# As a program would write them into JSON. Of what is not a number, the amount is only a hint.
BAD = {
    "negative": "-1",
    "a fraction": "100.5",
    "a small fraction": "0.1",
    "beyond what we carry": str(MAX_AMOUNT + 1),
    "beyond 2^53": str(2**53 + 1),
    "beyond bigint": str(2**63),
    "beyond everything": "9" * 400,
    "an exponent": "1e30",
    "infinite": "1e999",
    "words": '"a lot"',
    "a fraction in quotes": '"100.50"',
    "a thousand with its comma": '"1,000"',
    "digits with a line": '"1_000"',
    "a whole number with a point": "100.0",
    "a whole number with an exponent": "1e2",
    "room around it": '" 100 "',
    "another alphabet": '"١٠٠"',
    "a sign": '"\\u0000"',
    "nothing": "null",
    "yes": "true",
    "a list": "[100]",
    "an object": '{"amount": 100}',
}
ZERO = {"nothing at all": "0"}

SOON = (now() + timedelta(days=30)).isoformat()
TERMS = {"days": 20, "letter": "I can.", "valid_until": SOON}

Sent = tuple[Any, str, str, str]


def budget(ada, ben, dora) -> Sent:
    posting = draft_posting(ada)
    return ada, f"/api/v1/postings/{posting.public_id}/", '{"budget_most": %s}', "budget_most"


def price(ada, ben, dora) -> Sent:
    path = f"/api/v1/postings/{open_posting(ada).public_id}/bids/"
    return ben, path, json.dumps(TERMS | {"plan": plan_of(80_000)})[:-1] + ', "price": %s}', "price"


def part_of_a_plan(ada, ben, dora) -> Sent:
    path = f"/api/v1/postings/{open_posting(ada).public_id}/bids/"
    plan = '[{"title": "All", "days": 20, "criteria": ["It runs."], "amount": %s}]'
    said = json.dumps(TERMS | {"price": 80_000})[:-1] + ', "plan": ' + plan + "}"
    return ben, path, said, "plan[0].amount"


def new_price(ada, ben, dora) -> Sent:
    bid = submitted_bid(open_posting(ada), ben)
    return ben, f"/api/v1/bids/{bid.public_id}/", '{"price": %s}', "price"


def quoted(ada, ben, dora) -> Sent:
    return ben, "/api/v1/bids/quotes/", '{"currency": "USD", "amounts": [%s]}', "amounts[0]"


def funding(ada, ben, dora) -> Sent:
    milestone = planned_milestone(ada, ben)
    return ada, f"/api/v1/milestones/{milestone.public_id}/fund/", '{"amount": %s}', "amount"


def part(ada, ben, dora) -> Sent:
    path = f"/api/v1/milestones/{funded_milestone(ada, ben).public_id}/release-part/"
    return ada, path, '{"amount": %s}', "amount"


def proposal(ada, ben, dora) -> Sent:
    path = f"/api/v1/milestones/{funded_milestone(ada, ben).public_id}/proposals/"
    return ada, path, '{"reason": "Enough.", "to_freelancer": %s}', "to_freelancer"


def dispute(ada, ben, dora) -> Sent:
    path = f"/api/v1/milestones/{submitted_milestone(ada, ben).public_id}/disputes/"
    said = '{"reason": "late", "statement": "It is late.", "asked_for": %s}'
    return ada, path, said, "asked_for"


def ruling(ada, ben, dora) -> Sent:
    path = f"/api/v1/desk/disputes/{reviewed_dispute(ada, ben).public_id}/rulings/"
    said = (
        '{"facts": "So.", "rule": "So.", "reasons": "So.", "ground": "late", "to_freelancer": %s}'
    )
    return dora, path, said, "to_freelancer"


def preview(ada, ben, dora) -> Sent:
    path = f"/api/v1/desk/disputes/{reviewed_dispute(ada, ben).public_id}/preview/"
    return dora, path, '{"to_freelancer": %s}', "to_freelancer"


def bonus(ada, ben, dora) -> Sent:
    contract = planned_milestone(ada, ben).contract
    return ada, f"/api/v1/contracts/{contract.public_id}/bonuses/", '{"amount": %s}', "amount"


def to_give_back(ada, ben, dora) -> Sent:
    milestone = released(ada, ben)
    path = f"/api/v1/contracts/{milestone.contract.public_id}/givebacks/"
    return ben, path, f'{{"of": "{milestone.escrow.public_id}", "amount": %s}}', "amount"


def other_price(ada, ben, dora) -> Sent:
    milestone = planned_milestone(ada, ben)
    path = f"/api/v1/contracts/{milestone.contract.public_id}/change-orders/"
    wish = f'{{"milestone": "{milestone.public_id}", "amount": %s}}'
    return ada, path, _signed(f'{{"changes": [{wish}]}}'), "changes[0].amount"


def added(ada, ben, dora) -> Sent:
    path = f"/api/v1/contracts/{planned_milestone(ada, ben).contract.public_id}/change-orders/"
    wish = json.dumps({"title": "More", "due_at": SOON, "criteria": ["It runs."]})
    return ada, path, _signed(f'{{"changes": [{wish[:-1]}, "amount": %s}}]}}'), "changes[0].amount"


def ending(ada, ben, dora) -> Sent:
    milestone = funded_milestone(ada, ben)
    path = f"/api/v1/contracts/{milestone.contract.public_id}/endings/"
    wish = f'{{"milestone": "{milestone.public_id}", "to_freelancer": %s}}'
    return ada, path, _signed(f'{{"parts": [{wish}]}}'), "parts[0].to_freelancer"


def figure(ada, ben, dora) -> Sent:
    path = f"/api/v1/disputes/{opened_dispute(ada, ben).public_id}/sealed-offers/"
    return ada, path, '{"amount": %s}', "amount"


def other_terms(ada, ben, dora) -> Sent:
    bid = submitted_bid(open_posting(ada), ben)
    said = json.dumps({"days": 20, "plan": plan_of(80_000)})[:-1] + ', "price": %s}'
    return ada, f"/api/v1/bids/{bid.public_id}/counter-offers/", said, "price"


def settlement(ada, ben, dora) -> Sent:
    path = f"/api/v1/disputes/{opened_dispute(ada, ben).public_id}/settlements/"
    return ada, path, '{"to_freelancer": %s}', "to_freelancer"


def payout(ada, ben, dora) -> Sent:
    """All that has cleared: of no amount, but another body is another wish all the same."""
    payable(released(ada, ben))
    return ben, "/api/v1/payouts/", '{"currency": "USD", "wish": %s}', ""


def _signed(said: str) -> str:
    return f"{said[:-1]}, {json.dumps(SIGNED)[1:]}"


DOORS: list[Callable[..., Sent]] = [
    budget, price, part_of_a_plan, new_price, quoted, funding, part, proposal, dispute, ruling,
    preview, bonus, to_give_back, other_price, added, ending, figure, other_terms, settlement,
]  # fmt: skip
# All to the one side is a share like another, and an amount of null means the whole, or no change.
MAY_BE_ZERO = {proposal, dispute, ruling, preview, ending, figure, settlement}
MAY_BE_NULL = {budget, funding, other_price}
BY_ANOTHER_VERB = {budget: "patch", new_price: "patch", figure: "put"}


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_an_amount_that_is_none_is_refused_by_its_field(ada, ben, dora, sandbox, door):
    who, path, said, param = door(ada, ben, dora)
    program = api_of(who)
    program.raise_request_exception = False
    before = (Transfer.objects.count(), Payment.objects.count(), Bid.objects.count())
    bad = BAD if door in MAY_BE_ZERO else BAD | ZERO
    for name, amount in bad.items():
        if name == "nothing" and door in MAY_BE_NULL:
            continue
        send = getattr(program, BY_ANOTHER_VERB.get(door, "post"))
        answer = send(path, said % amount, content_type="application/json")

        assert answer.status_code == 400, (name, answer.status_code, answer.content)
        error = answer.json()["error"]
        assert error["message"], name
        assert error["param"] == param or "JSON" in error["message"], (name, error)
    after = (Transfer.objects.count(), Payment.objects.count(), Bid.objects.count())
    assert after == before


# Which door asks for each amount that the API takes.
ASKED_BY = {
    ("BonusIn", "amount"): bonus,
    ("CounterOfferIn", "price"): other_terms,
    ("DisputeIn", "asked_for"): dispute,
    ("DisputeSettlementIn", "to_freelancer"): settlement,
    ("EndedIn", "to_freelancer"): ending,
    ("FundIn", "amount"): funding,
    ("GiveBackIn", "amount"): to_give_back,
    ("PartIn", "amount"): part,
    ("PlannedMilestone", "amount"): part_of_a_plan,
    ("PostingIn", "budget_most"): budget,
    ("PreviewIn", "to_freelancer"): preview,
    ("ProposalIn", "to_freelancer"): proposal,
    ("QuoteIn", "amounts"): quoted,
    ("RulingIn", "to_freelancer"): ruling,
    ("SealedOfferIn", "amount"): figure,
    ("TermsIn", "price"): price,
    ("WishIn", "amount"): other_price,
}
# Asked under another name by one of these, or of no money: filters, answers and sums to try.
ASKED_ELSEWHERE = {
    ("BrowseIn", "budget_least"),
    ("BrowseIn", "budget_most"),
    ("PostingIn", "budget_least"),
    ("ScreeningQuestionIn", "least"),
    ("ScreeningQuestionIn", "most"),
    ("SimulationIn", "part"),
    ("SimulationIn", "price"),
    ("SimulationIn", "second"),
    ("WishIn", "to_freelancer"),
}


def _amounts_in(shape: type[Serializer]) -> Iterator[tuple[str, str]]:
    """Those that it, and all that are made of it, add to what they are made of."""
    for made in shape.__subclasses__():
        inherited = {name for base in made.__mro__[1:] for name in _fields_of(base)}
        for name, field in _fields_of(made).items():
            if name not in inherited and AmountIn in {type(field), type(_child_of(field))}:
                yield made.__name__, name
        yield from _amounts_in(made)


def _fields_of(shape: type) -> dict[str, Any]:
    return getattr(shape, "_declared_fields", {})


def _child_of(field: Any) -> Any:
    return getattr(field, "child", None)


def test_every_amount_of_the_api_is_asked_for_at_a_door():
    assert get_resolver().url_patterns  # with them every shape is there
    assert set(_amounts_in(Serializer)) == set(ASKED_BY) | ASKED_ELSEWHERE
    assert set(ASKED_BY.values()) <= set(DOORS)


# --- Whom it is about ----------------------------------------------------------------------------

UNKNOWN = [
    "ms_8rmNGr4v8C6S4fqapr84SD",
    "ms_",
    "0",
    "-1",
    "%00",
    "%FF",
    "x" * 2_000,
    "١",
    "ms_%0A",
    "'",
]


def _deeds_in(patterns: Iterable[Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Each call of the API that does something to a thing, by its method and its path."""
    for one in patterns:
        path = f"{above}{one.pattern}"
        if hasattr(one, "url_patterns"):
            yield from _deeds_in(one.url_patterns, path)
            continue
        view = getattr(one.callback, "cls", None)
        if path.startswith("api/v1/") and "<" in path:
            for method in ("post", "put", "patch", "delete"):
                if hasattr(view, method):
                    yield method, re.sub("<[^>]+>", "{0}", path)


DEEDS = sorted(set(_deeds_in(get_resolver().url_patterns)))
# One body in which each of them finds what it asks for.
ANY = {
    "to_freelancer": 1,
    "asked_for": 1,
    "reason": "late",
    "statement": "Late.",
    "ground": "cancel",
}


def test_every_deed_with_money_is_among_those_that_are_asked():
    for deed in (
        "desk/payouts/{0}/attest/", "desk/payouts/{0}/cancel/", "desk/deeds/{0}/confirm/",
        "desk/holds/{0}/uphold/", "holds/{0}/appeal/", "milestones/{0}/fund/",
    ):  # fmt: skip
        assert ("post", f"api/v1/{deed}") in DEEDS


@pytest.mark.parametrize(("method", "deed"), DEEDS)
def test_what_is_not_there_is_not_there_whatever_its_name(dora, method, deed):
    program = api_of(dora)
    program.raise_request_exception = False
    for name in UNKNOWN:
        answer = getattr(program, method)(f"/{deed.format(name)}", ANY | why())

        assert answer.status_code in (400, 404), (name, answer.content)
    assert Transfer.objects.count() == 0


# --- The same key --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "door",
    [
        *(price, quoted, funding, part, proposal, dispute, ruling),
        *(bonus, to_give_back, settlement, payout),
    ],
    ids=lambda door: door.__name__,
)
def test_a_key_that_comes_again_with_another_amount_moves_nothing_more(
    ada, ben, dora, sandbox, door
):
    who, path, said, _ = door(ada, ben, dora)
    program, key = api_of(who), {"Idempotency-Key": "once"}
    first = program.post(path, said % 80_000, content_type="application/json", headers=key)
    assert first.status_code in (200, 201), first.content
    count = counted()
    same = program.post(path, said % 80_000, content_type="application/json", headers=key)
    other = program.post(path, said % 70_000, content_type="application/json", headers=key)

    if "Idempotent-Replayed" in same:
        assert (other.status_code, other.json()["error"]["code"]) == (409, "key_reused")
    else:
        assert door is quoted, "a door that writes keeps its keys"
    assert same.json() == first.json()
    assert counted() == count


def counted() -> list[int]:
    made = (Transfer, Payment, Payout, Bid, Bonus, GiveBack, Proposal)
    return [model.objects.count() for model in made]
