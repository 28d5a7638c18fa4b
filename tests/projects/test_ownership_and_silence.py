"""Whose the result is, and for how long both keep silent: chosen by the client, signed by both."""

import json

import pytest

from payments.policies.words import RULES
from projects.agreements.changes.services import accept_change
from projects.agreements.terms import OWNERSHIP_IN_WORDS, Ownership
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of
from tests.projects.change_world import price_to
from tests.world import (
    SIGNED,
    api_of,
    funded_milestone,
    offered_contract,
    open_posting,
    submitted_bid,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("rule", Ownership.values)
def test_the_wording_says_whose_the_result_is(ada, ben, client, rule):
    contract = offered_contract(ada, ben, ownership=rule)
    wording = json.loads(agreement_of(contract).body)
    assert wording["agreement"] == 4
    assert wording["ownership"] == {"rule": rule, "text": OWNERSHIP_IN_WORDS[Ownership(rule)]}

    client.force_login(ben)
    for page in ("accept", "agreement"):
        shown = client.get(f"/contracts/{contract.public_id}/{page}/").content.decode()
        assert wording["ownership"]["text"].replace("'", "&#x27;") in shown


@pytest.mark.parametrize(
    ("years", "words"), [(0, "binds neither"), (1, "1 year after"), (10, "10 years")]
)
def test_the_wording_says_for_how_long_both_keep_silent(ada, ben, years, words):
    contract = offered_contract(ada, ben, confidentiality_years=years)
    said = json.loads(agreement_of(contract).body)["confidentiality"]
    assert said["years"] == years and words in said["text"]


def test_a_change_keeps_what_was_agreed_besides(ada, ben):
    milestone = funded_milestone(ada, ben, ownership="stays", confidentiality_years=3)
    accept_change(order_id=price_to(70_000, milestone, ben).pk, by=ada)
    first, second = milestone.contract.agreements.order_by("version")
    for name in ("ownership", "confidentiality", "agreement"):
        assert json.loads(first.body)[name] == json.loads(second.body)[name]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("ownership", it) for it in ("", "mine", None, 5, [], {}, "<b>", "\x00")),
        *(("confidentiality_years", it) for it in (-1, 11, "long", None, 1.5, [], 10**400)),
    ],
)
def test_the_api_refuses_what_is_no_choice_by_its_field(ada, ben, field, value):
    bid = submitted_bid(open_posting(ada), ben)
    answer = api_of(ada).post(f"/api/v1/bids/{bid.public_id}/award/", {field: value} | SIGNED)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)
    assert not Contract.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("ownership", ""), ("ownership", "mine"), ("confidentiality_years", "11")],
)
def test_the_page_refuses_it_beside_the_field(ada, ben, client, field, value):
    bid = submitted_bid(open_posting(ada), ben)
    client.force_login(ada)
    typed = {"review_days": "7", "revisions": "2", "version": bid.version} | SIGNED
    typed |= {"ownership": "stays", "confidentiality_years": "1"} | {field: value}
    answer = client.post(f"/bids/{bid.public_id}/award/", typed)
    assert answer.status_code == 400 and answer.context["form"].errors[field]
    assert not Contract.objects.exists()


def test_the_page_offers_what_was_chosen(ada, ben, client):
    bid = submitted_bid(open_posting(ada), ben)
    client.force_login(ada)
    typed = {"review_days": "7", "revisions": "2", "version": bid.version} | SIGNED
    typed |= {"ownership": "stays", "confidentiality_years": "5"}
    assert client.post(f"/bids/{bid.public_id}/award/", typed).status_code == 302
    wording = json.loads(agreement_of(Contract.objects.get()).body)
    assert (wording["ownership"]["rule"], wording["confidentiality"]["years"]) == ("stays", 5)


def test_every_rule_is_signed_by_its_value_and_read_in_words(ada, ben, client):
    contract = offered_contract(ada, ben)
    signed = json.loads(agreement_of(contract).body)["policy"]

    assert set(signed) == {"version", *RULES}
    assert signed == {"version": contract.policy.version} | {
        field: getattr(contract.policy, field) for field in RULES
    }
    client.force_login(ben)
    page = client.get(f"/contracts/{contract.public_id}/agreement/").content.decode()
    for words in (
        "then a mediator decides, within 10 days and with reasons. The decision",
        "Where more than 5,000 USD of the price is held, another mediator confirms",
        "Within 180 days after the end of the work Ada may ask for released money back",
    ):
        assert words in page
