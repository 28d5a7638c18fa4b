"""The answer to an offer: accepted, declined, withdrawn, or none in time."""

import hashlib
import json
from functools import partial

import pytest

from accounts.notifications.models import Notification
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import Lifecycle
from projects.agreements.outlook import prospects_of
from projects.agreements.selectors import open_steps
from projects.agreements.services import (
    accept_offer,
    award_bid,
    close_finished_contract,
    decline_offer,
    lapse_offer,
    withdraw_offer,
)
from projects.agreements.suspending.services import restore_posting, suspend_posting
from projects.bids.models import Bid
from projects.contracts.models import Contract, Event
from projects.milestones.models import Milestone
from projects.milestones.services import cancel_milestone, release_milestone
from projects.postings.models import Posting
from projects.tasks import lapse_offers
from tests.projects.test_races import stopped_by_the_database, without_locks
from tests.races import at_once, meet_after, outcomes_at_once
from tests.world import (
    GROUNDS,
    SIGNED,
    active_contract,
    api_of,
    funded_milestone,
    offered_contract,
    open_posting,
    person,
    plan_of,
    submitted_bid,
)

pytestmark = pytest.mark.django_db


def test_it_signs_and_brings_the_milestones_to_life(ada, ben):
    contract = offered_contract(ada, ben, [30_000, 50_000])
    before = contract.agreements.get()

    contract = accept_offer(contract_id=contract.pk, by=ben)

    agreement = contract.agreements.get()
    assert contract.status == "active"
    assert (agreement.body, agreement.sha256) == (before.body, before.sha256)
    assert agreement.sha256 == hashlib.sha256(agreement.body.encode()).hexdigest()
    assert agreement.signed_by_freelancer_at == contract.accepted_at
    planned = json.loads(agreement.body)["milestones"]
    assert [
        (m.position, m.title, m.amount, m.criteria, (m.due_at - contract.accepted_at).days)
        for m in contract.milestones.order_by("position")
    ] == [(p["position"], p["title"], p["amount"], p["criteria"], p["days"]) for p in planned]
    for milestone in contract.milestones.all():
        assert milestone.status == "planned"
        assert milestone.escrow.status == "awaiting"
        assert milestone.escrow.book == contract.public_id
    assert Notification.objects.get(kind="contract_accepted").recipient == ada


def test_the_posting_is_awarded_and_the_other_bids_are_declined(ada, ben, cleo):
    posting = open_posting(ada)
    chosen, other = submitted_bid(posting, ben), submitted_bid(posting, cleo)
    contract = award_bid(bid_id=chosen.pk, by=ada)

    accept_offer(contract_id=contract.pk, by=ben)

    assert Posting.objects.get(pk=posting.pk).status == "awarded"
    assert Bid.objects.get(pk=chosen.pk).status == "accepted"
    other.refresh_from_db()
    assert (other.status, other.declined_for) == ("declined", "other_chosen")
    assert Notification.objects.get(kind="bid_declined").recipient == cleo


def test_it_is_accepted_once(ada, ben):
    contract = active_contract(ada, ben)
    with pytest.raises(WrongState):
        accept_offer(contract_id=contract.pk, by=ben)
    assert Milestone.objects.count() == 1


@pytest.mark.parametrize("name", ["ada", "cleo", "dora"])
def test_only_the_freelancer_accepts(ada, ben, name, request):
    contract = offered_contract(ada, ben)
    for deed in (accept_offer, partial(decline_offer, reason="price")):
        with pytest.raises(NotAllowed):
            deed(contract_id=contract.pk, by=request.getfixturevalue(name))
    assert Contract.objects.get().status == "offered"


@pytest.mark.parametrize(
    ("deed", "who", "status", "reason", "words"),
    [
        (decline_offer, "ben", "declined", "timing", "The time does not fit."),
        (withdraw_offer, "ada", "withdrawn", "Too little time.", "Too little time."),
    ],
)
def test_an_ended_offer_changes_nothing_else(ada, ben, deed, who, status, reason, words, request):
    contract = offered_contract(ada, ben)
    by = request.getfixturevalue(who)

    contract = deed(contract_id=contract.pk, by=by, reason=reason)

    assert (contract.status, contract.reason_in_words) == (status, words)
    assert contract.closed_at is not None
    assert Bid.objects.get().status == "submitted"
    assert Posting.objects.get().status == "open"
    assert not Milestone.objects.exists()
    told = ada if by == ben else ben
    assert Notification.objects.get(kind=f"contract_{status}").recipient == told
    with pytest.raises(WrongState):
        deed(contract_id=contract.pk, by=by, reason=reason)
    assert award_bid(bid_id=contract.bid_id, by=ada).status == "offered", "it may be awarded again"


