"""The API of contracts: who reads what, and lists by cursor."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.agreements.services import decline_offer
from tests.world import (
    active_contract,
    api_of,
    fund,
    offered_contract,
    submitted_milestone,
)

pytestmark = pytest.mark.django_db

READS = ["", "agreement/", "timeline/", "next/", "milestones/"]


def test_strangers_find_nothing_and_nobody_is_let_in(ada, ben, cleo, dora):
    milestone = submitted_milestone(ada, ben)
    contract = milestone.contract
    paths = [f"/api/v1/contracts/{contract.public_id}/{name}" for name in READS] + [
        f"/api/v1/milestones/{milestone.public_id}/",
        f"/api/v1/milestones/{milestone.public_id}/submissions/",
    ]
    deeds = [
        f"/api/v1/contracts/{contract.public_id}/{name}/"
        for name in ("accept", "decline", "withdraw")
    ] + [
        f"/api/v1/milestones/{milestone.public_id}/{name}/"
        for name in ("fund", "start", "submissions", "return", "release", "cancel")
    ]
    for user in (cleo, dora):
        program = api_of(user)
        assert {program.get(path).status_code for path in paths} == {404}
        assert {program.post(path, {}).status_code for path in deeds} == {404}
    nobody = api_of()
    assert {nobody.get(path).status_code for path in paths} == {401}
    assert {nobody.post(path, {}).status_code for path in deeds} == {401}
    for user in (ada, ben):
        assert {api_of(user).get(path).status_code for path in paths} == {200}


def test_a_contract_is_told_from_each_side(ada, ben):
    contract = active_contract(ada, ben, [100_001, 50_000])
    fund(contract.milestones.get(position=1))
    url = f"/api/v1/contracts/{contract.public_id}/"

    mine, theirs = api_of(ada).get(url).json(), api_of(ben).get(url).json()

    assert (mine["role"], theirs["role"]) == ("client", "freelancer")
    assert mine["price"] == theirs["price"] == 150_001
    assert mine["money"]["held"] == 103_001
    assert mine["money"]["client_pays"] == 154_501
    assert [m["next_steps"] for m in mine["milestones"]] == [
        ["release", "release_part", "propose_ending", "dispute"],
        ["fund", "drop", "propose_ending"],
    ]
    assert [m["next_steps"] for m in theirs["milestones"]] == [
        ["start", "submit", "cancel", "propose_ending", "dispute"],
        ["cancel", "propose_ending"],
    ]
    assert mine["milestones"][0]["clocks"]["late_from"] is not None
    assert mine["milestones"][1]["clocks"]["late_from"] is None


def test_the_list_is_filtered_and_cut(ada, ben, cleo):
    for _ in range(3):
        offered_contract(ada, ben)
    declined = offered_contract(ben, ada)
    decline_offer(contract_id=declined.pk, reason="timing", by=ada)
    api = api_of(ada)

    def ids(query: str = "") -> list[str]:
        return [row["id"] for row in api.get(f"/api/v1/contracts/?{query}").json()["results"]]

    assert len(ids()) == 4
    assert ids("side=freelancer") == ids("status=declined") == [declined.public_id]
    assert ids("side=client&status=declined") == []
    first = api.get("/api/v1/contracts/?side=client&limit=2").json()
    rest = api.get(first["next"].removeprefix("http://testserver")).json()
    assert [len(first["results"]), len(rest["results"]), rest["next"]] == [2, 1, None]
    assert api_of(cleo).get("/api/v1/contracts/").json()["results"] == []


@pytest.mark.parametrize(
    ("query", "param"), [("side=both", "side"), ("status=x", "status"), ("status=%00", None)]
)
def test_a_filter_that_is_none_is_refused(ada, query, param):
    answer = api_of(ada).get(f"/api/v1/contracts/?{query}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_cursor_that_is_none_is_refused(ada):
    assert api_of(ada).get("/api/v1/contracts/?cursor=x").status_code == 404


def test_the_timeline_reads_as_sentences_by_cursor(ada, ben):
    contract = submitted_milestone(ada, ben).contract
    url = f"/api/v1/contracts/{contract.public_id}/timeline/?limit=2"
    texts = []
    while url:
        answer = api_of(ada).get(url).json()
        texts += [event["text"] for event in answer["results"]]
        url = (answer["next"] or "").removeprefix("http://testserver")
    assert texts == [
        "Made the offer and signed it",
        "Accepted: the agreement is signed by both",
        "Funds are held for “Part 1”",
        "Submitted “Part 1”",
    ]


@pytest.mark.parametrize("body", ["[]", '"x"', "{", "null", "1", '{"reason": "\\u0000"}'])
def test_bodies_that_are_none_are_refused_and_nothing_moves(ada, ben, body):
    milestone = submitted_milestone(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}/"
    for deed in ("return", "cancel"):
        answer = api_of(ada).generic("POST", f"{url}{deed}/", body, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json()["error"]["code"]
    milestone.refresh_from_db()
    assert milestone.status == "submitted"


def questions(api, path: str) -> int:
    api.get(path)
    with CaptureQueriesContext(connection) as asked:
        assert api.get(path).status_code == 200
    return len(asked)


def test_questions_do_not_grow_with_the_milestones_or_the_rows(ada, ben):
    few = active_contract(ada, ben, [10_000] * 2)
    many = active_contract(ada, ben, [10_000] * 20)
    for contract in (few, many):
        for milestone in contract.milestones.all():
            fund(milestone)
    api = api_of(ada)
    for name in ("", "next/", "milestones/"):
        asked = [questions(api, f"/api/v1/contracts/{c.public_id}/{name}") for c in (few, many)]
        assert asked[0] == asked[1] <= 19, name

    before = questions(api, "/api/v1/contracts/")
    for _ in range(8):
        offered_contract(ada, ben)
    assert questions(api, "/api/v1/contracts/") == before <= 8
