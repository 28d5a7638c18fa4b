"""Open proposals, as the page of a dispute and its own calls of the API have them."""

import pytest

from projects.agreements.models import Proposal
from projects.agreements.proposals.services import (
    decline_proposal,
    propose_ending,
    withdraw_proposal,
)
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import decide_dispute
from projects.disputes.services import open_dispute
from tests.projects.test_roll_rest import propose as propose_rest
from tests.projects.test_roll_rest import two
from tests.test_growing_lists import grows_for_free
from tests.world import (
    api_of,
    browser,
    negotiated_dispute,
    opened_dispute,
    reviewed_dispute,
    submitted_milestone,
    why,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def dispute(ada, ben) -> Dispute:
    return negotiated_dispute(ada, ben)


def propose(dispute: Dispute, by, to_freelancer: int = 40_000) -> Proposal:
    return propose_ending(
        milestone_id=dispute.milestone_id, by=by, to_freelancer=to_freelancer, note="Half and half."
    )


def test_it_is_settled_on_the_page_of_the_dispute(dispute, ada, ben):
    form = f"/milestones/{dispute.milestone.public_id}/propose/"
    page = browser(ada).get(dispute.path).content.decode()
    assert f'href="{form}"' in page
    sent = browser(ada).post(form, {"to_freelancer": "400", "note": "Half and half."})
    assert sent.url == f"{dispute.path}#settling"
    proposal = Proposal.objects.get()

    mine, theirs = (browser(side).get(dispute.path).content.decode() for side in (ada, ben))
    assert f"/proposals/{proposal.public_id}/withdraw/" in mine
    assert "Propose a division" not in mine
    accept = f"/proposals/{proposal.public_id}/accept/"
    assert f'action="{accept}"' in theirs and "Half and half." in theirs
    assert "Ada proposes to settle it" in theirs and "proposes to settle it" not in mine
    assert 'hx-target="#contract"' not in theirs, "there is no such thing on this page"

    assert browser(ben).post(accept).url == f"{dispute.path}#settling"
    proposal.refresh_from_db()
    assert proposal.status == "accepted"
    closed = browser(ben).get(dispute.path)
    assert closed.context["dispute"].state == "closed"
    assert closed.context["outcome"].price == 40_000
    assert "Propose a division" not in closed.content.decode()


def test_without_a_dispute_an_answer_leads_back_to_the_contract(ada, ben):
    milestone = submitted_milestone(ada, ben)
    proposal = propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=1)
    done = browser(ben).post(f"/proposals/{proposal.public_id}/decline/")
    assert done.url == f"/contracts/{milestone.contract.public_id}/#{milestone.public_id}"


def test_a_rest_that_was_to_go_on_waits_for_the_end_of_the_dispute(ada, ben):
    first, second = two(ada, ben)
    proposal = propose_rest(first, second, ada)
    dispute = open_dispute(
        milestone_id=first.pk, by=ada, reason="late", statement="Late.", asked_for=0
    )
    page = browser(ben).get(dispute.path).content.decode()
    assert "It cannot be accepted as things are: " in page
    assert f"/proposals/{proposal.public_id}/accept/" not in page
    assert f"/proposals/{proposal.public_id}/decline/" in page


def test_what_was_proposed_before_stands_below(dispute, ada, ben):
    decline_proposal(proposal_id=propose(dispute, ada, 10_000).pk, by=ben)
    withdraw_proposal(proposal_id=propose(dispute, ben, 90_000).pk, by=ben)
    page = browser(ada).get(dispute.path)
    shown = page.content.decode()
    assert "$100.00</span> for Ben" in shown and "$900.00</span> for Ben" in shown
    assert [one.state for one in page.context["proposed_before"]] == ["withdrawn", "declined"]
    assert "Propose a division" in shown


def test_they_are_answered_by_the_two_sides_alone(ada, ben, dora):
    dispute = reviewed_dispute(ada, ben)
    propose(dispute, ada)
    # Whoever decides reads it, as all that silence counts as a word, and answers nothing.
    page = browser(dora).get(dispute.desk_path).content.decode()
    assert "Half and half." in page and "/accept/" not in page
    path = f"/api/v1/disputes/{dispute.public_id}/settlements/"
    for sent in (api_of(dora).get(path), api_of(dora).post(path, {"to_freelancer": 1})):
        assert sent.status_code == 404