def test_only_the_client_withdraws(ada, ben):
    contract = offered_contract(ada, ben)
    with pytest.raises(NotAllowed):
        withdraw_offer(contract_id=contract.pk, by=ben)


def test_an_offer_on_a_suspended_posting_stands_still_and_says_so(ada, ben, mona):
    contract = offered_contract(ada, ben)
    suspend_posting(
        **GROUNDS,
        posting_id=contract.posting_id,
        reason="Under review.",
        by=mona,
    )

    with pytest.raises(WrongState, match="posting is suspended"):
        accept_offer(contract_id=contract.pk, by=ben)
    contract.refresh_from_db()
    assert "accept" not in open_steps(contract, "freelancer")
    assert "decline" in open_steps(contract, "freelancer")
    (strike,) = prospects_of(contract).strikes
    assert {stop.step for stop in strike.stopped_by} == {"decline", "withdraw"}

    restore_posting(posting_id=contract.posting_id, by=mona)
    assert accept_offer(contract_id=contract.pk, by=ben).status == "active"


def test_it_lapses_when_nobody_answers(ada, ben, later):
    contract = offered_contract(ada, ben)
    later(days=6, hours=23)
    assert lapse_offers() == {"done": 0, "failed": 0}

    later(hours=2)
    with pytest.raises(WrongState):
        accept_offer(contract_id=contract.pk, by=ben)
    assert lapse_offers() == {"done": 1, "failed": 0}
    assert lapse_offers() == {"done": 0, "failed": 0}

    contract.refresh_from_db()
    assert contract.status == "lapsed"
    lapse_offer(contract_id=contract.pk)
    assert Event.objects.get(kind="contract_lapsed").role == "system"
    told = Notification.objects.filter(kind="contract_lapsed")
    assert sorted(told.values_list("recipient", flat=True)) == sorted([ada.pk, ben.pk])


@pytest.mark.parametrize("meanwhile", ["put off", "accepted"])
def test_it_lapses_no_sooner_than_it_says_once_it_is_locked(ada, ben, later, meanwhile):
    """The sweep had found it, and only then something happened to it."""
    contract = offered_contract(ada, ben)
    if meanwhile == "accepted":
        accept_offer(contract_id=contract.pk, by=ben)
        later(days=8)

    found = lapse_offer(contract_id=contract.pk)

    assert found.status == ("active" if meanwhile == "accepted" else "offered")
    assert not Event.objects.filter(kind="contract_lapsed").exists()
    if meanwhile == "put off":
        assert accept_offer(contract_id=contract.pk, by=ben).status == "active"


@pytest.mark.django_db(transaction=True)
def test_eight_acceptances_at_once_are_one(ada, ben, bells):
    contract = offered_contract(ada, ben, [30_000, 50_000])

    outcomes = at_once(*[lambda: accept_offer(contract_id=contract.pk, by=ben)] * 8)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert Milestone.objects.count() == 2
    assert Event.objects.filter(kind="contract_accepted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_accepting_and_withdrawing_at_once_is_one_of_them(ada, ben, bells):
    for _ in range(3):
        contract = offered_contract(ada, ben)
        outcomes = at_once(
            *[lambda pk=contract.pk: accept_offer(contract_id=pk, by=ben)] * 4,
            *[lambda pk=contract.pk: withdraw_offer(contract_id=pk, by=ada)] * 4,
        )
        assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
        contract.refresh_from_db()
        assert contract.milestones.exists() == (contract.status == "active")


@pytest.mark.django_db(transaction=True)
def test_accepting_and_awarding_at_once_never_wait_in_a_circle(ada, ben, bells):
    """Both take the posting first: taken in turns, PostgreSQL would end one by a deadlock."""
    for number in range(4):
        posting = open_posting(ada)
        other = submitted_bid(posting, person(f"Eve {number}"))
        bid = submitted_bid(posting, ben)
        contract = award_bid(bid_id=bid.pk, by=ada)

        outcomes = at_once(
            lambda pk=contract.pk: accept_offer(contract_id=pk, by=ben),
            *[lambda pk=bid.pk: award_bid(bid_id=pk, by=ada)] * 3,
            *[lambda pk=other.pk: award_bid(bid_id=pk, by=ada)] * 3,
        )

        assert outcomes[0] == "done"
        assert set(outcomes[1:]) <= {"wrong_state", "no_award_left"}


@pytest.mark.django_db(transaction=True)
def test_without_row_locks_nobody_signs_again_what_is_signed(ada, ben, bells, monkeypatch):
    """The lower guard. Without locks all pass the judgement of the contract; the first one's
    UPDATE holds the others up, and then PostgreSQL finds the agreement signed by both.
    """
    contract = offered_contract(ada, ben)
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance")

    outcomes = outcomes_at_once(*[lambda: accept_offer(contract_id=contract.pk, by=ben)] * 8)

    stopped = [one for one in outcomes if stopped_by_the_database(one, "an agreement is final")]
    assert len(stopped) == 7, outcomes
    assert Milestone.objects.count() == 1


# --- The end of the work -------------------------------------------------------------------------


def test_a_contract_with_paid_work_is_completed(ada, ben):
    milestone = funded_milestone(ada, ben)
    release_milestone(milestone_id=milestone.pk, by=ada)

    contract = close_finished_contract(contract_id=milestone.contract_id)

    assert (contract.status, contract.closed_at is not None) == ("completed", True)
    again = close_finished_contract(contract_id=milestone.contract_id)
    assert again.closed_at == contract.closed_at
    assert Event.objects.filter(kind="contract_completed").count() == 1


def test_a_contract_without_paid_work_is_cancelled(ada, ben):
    contract = active_contract(ada, ben, [10_000, 20_000])
    first, second = contract.milestones.order_by("position")
    cancel_milestone(milestone_id=first.pk, by=ben)
    assert close_finished_contract(contract_id=contract.pk).status == "active"

    cancel_milestone(milestone_id=second.pk, by=ada, step="drop")
    assert close_finished_contract(contract_id=contract.pk).status == "cancelled"


# --- Doors ---------------------------------------------------------------------------------------


def test_the_api_accepts_and_shows_the_milestones(ada, ben):
    contract = offered_contract(ada, ben, [30_000, 50_000])
    api, url = api_of(ben), f"/api/v1/contracts/{contract.public_id}"

    assert api.get(f"{url}/").json()["next_steps"] == ["accept", "decline"]
    answer = api.post(f"{url}/accept/", SIGNED)

    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["price"], body["role"]) == ("active", 80_000, "freelancer")
    assert [m["amount"] for m in body["milestones"]] == [30_000, 50_000]
    assert api.post(f"{url}/accept/", SIGNED).status_code == 409
    assert api_of(ada).post(f"{url}/accept/", SIGNED).status_code == 403


