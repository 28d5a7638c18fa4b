"""Disputes over the API: both sides, and the desk."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from payments.refunds.models import Refund
from projects.disputes.models import Dispute, Statement
from projects.disputes.services import open_dispute
from projects.milestones.services import release_milestone, submit_work
from tests.world import (
    api_of,
    funded_milestone,
    opened_dispute,
    person,
    reviewed_dispute,
    ruled,
    submitted_milestone,
    why,
)

pytestmark = pytest.mark.django_db

BODY = {"reason": "late", "statement": "Two weeks late.", "asked_for": 30_000}


def test_the_whole_way(ada, ben, dora):
    milestone = submitted_milestone(ada, ben)

    opened = api_of(ada).post(f"/api/v1/milestones/{milestone.public_id}/disputes/", BODY)
    assert opened.status_code == 201, opened.data
    dispute = opened.json()
    assert dispute["milestone"] == milestone.public_id
    assert (dispute["status"], dispute["opened_by"]) == ("opened", "client")
    assert (dispute["amount"], dispute["currency"], dispute["asked_for"]) == (
        100_000,
        "USD",
        30_000,
    )
    assert dispute["next_steps"] == ["state", "seal"]
    assert dispute["outcome"] is None
    path = f"/api/v1/disputes/{dispute['id']}/"
    assert api_of(ben).get(path).json()["next_steps"] == ["answer", "seal"]
    desk = f"/api/v1/desk/disputes/{dispute['id']}/"
    assert api_of(dora).get(desk).json()["next_steps"] == ["assign"]

    answered = api_of(ben).post(f"{path}answer/", {"statement": "It was the weather."})
    assert (answered.status_code, answered.json()["status"]) == (200, "negotiating")
    for side in (ada, ben):
        assert api_of(side).post(f"{path}mediation/").status_code == 200
    added = api_of(ada).post(f"{path}statements/", {"statement": "It was sunny."})
    assert added.status_code == 201
    assert [said["by"] for said in added.json()["statements"]] == ["client", "freelancer", "client"]

    queue = api_of(dora).get("/api/v1/desk/disputes/").json()["results"]
    assert [(case["id"], case["next_steps"]) for case in queue] == [
        (dispute["id"], ["assign", "decide"])
    ]
    shares = api_of(dora).post(f"{desk}preview/", {"to_freelancer": 40_000}).json()
    assert shares == {
        "freelancer_gets": 38_800,
        "freelancer_fee": 1_200,
        "client_fee": 1_200,
        "client_gets_back": 61_800,
    }
    ruling = {"to_freelancer": 40_000, **why("Late, but usable.")}
    decided = api_of(dora).post(f"{desk}rulings/", ruling)
    assert (decided.status_code, decided.json()["status"]) == (200, "decided")
    seen = api_of(ben).get(path).json()
    assert {name: seen["rulings"][0][name] for name in ruling} == ruling
    assert (seen["outcome"], seen["next_steps"]) == (None, ["seal", "accept", "appeal"])
    for side in (ada, ben):
        assert api_of(side).post(f"{path}acceptance/").status_code == 200
    seen = api_of(ben).get(path).json()
    assert (seen["status"], seen["outcome"], seen["next_steps"]) == ("closed", shares, [])
    assert api_of(dora).get("/api/v1/desk/disputes/").json()["results"] == []
    assert len(api_of(dora).get("/api/v1/desk/disputes/?state=all").json()["results"]) == 1


def test_the_same_key_decides_once_and_answers_alike(ada, ben, dora):
    dispute, program = reviewed_dispute(ada, ben), api_of(dora)
    path = f"/api/v1/desk/disputes/{dispute.public_id}/rulings/"
    body = {"to_freelancer": 1, **why("Hardly anything.")}

    first, again = (program.post(path, body, headers={"Idempotency-Key": "k1"}) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    other = program.post(path, body | {"to_freelancer": 2}, headers={"Idempotency-Key": "k1"})
    assert other.status_code == 409


def test_what_has_ended_is_seen_so_at_once(ada, ben):
    dispute = opened_dispute(ada, ben)
    release_milestone(milestone_id=dispute.milestone_id, by=ada)

    seen = api_of(ben).get(f"/api/v1/disputes/{dispute.public_id}/").json()
    assert (seen["status"], seen["next_steps"]) == ("closed", [])


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("reason", "revenge"),
        ("reason", ["late"]),
        ("reason", None),
        ("statement", ""),
        ("statement", "   "),
        ("statement", "x" * 10_001),
        ("statement", "a\x00b"),
        ("statement", {"a": 1}),
        ("asked_for", -1),
        ("asked_for", 100_001),
        ("asked_for", 10**40),
        ("asked_for", 0.5),
        ("asked_for", "many"),
        ("asked_for", True),
        ("asked_for", None),
    ],
)
def test_hostile_input_is_refused_with_its_field(ada, ben, param, value):
    milestone = submitted_milestone(ada, ben)

    answer = api_of(ada).post(
        f"/api/v1/milestones/{milestone.public_id}/disputes/", BODY | {param: value}
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert not Dispute.objects.exists()


@pytest.mark.parametrize("body", [None, [], "text", 5, {"statement": "alone"}])
def test_bodies_of_no_use_are_refused(ada, ben, body):
    milestone = submitted_milestone(ada, ben)

    answer = api_of(ada).post(f"/api/v1/milestones/{milestone.public_id}/disputes/", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("to_freelancer", 100_001),
        ("to_freelancer", -5),
        ("to_freelancer", 1.5),
        ("to_freelancer", None),
        ("facts", ""),
        ("rule", "two\nlines"),
        ("rule", "x" * 301),
        ("reasons", ""),
        ("reasons", "a\x00"),
        ("reasons", "x" * 10_001),
    ],
)
def test_a_hostile_ruling_is_refused_with_its_field(ada, ben, dora, param, value):
    dispute = reviewed_dispute(ada, ben)
    body = {"to_freelancer": 5, **why("Because.")} | {param: value}

    answer = api_of(dora).post(f"/api/v1/desk/disputes/{dispute.public_id}/rulings/", body)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    if param == "to_freelancer":
        preview = api_of(dora).post(f"/api/v1/desk/disputes/{dispute.public_id}/preview/", body)
        assert (preview.status_code, preview.json()["error"]["param"]) == (400, param)


def test_wrong_people_and_wrong_times_have_their_own_codes(ada, ben, cleo, dora):
    dispute = opened_dispute(ada, ben)
    path = f"/api/v1/disputes/{dispute.public_id}/"
    desk = f"/api/v1/desk/disputes/{dispute.public_id}/"
    ruling = {"to_freelancer": 5, **why("Because.")}

    def post(by, where, body):
        return api_of(by).post(where, body).status_code

    assert post(ada, f"{path}answer/", {"statement": "Mine."}) == 403
    assert post(ben, f"{path}statements/", {"statement": "Mine."}) == 409
    assert post(dora, f"{desk}rulings/", ruling) == 409
    for stranger in (cleo, ada, ben):
        assert post(stranger, f"{desk}rulings/", ruling) == 404
        assert api_of(stranger).get("/api/v1/desk/disputes/").status_code == 404
    assert post(cleo, f"{path}answer/", {"statement": "Mine."}) == 404
    assert Statement.objects.count() == 1


def test_a_mediator_reads_the_evidence_over_the_api(ada, ben, dora):
    milestone = funded_milestone(ada, ben)
    upload = SimpleUploadedFile("work.zip", b"all of it")
    submit_work(milestone_id=milestone.pk, by=ben, note="Done.", files=[upload])
    words = {"reason": "late", "statement": "Late.", "asked_for": 0}
    dispute = open_dispute(milestone_id=milestone.pk, by=ada, **words)
    desk = f"/api/v1/desk/disputes/{dispute.public_id}/"

    (delivery,) = api_of(dora).get(f"{desk}submissions/").json()["results"]
    assert (delivery["version"], delivery["note"]) == (1, "Done.")
    path = delivery["files"][0]["url"].removeprefix("http://127.0.0.1:8000")
    assert path.startswith(desk)
    assert b"".join(api_of(dora).get(path).streaming_content) == b"all of it"
    agreement = api_of(dora).get(f"{desk}agreement/").json()
    assert agreement["terms"]["contract"] == milestone.contract.public_id
    events = api_of(dora).get(f"{desk}timeline/").json()["results"]
    assert [event["kind"] for event in events][-2:] == ["work_submitted", "dispute_opened"]

    for where in (f"{desk}submissions/", f"{desk}agreement/", f"{desk}timeline/", path):
        assert api_of(ada).get(where).status_code == 404


def test_finance_finds_what_failed_over_the_api(ada, ben, dora, bells):
    dispute = reviewed_dispute(ada, ben)
    ruled(dispute, dora, 0, "Nothing came.")
    Refund.objects.update(status="failed", failure_code="lost_or_stolen_card", next_check_at=None)

    (failed,) = api_of(dora).get("/api/v1/desk/refunds/").json()["results"]

    assert (failed["payer"], failed["amount"], failed["failure_code"]) == (
        "Ada",
        103_000,
        "lost_or_stolen_card",
    )
    retried = api_of(dora).post(f"/api/v1/desk/refunds/{failed['id']}/retry/")
    assert retried.json() == {"id": failed["id"], "status": "requested"}
    assert api_of(dora).get("/api/v1/desk/refunds/").json()["results"] == []
    assert api_of(dora).get("/api/v1/desk/payouts/").json()["results"] == []
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={"mediator"}, by=SYSTEM)
    for nobody_of_finance in (ada, emil):
        assert api_of(nobody_of_finance).get("/api/v1/desk/payouts/").status_code == 404


def test_support_reads_and_does_not_decide(ada, ben):
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={"support"}, by=SYSTEM)
    desk = f"/api/v1/desk/disputes/{reviewed_dispute(ada, ben).public_id}/"

    assert api_of(emil).get(desk).json()["next_steps"] == []
    ruling = {"to_freelancer": 5, **why("Because.")}
    assert api_of(emil).post(f"{desk}rulings/", ruling).status_code == 403


@pytest.mark.parametrize(
    ("who", "path"), [("ada", "disputes/"), ("dora", "desk/disputes/?state=all")]
)
def test_a_longer_list_costs_no_more_queries(ada, ben, dora, who, path, request):
    program = api_of(request.getfixturevalue(who))
    opened_dispute(ada, ben)

    def cost() -> tuple[int, int]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = program.get(f"/api/v1/{path}")
        return len(answer.json()["results"]), len(queries)

    ruled(reviewed_dispute(ada, ben), dora, 40_000)
    assert cost()[0] == 2
    _, few = cost()
    for _ in range(3):
        reviewed_dispute(ada, ben)
        ruled(reviewed_dispute(ada, ben), dora, 40_000)
    assert cost() == (8, few)
