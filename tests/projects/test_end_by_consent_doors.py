"""Ending a milestone by consent, as people and programs meet it: notices, pages, the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.notifications.models import Notification
from accounts.people.models import User
from projects.agreements.models import Proposal
from projects.agreements.outlook import prospects_of
from projects.agreements.proposals.services import (
    accept_proposal,
    decline_proposal,
    propose_ending,
    withdraw_proposal,
)
from projects.agreements.selectors import proposals_of
from projects.agreements.turns import turn_of
from projects.contracts.sentences import sentence_of
from projects.milestones.models import Milestone
from tests.world import (
    api_of,
    browser,
    funded_milestone,
    opened_dispute,
    planned_milestone,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db


def propose(milestone: Milestone, by: User, to_freelancer: int = 40_000, **more) -> Proposal:
    return propose_ending(milestone_id=milestone.pk, by=by, to_freelancer=to_freelancer, **more)


def page_of(user: User, milestone: Milestone) -> str:
    answer = browser(user).get(f"/contracts/{milestone.contract.public_id}/")
    assert answer.status_code == 200
    return answer.content.decode().split("<main")[1]


# --- What people are told ------------------------------------------------------------------------


def test_both_read_the_cents_of_both(ada, ben):
    milestone = funded_milestone(ada, ben)
    accept_proposal(proposal_id=propose(milestone, ada).pk, by=ben)

    asked = Notification.objects.get(kind="ending_proposed")
    told = Notification.objects.get(kind="ending_accepted")
    assert (asked.recipient, told.recipient) == (ben, ada)
    assert "You get $388.00; Ada gets $618.00 back." in asked.text
    assert "You get $618.00 back; Ben gets $388.00." in told.text
    events = [
        (event.role, sentence_of(event).text)
        for event in milestone.contract.events.filter(kind__startswith="ending").order_by("pk")
    ]
    assert events == [
        ("client", "Proposed to end “Part 1”: $400.00 of $1,000.00 to the freelancer"),
        (
            "freelancer",
            "Accepted: “Part 1” ended by consent: $400.00 of $1,000.00 to the freelancer",
        ),
    ]


@pytest.mark.parametrize(("deed", "by"), [("decline", "ben"), ("withdraw", "ada")])
def test_a_no_is_told_to_the_other_side(ada, ben, deed, by, request):
    proposal = propose(funded_milestone(ada, ben), ada)
    act = decline_proposal if deed == "decline" else withdraw_proposal
    act(proposal_id=proposal.pk, by=request.getfixturevalue(by))
    notice = Notification.objects.get(kind__in=["ending_declined", "ending_withdrawn"])
    assert notice.recipient == (ada if by == "ben" else ben)
    assert "Nothing has changed" in notice.text


def test_it_is_the_next_step_of_who_must_answer_and_has_a_clock(ada, ben, later):
    milestone = submitted_milestone(ada, ben)
    proposal = propose(milestone, ben)

    prospects = prospects_of(milestone.contract)
    mine, theirs = (turn_of(prospects, role) for role in ("client", "freelancer"))
    assert (mine.step, mine.waits, mine.at) == ("cancel_agreed", False, proposal.answer_due_at)
    assert "You would get $618.00, and Ben $388.00." in mine.text
    assert theirs.step != "cancel_agreed"
    (strike,) = [s for s in prospects.milestones[0].outlook.strikes if "proposal" in s.kind]
    assert strike.at == proposal.answer_due_at
    assert strike.text.startswith("The proposal of Ben to end it lapses.")
    assert strike.stops == "Ada can accept or decline it before, or propose something else."
    assert "propose_ending" not in prospects.milestones[0].open_to("freelancer")
    assert "propose_ending" in prospects.milestones[0].open_to("client"), "as the answer"

    later(days=3.1)
    prospects = prospects_of(milestone.contract)
    assert turn_of(prospects, "client").step == "release"
    assert "propose_ending" in prospects.milestones[0].open_to("client")


def test_strangers_and_staff_see_none(ada, ben, cleo, dora):
    propose(funded_milestone(ada, ben), ada)
    assert [proposals_of(user).count() for user in (ada, ben, cleo, dora)] == [1, 1, 0, 0]


# --- Pages ---------------------------------------------------------------------------------------


def test_the_page_shows_the_division_and_proposes(ada, ben):
    milestone = funded_milestone(ada, ben)
    url, visitor = f"/milestones/{milestone.public_id}/propose/", browser(ada)

    first = visitor.get(url).content.decode()
    assert "$1,030.00" in first, "at first everything goes back"
    shown = visitor.post(url, {"preview": "1", "to_freelancer": "400", "note": "Kept."})
    drawn = shown.content.decode()
    assert shown.status_code == 200 and "<html" in drawn, "it works without a script"
    assert "Ben gets: $388.00. Ada gets back: $618.00." in drawn
    assert 'value="400"' in drawn and "Kept." in drawn, "nothing typed is lost"
    part = visitor.post(url, {"preview": "1", "to_freelancer": "400"}, headers={"HX-Request": "1"})
    assert part.content.decode().count('id="ending"') == 1
    assert not Proposal.objects.exists(), "a preview proposes nothing"

    sent = visitor.post(url, {"to_freelancer": "400", "note": "Let us part."})

    assert sent["Location"].endswith(f"#{milestone.public_id}")
    proposal = Proposal.objects.get()
    assert (proposal.to_freelancer, proposal.note) == (40_000, "Let us part.")
    assert visitor.get(url).status_code == visitor.post(url).status_code == 409, "one at a time"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("to_freelancer", "", "required"),
        ("to_freelancer", "-1", "at least 0"),
        ("to_freelancer", "1000", "approve the work instead"),
        ("to_freelancer", "1000.01", "not more"),
        ("to_freelancer", "0.001", "2 digits"),
        ("to_freelancer", "9" * 19, "larger"),
        ("to_freelancer", "NaN", "as a number"),
        ("to_freelancer", "<script>", "as a number"),
        ("to_freelancer", "4\x00", "Null characters"),
        ("note", "x" * 2_001, "at most 2000"),
        ("note", "a\x00b", "Null characters"),
        ("note", "a\u202eb", "cannot be read"),
    ],
)
@pytest.mark.parametrize("preview", [{}, {"preview": "1"}])
def test_what_the_form_cannot_use_is_said_beside_the_field(ada, ben, field, value, words, preview):
    milestone = funded_milestone(ada, ben)
    body = {"to_freelancer": "1", "note": ""} | {field: value} | preview

    answer = browser(ada).post(f"/milestones/{milestone.public_id}/propose/", body)

    assert answer.status_code == (200 if preview else 400)
    if not preview:
        assert words in answer.content.decode()
    assert not Proposal.objects.exists()


def test_where_nothing_is_held_there_is_nothing_to_divide(ada, ben):
    milestone = planned_milestone(ada, ben)
    url = f"/milestones/{milestone.public_id}/propose/"
    page = browser(ben).get(url).content.decode()
    assert "no money moves" in page and 'name="to_freelancer"' not in page
    assert url not in page_of(ben, milestone), "each side can end it alone"

    browser(ben).post(url, {"to_freelancer": "5", "note": ""})

    assert Proposal.objects.get().to_freelancer == 0
    assert "no money moves" in page_of(ada, milestone)


def test_the_card_shows_it_to_both_and_each_its_buttons(ada, ben):
    milestone = submitted_milestone(ada, ben)
    proposal = propose(milestone, ben, note="<script>alert(1)</script>")
    door = f"/proposals/{proposal.public_id}"

    mine, theirs = page_of(ben, milestone), page_of(ada, milestone)

    assert "You propose to end it" in mine and "Ben proposes to end it" in theirs
    for page in (mine, theirs):
        assert f'id="{proposal.public_id}"' in page
        assert "Ben gets: $388.00. Ada gets back: $618.00." in page
        assert (
            "If nobody acts by" in page and "It is approved by itself" in page.split("part-foot")[1]
        )
        assert "<script>alert" not in page and "&lt;script&gt;" in page
    answers = f"/milestones/{milestone.public_id}/propose/"
    assert answers not in mine and theirs.count(answers) == 1
    assert f"{door}/withdraw/" in mine and f"{door}/accept/" not in mine
    assert f"{door}/accept/" in theirs and f"{door}/decline/" in theirs
    assert f"{door}/withdraw/" not in theirs
    assert "Answer the proposal to end" in theirs and f"#{proposal.public_id}" in theirs
    assert "Answer the proposal" in browser(ada).get("/contracts/").content.decode()


@pytest.mark.parametrize(
    ("deed", "by"), [("accept", "ben"), ("decline", "ben"), ("withdraw", "ada")]
)
@pytest.mark.parametrize("htmx", [False, True])
def test_the_buttons_work(ada, ben, deed, by, htmx, request):
    milestone = funded_milestone(ada, ben)
    proposal = propose(milestone, ada)
    url = f"/proposals/{proposal.public_id}/{deed}/"
    visitor = browser(request.getfixturevalue(by))

    answer = visitor.post(url, headers={"HX-Request": "true"} if htmx else {})

    assert answer.status_code == (200 if htmx else 302)
    if htmx:
        assert answer.content.decode().count('id="contract"') == 1
    assert (
        Proposal.objects.get().status
        == {
            "accept": "accepted",
            "decline": "declined",
            "withdraw": "withdrawn",
        }[deed]
    )
    milestone.refresh_from_db()
    assert milestone.status == ("split" if deed == "accept" else "planned")
    assert visitor.post(url).status_code == 409
    assert visitor.get(url).status_code == (409 if deed == "accept" else 405)


def test_the_pages_of_others_are_not_there(ada, ben, cleo, dora):
    milestone = funded_milestone(ada, ben)
    proposal = propose(funded_milestone(ada, ben), ada)
    for user in (cleo, dora):
        visitor = browser(user)
        assert visitor.get(f"/milestones/{milestone.public_id}/propose/").status_code == 404
        for deed in ("accept", "decline", "withdraw"):
            assert visitor.post(f"/proposals/{proposal.public_id}/{deed}/").status_code == 404
    assert browser(ada).post(f"/proposals/{proposal.public_id}/accept/").status_code == 403
    assert browser(ben).post(f"/proposals/{proposal.public_id}/withdraw/").status_code == 403


# --- The API -------------------------------------------------------------------------------------


def test_programs_propose_and_answer(ada, ben):
    milestone = submitted_milestone(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}/"
    given = {"to_freelancer": 40_000, "note": "Let us part."}

    sent = api_of(ben).post(f"{url}proposals/", given, headers={"Idempotency-Key": "a"})
    again = api_of(ben).post(f"{url}proposals/", given, headers={"Idempotency-Key": "a"})

    shown = sent.json()
    assert (sent.status_code, again.json()) == (201, shown)
    assert (shown["status"], shown["proposed_by"]) == ("proposed", "freelancer")
    shares = {
        "freelancer_gets": 38_800,
        "freelancer_fee": 1_200,
        "client_fee": 1_200,
        "client_gets_back": 61_800,
    }
    assert (shown["shares"], shown["next_steps"]) == (shares, ["withdraw"])
    seen = api_of(ada).get(url).json()
    assert seen["proposal"] == shown["id"] and "propose_ending" in seen["next_steps"]
    assert "propose_ending" not in api_of(ben).get(url).json()["next_steps"]
    place = f"/api/v1/proposals/{shown['id']}/"
    assert api_of(ada).get(place).json()["next_steps"] == ["accept", "decline", "counter"]
    turn = api_of(ada).get(f"/api/v1/contracts/{seen['contract']}/next/").json()["your_turn"]
    assert (turn["step"], turn["milestone"]) == ("cancel_agreed", seen["id"])

    program, key = api_of(ada), {"Idempotency-Key": "b"}
    accepted = program.post(f"{place}accept/", headers=key)
    assert accepted.json()["status"] == "accepted" and accepted.json()["shares"] == shares
    assert program.post(f"{place}accept/", headers=key).json() == accepted.json()
    assert program.post(f"{place}accept/").status_code == 409
    ended = program.get(url).json()
    assert (ended["status"], ended["escrow_status"], ended["proposal"]) == ("split", "split", None)
    assert (ended["money"]["received"], ended["money"]["refunded"]) == (38_800, 61_800)


@pytest.mark.parametrize(("deed", "by"), [("decline", "ada"), ("withdraw", "ben")])
def test_programs_say_no(ada, ben, deed, by, request):
    proposal = propose(opened_dispute(ada, ben).milestone, ben)
    place = f"/api/v1/proposals/{proposal.public_id}/{deed}/"
    shown = api_of(request.getfixturevalue(by)).post(place).json()
    assert shown["status"] == {"decline": "declined", "withdraw": "withdrawn"}[deed]
    assert (shown["shares"], shown["next_steps"]) == (None, [])
    assert api_of(request.getfixturevalue(by)).post(place).status_code == 409


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "to_freelancer"),
        ({"to_freelancer": -1}, "to_freelancer"),
        ({"to_freelancer": 100_000}, "to_freelancer"),
        ({"to_freelancer": 100_001}, "to_freelancer"),
        ({"to_freelancer": 10**30}, "to_freelancer"),
        ({"to_freelancer": 0.5}, "to_freelancer"),
        ({"to_freelancer": "x"}, "to_freelancer"),
        ({"to_freelancer": None}, "to_freelancer"),
        ({"to_freelancer": [1]}, "to_freelancer"),
        ({"to_freelancer": 1, "note": "x" * 2_001}, "note"),
        ({"to_freelancer": 1, "note": "a\x00b"}, "note"),
        ({"to_freelancer": 1, "note": {"a": 1}}, "note"),
        ({"to_freelancer": 1, "note": None}, "note"),
        ([], None),
        ("x", None),
    ],
)
def test_what_programs_may_not_say_is_refused(ada, ben, body, param):
    milestone = funded_milestone(ada, ben)
    answer = api_of(ada).post(f"/api/v1/milestones/{milestone.public_id}/proposals/", body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not Proposal.objects.exists()


def test_programs_of_others_find_nothing(ada, ben, cleo, dora):
    milestone = funded_milestone(ada, ben)
    proposal = propose(milestone, ada)
    listed = f"/api/v1/milestones/{milestone.public_id}/proposals/"
    place = f"/api/v1/proposals/{proposal.public_id}/"
    for user in (cleo, dora):
        program = api_of(user)
        assert program.get(listed).status_code == program.get(place).status_code == 404
        assert program.post(listed, {"to_freelancer": 1}).status_code == 404
        for deed in ("accept", "decline", "withdraw"):
            assert program.post(f"{place}{deed}/").status_code == 404
    assert api_of(ada).post(f"{place}accept/").status_code == 403
    assert api_of(ben).post(f"{place}withdraw/").status_code == 403
    assert api_of().get(place).status_code == 401


def test_the_list_is_cut_and_costs_the_same_for_many(ada, ben):
    milestone = funded_milestone(ada, ben)
    url, program = f"/api/v1/milestones/{milestone.public_id}/proposals/", api_of(ben)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            program.get(url)
        return len(queries)

    withdraw_proposal(proposal_id=propose(milestone, ada, 1).pk, by=ada)
    asked()
    few = asked()
    for part in range(2, 9):
        decline_proposal(proposal_id=propose(milestone, ada, part).pk, by=ben)
    assert asked() == few

    first = program.get(f"{url}?limit=5").json()
    rest = program.get(first["next"].removeprefix("http://testserver")).json()
    found = [row["to_freelancer"] for row in first["results"] + rest["results"]]
    assert found == [8, 7, 6, 5, 4, 3, 2, 1] and rest["next"] is None