def test_the_api_withdraws(ada, ben):
    contract = offered_contract(ada, ben)
    url = f"/api/v1/contracts/{contract.public_id}/withdraw/"
    assert api_of(ben).post(url).status_code == 403
    assert api_of(ada).post(url).json()["status"] == "withdrawn"


def test_the_agreement_is_downloaded_byte_for_byte(ada, ben, client):
    plan = plan_of(80_000)
    plan[0]["title"] = "Лампы & <script>"
    contract = offered_contract(ada, ben, plan=plan)
    agreement = contract.agreements.get()
    client.force_login(ben)

    answer = client.get(f"/contracts/{contract.public_id}/agreement.json")
    told = api_of(ben).get(f"/api/v1/contracts/{contract.public_id}/agreement/").json()

    assert hashlib.sha256(answer.content).hexdigest() == agreement.sha256
    assert "attachment" in answer["Content-Disposition"]
    assert told["sha256"] == agreement.sha256
    assert hashlib.sha256(told["canonical"].encode()).hexdigest() == agreement.sha256
    page = client.get(f"/contracts/{contract.public_id}/agreement/").content.decode()
    assert agreement.sha256 in page
    assert "Лампы &amp; &lt;script&gt;" in page and "<script>" not in page.split("<main")[1]


def test_the_page_shows_what_is_signed_and_takes_the_password(ada, ben, client):
    client.force_login(ben)
    contract = offered_contract(ada, ben)
    url = f"/contracts/{contract.public_id}/accept/"

    page = client.get(url).content.decode()
    assert "$970.00" in page and "current-password" in page
    assert Contract.objects.get().status == "offered", "looking signs nothing"
    answer = client.post(url, SIGNED)
    assert answer.url == f"/contracts/{contract.public_id}/"
    assert Contract.objects.get().status == "active"


@pytest.mark.parametrize(
    ("deed", "who", "other", "reason"),
    [("decline", "ben", "ada", "price"), ("withdraw", "ada", "ben", "")],
)
def test_the_page_ends_an_offer(ada, ben, cleo, client, deed, who, other, reason, request):
    contract = offered_contract(ada, ben)
    url = f"/contracts/{contract.public_id}/{deed}/"
    for user, status in ((cleo, 404), (request.getfixturevalue(other), 403)):
        client.force_login(user)
        assert client.get(url).status_code == client.post(url).status_code == status
    client.force_login(request.getfixturevalue(who))

    assert client.get(url).status_code == 200
    refused = client.post(url, {"reason": "x" * 301})
    assert refused.status_code == 400 and refused.context["form"].errors["reason"]
    assert Contract.objects.get().status == "offered"
    assert client.post(url, {"reason": reason}).status_code == 302
    assert client.get(url).status_code == client.post(url).status_code == 409
