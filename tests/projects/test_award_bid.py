"""Awarding a bid: the offer, signed by the client."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError

from accounts.holds import services as holds
from accounts.notifications.models import Notification
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import Lifecycle
from projects.agreements.services import award_bid, withdraw_offer
from projects.bids.services import edit_bid
from projects.contracts.models import Contract, Event
from projects.postings import services as postings
from projects.postings.models import Posting
from tests.races import at_once, meet_after
from tests.world import (
    SIGNED,
    active_contract,
    api_of,
    open_posting,
    person,
    plan_of,
    submitted_bid,
)

pytestmark = pytest.mark.django_db

# What the page asks besides.
TERMS = {"ownership": "on_payment", "confidentiality_years": "0"}


@pytest.fixture
def bid(ada, ben):
    return submitted_bid(open_posting(ada), ben, 80_000, plan=plan_of(30_000, 50_000))


def test_it_offers_exactly_the_terms_of_the_bid(ada, ben, bid):
    contract = award_bid(bid_id=bid.pk, by=ada, review_days=3)

    bid.refresh_from_db()
    assert (contract.status, bid.status) == ("offered", "offered")
    assert (contract.client.name, contract.freelancer.name) == ("Ada", "Ben")
    assert (contract.title, contract.currency, contract.review_days) == (
        bid.posting.title,
        "USD",
        3,
    )
    assert contract.offer_lapses_at - contract.created_at >= timedelta(days=7) - timedelta(
        seconds=1
    )
    assert not contract.milestones.exists(), "an offer has no milestones yet"
    assert Event.objects.get().kind == "contract_offered"
    notice = Notification.objects.get(kind="contract_offered")
    assert (notice.recipient, notice.path) == (ben, f"/contracts/{contract.public_id}/")


def test_the_files_of_the_posting_are_signed_by_their_hash(ada, bid):
    uploads = [SimpleUploadedFile(name, name.encode()) for name in ("plan.txt", "brief.txt")]
    postings.add_files(posting_id=bid.posting_id, uploads=uploads, by=ada)

    agreement = award_bid(bid_id=bid.pk, by=ada).agreements.get()

    assert json.loads(agreement.body)["posting"]["files"] == [
        {"name": name, "size": len(name), "sha256": hashlib.sha256(name.encode()).hexdigest()}
        for name in ("brief.txt", "plan.txt")
    ]


def test_the_files_of_the_bid_are_signed_by_their_hash(ada, ben, bid):
    for uploads in (["old.txt"], ["plan.txt", "brief.txt"]):
        files = [SimpleUploadedFile(name, name.encode()) for name in uploads]
        edit_bid(bid_id=bid.pk, by=ben, files=files)
    old = bid.files.get(stored__name="old.txt").stored.public_id
    edit_bid(bid_id=bid.pk, by=ben, remove_files=[old])

    agreement = award_bid(bid_id=bid.pk, by=ada).agreements.get()

    signed = json.loads(agreement.body)
    assert (signed["agreement"], signed["bid"]["version"]) == (4, 4)
    assert signed["bid"]["files"] == [
        {"name": name, "size": len(name), "sha256": hashlib.sha256(name.encode()).hexdigest()}
        for name in ("brief.txt", "plan.txt")
    ]


def test_the_wording_is_canonical_and_named_by_its_hash(ada, bid):
    contract = award_bid(bid_id=bid.pk, by=ada)

    agreement = contract.agreements.get()
    wording = json.loads(agreement.body)
    again = json.dumps(wording, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert agreement.body == again
    assert agreement.sha256 == hashlib.sha256(again.encode()).hexdigest()
    assert (agreement.signed_by_client_at is not None, agreement.signed_by_freelancer_at) == (
        True,
        None,
    )
    assert [(m["position"], m["amount"]) for m in wording["milestones"]] == [
        (1, 30_000),
        (2, 50_000),
    ]
    assert wording["price"] == 80_000
    assert wording["policy"]["version"] == contract.policy.version
    assert wording["review_days"] == 7, "the policy's own where nothing is said"


def test_letters_of_every_script_stay_themselves(ada, ben):
    posting = open_posting(ada, title="Лавка ламп “Ламп & Sön” 灯")
    contract = award_bid(bid_id=submitted_bid(posting, ben).pk, by=ada)

    assert "Лавка ламп “Ламп & Sön” 灯" in contract.agreements.get().body


@pytest.mark.parametrize("days", [0, -1, 31, 10**9])
def test_a_review_period_outside_the_policy_changes_nothing(ada, bid, days):
    with pytest.raises(InvalidInput) as refusal:
        award_bid(bid_id=bid.pk, by=ada, review_days=days)

    assert refusal.value.param == "review_days"
    bid.refresh_from_db()
    assert (bid.status, Contract.objects.count()) == ("submitted", 0)


@pytest.mark.parametrize("name", ["ben", "cleo", "dora"])
def test_only_the_client_may(bid, name, request):
    with pytest.raises(NotAllowed):
        award_bid(bid_id=bid.pk, by=request.getfixturevalue(name))
    assert not Contract.objects.exists()


def test_both_sign_how_long_the_provider_holds_money(ada, bid, client):
    contract = award_bid(bid_id=bid.pk, by=ada)

    said = json.loads(contract.agreements.get().body)["holding"]

    limits = "90 days, 10 days where the freelancer's bank is in Thailand, 730 days where"
    assert limits in said and "goes back to the client" in said
    client.force_login(ada)
    page = client.get(f"/contracts/{contract.public_id}/agreement/").content.decode()
    assert "The payment provider holds a payment for a limited time" in page


def test_nobody_signs_what_they_have_not_read(ada, ben, bid):
    read = bid.version
    edit_bid(bid_id=bid.pk, by=ben, letter="Half of it.", price=80_000)

    with pytest.raises(WrongState):
        award_bid(bid_id=bid.pk, by=ada, version=read)
    assert not Contract.objects.exists()


def test_a_second_award_waits_for_the_answer(ada, bid):
    other = submitted_bid(bid.posting, person("Eve"))
    first = award_bid(bid_id=bid.pk, by=ada)

    for again in (bid, other):
        with pytest.raises(WrongState):
            award_bid(bid_id=again.pk, by=ada)

    withdraw_offer(contract_id=first.pk, by=ada)
    assert award_bid(bid_id=other.pk, by=ada).status == "offered"
    assert Posting.objects.get(pk=bid.posting_id).status == "open", "others stand until accepted"


def test_an_awarded_posting_is_not_awarded_again(ada, ben):
    contract = active_contract(ada, ben)
    with pytest.raises(WrongState):
        award_bid(bid_id=contract.bid_id, by=ada)


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_make_one_offer(ada, ben, bells):
    posting = open_posting(ada)
    bids = [submitted_bid(posting, person(f"Eve {n}")) for n in range(4)]

    outcomes = at_once(
        *[lambda bid=bid: award_bid(bid_id=bid.pk, by=ada) for bid in bids for _ in "12"]
    )

    # The same bid once more, and three others twice.
    assert sorted(outcomes) == ["done"] + ["no_award_left"] * 6 + ["wrong_state"]
    assert Contract.objects.count() == 1
    assert posting.bids.filter(status="offered").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("awards", [1, 2])
def test_without_the_postings_lock_postgresql_keeps_the_offers_to_what_is_announced(
    ada, bells, monkeypatch, awards
):
    """The lower guard: whoever has seen an award left waits for the posting, and is counted."""
    posting = open_posting(ada, awards=awards)
    bids = [submitted_bid(posting, person(f"Eve {n}")) for n in range(8)]
    monkeypatch.setattr(postings, "lock_posting", lambda pk: Posting.objects.get(pk=pk))
    monkeypatch.setattr(holds, "_lock_person", lambda _pk: None)  # all of them are Ada's
    meet_after(monkeypatch, Lifecycle, "advance")

    def award(bid):
        try:
            award_bid(bid_id=bid.pk, by=ada)
        except IntegrityError as crash:
            raise WrongState(str(crash), code=crash.__cause__.diag.constraint_name) from crash

    outcomes = at_once(*[lambda bid=bid: award(bid) for bid in bids])

    refused = ["no_more_awards_than_announced"] * (8 - awards)
    assert sorted(outcomes) == ["done"] * awards + refused
    assert Contract.objects.count() == awards


# --- The API -------------------------------------------------------------------------------------


def test_the_api_answers_the_same_key_with_the_same_offer(ada, bid):
    api, url = api_of(ada), f"/api/v1/bids/{bid.public_id}/award/"

    first = api.post(url, {"review_days": 5} | SIGNED, headers={"Idempotency-Key": "k"})
    again = api.post(url, {"review_days": 5} | SIGNED, headers={"Idempotency-Key": "k"})
    other = api.post(url, {"review_days": 6} | SIGNED, headers={"Idempotency-Key": "k"})

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json() == again.json()
    assert first.json()["price"] == 80_000
    assert first.json()["role"] == "client"
    assert first.json()["next_steps"] == ["withdraw"]
    assert Contract.objects.count() == 1


@pytest.mark.parametrize(
    "days", [0, 31, "seven", 1.5, None, True, [], {}, 10**30, -1, "\x00", "<b>1</b>"]
)
def test_the_api_refuses_nonsense_by_its_field(ada, bid, days):
    answer = api_of(ada).post(
        f"/api/v1/bids/{bid.public_id}/award/", {"review_days": days} | SIGNED
    )

    if days is True:  # a yes is a one to JSON's readers; one day is within the bounds
        assert answer.status_code in (201, 400)
        return
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "review_days"
    assert not Contract.objects.exists()


def test_the_api_hides_a_sealed_bid(ben, cleo, bid):
    url = f"/api/v1/bids/{bid.public_id}/award/"
    assert api_of(cleo).post(url, SIGNED).status_code == 404
    assert api_of().post(url, SIGNED).status_code == 401
    assert api_of(ben).post(url, SIGNED).status_code == 403


# --- The page ------------------------------------------------------------------------------------


def test_the_page_says_both_nets_and_awards(ada, client, bid):
    client.force_login(ada)
    url = f"/bids/{bid.public_id}/award/"

    shown = client.get(url).content.decode()
    assert "$824.00" in shown and "$776.00" in shown
    assert not Contract.objects.exists(), "looking awards nothing"

    answer = client.post(
        url, {"review_days": "9", "revisions": "2", "version": bid.version} | TERMS | SIGNED
    )
    contract = Contract.objects.get()
    assert answer.url == f"/contracts/{contract.public_id}/"
    assert (contract.review_days, contract.revisions) == (9, 2)


@pytest.mark.parametrize("days", ["", "0", "31", "x", "1.5", "9" * 400, "\x00"])
def test_the_page_refuses_nonsense_beside_the_field(ada, client, bid, days):
    client.force_login(ada)
    answer = client.post(
        f"/bids/{bid.public_id}/award/",
        {"review_days": days, "revisions": "2", "version": bid.version} | TERMS | SIGNED,
    )
    assert answer.status_code == 400
    assert answer.context["form"].errors["review_days"]
    assert not Contract.objects.exists()


@pytest.mark.parametrize("revisions", ["", "-1", "21", "x", "1.5", "9" * 400, "\x00"])
def test_the_page_refuses_revisions_that_cannot_be_counted(ada, client, bid, revisions):
    client.force_login(ada)
    typed = {"review_days": "7", "revisions": revisions, "version": bid.version} | TERMS | SIGNED
    answer = client.post(f"/bids/{bid.public_id}/award/", typed)
    assert answer.status_code == 400
    assert answer.context["form"].errors["revisions"]
    assert not Contract.objects.exists()


def test_strangers_see_no_page_and_the_author_may_not(ben, cleo, client, bid):
    for user, status in ((cleo, 404), (ben, 403)):
        client.force_login(user)
        for ask in (client.get, client.post):
            assert ask(f"/bids/{bid.public_id}/award/").status_code == status