@pytest.mark.parametrize("door", ["page", "call"])
def test_a_decision_closes_it_at_once_on_every_door(ada, ben, dora, door):
    dispute = reviewed_dispute(ada, ben)
    old = propose(dispute, ada)
    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=0, **why())
    if door == "page":
        page = browser(ben).get(dispute.path)
        assert f"/proposals/{old.public_id}/accept/" not in page.content.decode()
        assert [one.state for one in page.context["proposed_before"]] == ["lapsed"]
        assert browser(ben).post(f"/proposals/{old.public_id}/accept/").status_code == 409
        form = f"/milestones/{dispute.milestone.public_id}/propose/"
        sent = browser(ben).post(form, {"to_freelancer": "1", "note": ""})
        assert sent.url == f"{dispute.path}#settling"
    else:
        path = f"/api/v1/disputes/{dispute.public_id}/settlements/"
        (shown,) = api_of(ben).get(path).json()["results"]
        assert (shown["status"], shown["next_steps"]) == ("lapsed", [])
        assert api_of(ben).post(f"/api/v1/proposals/{old.public_id}/accept/").status_code == 409
        assert api_of(ben).post(path, {"to_freelancer": 1}).status_code == 201
    old.refresh_from_db()
    assert old.status == "lapsed"


def test_programs_settle_it_by_its_own_calls(dispute, ada, ben, cleo):
    path = f"/api/v1/disputes/{dispute.public_id}/settlements/"
    made = api_of(ada).post(path, {"to_freelancer": 40_000})
    assert made.status_code == 201, made.json()
    (shown,) = api_of(ben).get(path).json()["results"]
    assert shown["id"] == made.json()["id"]
    assert shown["to_freelancer"] == 40_000
    assert shown["next_steps"] == ["accept", "decline", "counter"]
    assert api_of(cleo).get(path).status_code == 404

    assert api_of(ada).post(path, {"to_freelancer": 1}).status_code == 409
    other = api_of(ben).post(path, {"to_freelancer": 60_000})
    assert other.status_code == 201
    late = api_of(ben).post(f"/api/v1/proposals/{shown['id']}/accept/")
    assert late.status_code == 409
    statuses = [one["status"] for one in api_of(ada).get(path).json()["results"]]
    assert statuses == ["proposed", "countered"]
    taken = api_of(ada).post(f"/api/v1/proposals/{other.json()['id']}/accept/")
    assert taken.status_code == 200
    assert api_of(ben).get(path).json()["results"][0]["status"] == "accepted"
    assert api_of(ada).get(f"/api/v1/disputes/{dispute.public_id}/").json()["status"] == "closed"


@pytest.mark.parametrize(
    ("part", "status"), [(-1, 400), (100_001, 400), ("half", 400), (2**63, 400)]
)
def test_more_or_less_than_there_is_is_refused_by_its_field(dispute, ada, part, status):
    path = f"/api/v1/disputes/{dispute.public_id}/settlements/"
    sent = api_of(ada).post(path, {"to_freelancer": part})
    assert sent.status_code == status
    assert sent.json()["error"]["param"] == "to_freelancer"
    assert not Proposal.objects.exists()


def test_the_same_key_proposes_once(dispute, ada):
    path = f"/api/v1/disputes/{dispute.public_id}/settlements/"
    for _ in "12":
        sent = api_of(ada).post(path, {"to_freelancer": 1}, headers={"Idempotency-Key": "a"})
        assert sent.status_code == 201
    assert Proposal.objects.count() == 1


def test_those_from_before_the_dispute_are_of_it_as_long_as_they_stand(ada, ben):
    milestone = submitted_milestone(ada, ben)
    old = propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=1)
    withdraw_proposal(proposal_id=old.pk, by=ada)
    standing = propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=2)
    dispute = open_dispute(
        milestone_id=milestone.pk, by=ben, reason="other", statement="Well.", asked_for=0
    )
    rows = api_of(ada).get(f"/api/v1/disputes/{dispute.public_id}/settlements/").json()["results"]
    assert [one["id"] for one in rows] == [standing.public_id]


@pytest.mark.parametrize("how", ["page", "call"])
def test_more_of_them_cost_no_more_queries(ada, ben, how):
    dispute = opened_dispute(ada, ben)

    def grow() -> None:
        decline_proposal(proposal_id=propose(dispute, ada, 10_000).pk, by=ben)

    call = f"/api/v1/disputes/{dispute.public_id}/settlements/"
    doors = {"page": (browser(ada), dispute.path), "call": (api_of(ada), call)}
    client, path = doors[how]
    grows_for_free(lambda: client.get(path), grow)
