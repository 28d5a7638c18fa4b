"""Whoever signs gives their password anew: by page and by API, for each kind of signature."""

from uuid import uuid4

import pytest
from django.core.cache import caches
from django.test import Client

from accounts.access.knocks import PER_ADDRESS
from marketplace.common.models import IdempotencyRecord
from projects.agreements.models import Proposal
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of
from tests.projects.change_world import in_days, price_to
from tests.projects.test_roll_rest import two
from tests.world import (
    PASSWORD,
    SIGNED,
    active_contract,
    api_of,
    funded_milestone,
    offered_contract,
    open_posting,
    submitted_bid,
)

pytestmark = pytest.mark.django_db

WRONG = {"password": "not mine at all"}


@pytest.fixture(autouse=True)
def fresh_counters(monkeypatch):
    monkeypatch.setattr(caches["default"], "key_prefix", uuid4().hex)


@pytest.fixture
def a_bid(ada, ben):
    bid = submitted_bid(open_posting(ada), ben)
    return ada, f"bids/{bid.public_id}/award/", {}


@pytest.fixture
def an_offer(ada, ben):
    return ben, f"contracts/{offered_contract(ada, ben).public_id}/accept/", {}


@pytest.fixture
def a_change(ada, ben):
    order = price_to(70_000, funded_milestone(ada, ben), ben)
    return ada, f"change-orders/{order.public_id}/accept/", {}


@pytest.fixture
def a_counter(ada, ben):
    milestone = funded_milestone(ada, ben)
    wanted = {"changes": [{"milestone": milestone.public_id, "amount": 80_000}]}
    return ada, f"change-orders/{price_to(70_000, milestone, ben).public_id}/counter/", wanted


@pytest.fixture
def a_proposed_change(ada, ben):
    milestone = funded_milestone(ada, ben)
    wanted = {"changes": [{"milestone": milestone.public_id, "amount": 80_000}]}
    return ben, f"contracts/{milestone.contract.public_id}/change-orders/", wanted


@pytest.fixture
def an_extension(ada, ben):
    milestone = funded_milestone(ada, ben)
    return ben, f"milestones/{milestone.public_id}/extensions/", {"due_at": in_days(30).isoformat()}


@pytest.fixture
def a_roll(ada, ben):
    first, second = two(ada, ben)
    wanted = {"to_freelancer": 40_000, "into": second.public_id}
    return ada, f"milestones/{first.public_id}/proposals/", wanted


@pytest.fixture
def a_proposed_roll(a_roll, ben):
    by, path, wanted = a_roll
    assert api_of(by).post(f"/api/v1/{path}", wanted | SIGNED).status_code == 201
    return ben, f"proposals/{Proposal.objects.get().public_id}/accept/", {}


EACH = (
    *("a_bid", "an_offer", "a_change", "a_counter", "a_proposed_change", "an_extension"),
    *("a_roll", "a_proposed_roll"),
)


@pytest.mark.parametrize("name", EACH)
def test_a_token_alone_signs_nothing(name, request):
    by, path, wanted = request.getfixturevalue(name)
    program, url = api_of(by), f"/api/v1/{path}"

    for password, code in ((None, "invalid_input"), ("no", "wrong_credentials")):
        given = wanted if password is None else wanted | {"password": password}
        answer = program.post(url, given)
        said = answer.json()["error"]
        assert (answer.status_code, said["param"], said["code"]) == (400, "password", code), said
        assert said["message"]
    assert program.post(url, wanted | SIGNED).status_code in (200, 201)


@pytest.mark.parametrize("password", ["", [], {}, 7, "\x00", "x" * 1_001, " " + PASSWORD])
def test_what_is_no_password_is_refused_by_its_field(ada, ben, password):
    url = f"/api/v1/contracts/{offered_contract(ada, ben).public_id}/accept/"
    answer = api_of(ben).post(url, {"password": password})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "password")
    assert Contract.objects.get().status == "offered"


@pytest.mark.parametrize("name", ["an_offer", "a_change", "a_proposed_roll"])
def test_an_open_browser_alone_signs_nothing(name, request):
    by, path, _ = request.getfixturevalue(name)
    browser = Client()
    browser.force_login(by)

    assert browser.get(f"/{path}").status_code == 200
    for typed, words in (({}, "required"), (WRONG, "The password is wrong.")):
        answer = browser.post(f"/{path}", typed)
        page = answer.content.decode()
        assert answer.status_code == 400 and words in page
        assert WRONG["password"] not in page
    assert browser.post(f"/{path}", SIGNED).status_code == 302
    assert browser.post(f"/{path}", SIGNED).status_code in (403, 409), "a second time"


def test_the_page_of_an_offer_keeps_what_was_typed_but_the_password(ada, ben, client):
    bid = submitted_bid(open_posting(ada), ben)
    client.force_login(ada)
    terms = {"ownership": "stays", "confidentiality_years": "2"}
    typed = {"review_days": "9", "revisions": "2", "version": bid.version} | terms | WRONG

    answer = client.post(f"/bids/{bid.public_id}/award/", typed)

    page = answer.content.decode()
    assert answer.status_code == 400 and "The password is wrong." in page
    assert 'value="9"' in page and WRONG["password"] not in page
    assert not Contract.objects.exists()


def test_a_look_at_the_difference_needs_no_password(ada, ben, client):
    milestone = funded_milestone(ada, ben)
    client.force_login(ben)
    name = milestone.public_id
    typed = {
        f"{name}-amount": "700",
        f"{name}-due_on": f"{milestone.due_at:%Y-%m-%d}",
        f"{name}-criteria": "",
    }
    url = f"/contracts/{milestone.contract.public_id}/change/"

    assert client.post(url, typed | {"preview": "1"}).status_code == 200
    for password in ({}, WRONG):
        refused = client.post(url, typed | password)
        assert refused.status_code == 400
        assert refused.context["form"].errors["password"]
        assert not milestone.contract.change_orders.exists()


def test_who_found_a_token_cannot_try_out_passwords(ada, ben, monkeypatch):
    program = api_of(ben)
    url = f"/api/v1/contracts/{offered_contract(ada, ben).public_id}/accept/"

    statuses = [program.post(url, WRONG).status_code for _ in range(PER_ADDRESS)]
    late = program.post(url, SIGNED, headers={"Idempotency-Key": "k"})

    assert statuses == [400] * PER_ADDRESS
    assert (late.status_code, late.json()["error"]["code"]) == (429, "throttled")
    assert int(late["Retry-After"]) > 0
    monkeypatch.setattr(caches["default"], "key_prefix", uuid4().hex)
    again = program.post(url, SIGNED, headers={"Idempotency-Key": "k"})
    assert again.status_code == 200, "to have come too often is no answer that is kept"


def test_the_pages_count_the_same_guesses_in_words(ada, ben, client):
    client.force_login(ben)
    url = f"/contracts/{offered_contract(ada, ben).public_id}/accept/"
    for _ in range(PER_ADDRESS):
        client.post(url, WRONG)
    answer = client.post(url, SIGNED)
    assert answer.status_code == 400 and "Too many attempts" in answer.content.decode()
    assert Contract.objects.get().status == "offered"


def test_what_is_kept_of_a_call_does_not_give_the_password_away(ada, ben, settings):
    """Whoever has a copy of the rows could else try out passwords against a plain hash."""
    url = f"/api/v1/contracts/{offered_contract(ada, ben).public_id}/accept/"
    api_of(ben).post(url, WRONG, headers={"Idempotency-Key": "a"})
    here = IdempotencyRecord.objects.get().request_sha256
    settings.SECRET_KEY = "another-secret-of-another-house-another-secret"
    api_of(ben).post(url, WRONG, headers={"Idempotency-Key": "b"})
    there = IdempotencyRecord.objects.get(key="b").request_sha256
    assert here != there


def test_who_signed_and_how_is_kept_of_both(ada, ben):
    posting = open_posting(ada)
    bid = submitted_bid(posting, ben)
    made = api_of(ada).post(f"/api/v1/bids/{bid.public_id}/award/", SIGNED)
    api_of(ben).post(f"/api/v1/contracts/{made.json()['id']}/accept/", SIGNED)

    first = agreement_of(Contract.objects.get())
    assert (first.client_signer, first.client_confirmed_with) == (ada, "password")
    assert (first.freelancer_signer, first.freelancer_confirmed_with) == (ben, "password")


def test_of_a_change_it_is_the_proposal_that_one_side_has_signed(ada, ben):
    contract = active_contract(ada, ben)
    milestone = contract.milestones.get()
    wanted = {"changes": [{"milestone": milestone.public_id, "amount": 80_000}]}
    path = f"/api/v1/contracts/{contract.public_id}/change-orders/"
    order = api_of(ben).post(path, wanted | SIGNED).json()["id"]
    api_of(ada).post(f"/api/v1/change-orders/{order}/accept/", SIGNED)

    second = agreement_of(contract)
    assert second.version == 2
    assert (second.client_signer, second.client_confirmed_with) == (ada, "password")
    assert (second.freelancer_signer, second.freelancer_confirmed_with) == (ben, "password")
    assert second.signed_by_freelancer_at < second.signed_by_client_at
