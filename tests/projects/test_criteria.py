"""What was agreed is answered: a delivery by each criterion, a return by those that are not met."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet

from marketplace.common.errors import InvalidInput, WrongState
from projects.contracts.models import Event
from projects.contracts.sentences import sentence_of
from projects.disputes.services import open_dispute
from projects.milestones import services
from projects.milestones.models import Submission
from projects.milestones.rules import open_steps
from projects.milestones.services import release_milestone, return_work, submit_work
from tests.races import at_once, meet_after
from tests.world import (
    SIGNED,
    answers_to,
    api_of,
    fund,
    offered_contract,
    open_posting,
    plan_of,
    planned_milestone,
    submitted_bid,
)

pytestmark = pytest.mark.django_db

CRITERIA = ["It keeps the basket.", "It is fast."]


def funded(ada, ben, criteria=CRITERIA, **award):
    plan = plan_of(100_000, criteria=criteria)
    return fund(planned_milestone(ada, ben, plan=plan, **award))


def delivered(ada, ben, **award):
    milestone = funded(ada, ben, **award)
    submit_work(milestone_id=milestone.pk, by=ben, note="", criteria=answers_to(milestone))
    milestone.refresh_from_db()
    return milestone


def an_answer(number=1, **changed):
    return {"criterion": number, "met": True, "how": "Try it."} | changed


# --- A delivery answers --------------------------------------------------------------------------


def test_a_delivery_keeps_its_answers_beside_the_words_of_the_criteria(ada, ben):
    milestone = funded(ada, ben)
    answers = [an_answer(2, met=False, how=" Two seconds:  we wait for the bank. "), an_answer(1)]

    submission = submit_work(milestone_id=milestone.pk, by=ben, note="", criteria=answers)

    submission.refresh_from_db()
    assert submission.criteria == [
        {"criterion": "It keeps the basket.", "met": True, "how": "Try it."},
        {"criterion": "It is fast.", "met": False, "how": "Two seconds: we wait for the bank."},
    ]


def test_answers_alone_are_a_delivery(ada, ben):
    assert delivered(ada, ben).status == "submitted"


@pytest.mark.parametrize(
    ("answers", "param", "code"),
    [
        (None, "criteria", "criterion_missing"),
        ([an_answer(1)], "criteria", "criterion_missing"),
        ("It is met.", "criteria", "invalid_input"),
        ([an_answer(1), an_answer(3)], "criteria[1].criterion", "unknown_criterion"),
        ([an_answer(1), an_answer(0)], "criteria[1].criterion", "unknown_criterion"),
        ([an_answer(True), an_answer(2)], "criteria[0].criterion", "unknown_criterion"),
        ([an_answer("1"), an_answer(2)], "criteria[0].criterion", "unknown_criterion"),
        ([an_answer(1), an_answer(1)], "criteria[1].criterion", "invalid_input"),
        ([an_answer(1), "met"], "criteria[1]", "invalid_input"),
        ([an_answer(1), an_answer(2, price=1)], "criteria[1]", "invalid_input"),
        ([an_answer(1), an_answer(2, met="yes")], "criteria[1].met", "invalid_input"),
        ([an_answer(1), an_answer(2, how=" ")], "criteria[1].how", "invalid_input"),
        ([an_answer(1), an_answer(2, how="x" * 501)], "criteria[1].how", "invalid_input"),
        ([an_answer(1), an_answer(2, how="a\x00")], "criteria[1].how", "invalid_input"),
        ([an_answer(1), an_answer(2, how=None)], "criteria[1].how", "invalid_input"),
    ],
)
def test_an_answer_that_is_none_is_refused_by_its_field(ada, ben, answers, param, code):
    milestone = funded(ada, ben)

    with pytest.raises(InvalidInput) as refusal:
        submit_work(milestone_id=milestone.pk, by=ben, note="Here.", criteria=answers)

    assert (refusal.value.param, refusal.value.code) == (param, code)
    milestone.refresh_from_db()
    assert milestone.status == "planned" and not Submission.objects.exists()


def test_where_there_are_no_criteria_none_is_answered(ada, ben):
    milestone = funded(ada, ben, criteria=[])
    with pytest.raises(InvalidInput) as refusal:
        submit_work(milestone_id=milestone.pk, by=ben, note="Here.", criteria=[an_answer(1)])
    assert refusal.value.code == "unknown_criterion"
    submit_work(milestone_id=milestone.pk, by=ben, note="Here.")
    return_work(milestone_id=milestone.pk, by=ada, answer="More.")


# --- A return names ------------------------------------------------------------------------------


def test_a_return_names_what_is_not_met_and_so_does_the_timeline(ada, ben):
    milestone = delivered(ada, ben)

    return_work(milestone_id=milestone.pk, by=ada, answer="It forgets.", not_met=[2, 1, 2])

    submission = Submission.objects.get()
    assert submission.not_met == CRITERIA
    assert [answer["is_refused"] for answer in submission.answers] == [True, True]
    event = Event.objects.get(kind="work_returned")
    assert sentence_of(event).text.endswith(": criteria 1 and 2 are not met")
    submit_work(milestone_id=milestone.pk, by=ben, note="", criteria=answers_to(milestone))
    return_work(milestone_id=milestone.pk, by=ada, answer="Still.", not_met=[2])
    event = Event.objects.filter(kind="work_returned").latest("pk")
    assert sentence_of(event).text.endswith("version 2: criterion 2 is not met")


@pytest.mark.parametrize(
    ("not_met", "code"),
    [
        (None, "criterion_missing"),
        ([], "criterion_missing"),
        ([3], "unknown_criterion"),
        ([0], "unknown_criterion"),
        ([1, "2"], "unknown_criterion"),
        (["It is fast."], "unknown_criterion"),
        ("1", "invalid_input"),
    ],
)
def test_a_return_by_nothing_that_was_agreed_is_refused(ada, ben, not_met, code):
    milestone = delivered(ada, ben)
    with pytest.raises(InvalidInput) as refusal:
        return_work(milestone_id=milestone.pk, by=ada, answer="More.", not_met=not_met)
    assert (refusal.value.param, refusal.value.code) == ("not_met", code)
    milestone.refresh_from_db()
    assert (milestone.status, milestone.revisions_used) == ("submitted", 0)


def test_criteria_that_were_changed_under_review_are_named_as_they_are_agreed_now(ada, ben):
    milestone = delivered(ada, ben)
    milestone.criteria = ["It is fast.", "It speaks French."]
    milestone.save()

    return_work(milestone_id=milestone.pk, by=ada, answer="Et le panier ?", not_met=[1, 2])

    answers = Submission.objects.get().answers
    assert [(one["criterion"], one["is_refused"]) for one in answers] == [
        ("It keeps the basket.", False),
        ("It is fast.", True),
        ("It speaks French.", True),
    ]


# --- Revisions are counted -----------------------------------------------------------------------


def test_revisions_are_those_of_the_agreement_and_then_there_are_other_ways(ada, ben):
    milestone = delivered(ada, ben, revisions=1)
    return_work(milestone_id=milestone.pk, by=ada, answer="More.", not_met=[1])
    submit_work(milestone_id=milestone.pk, by=ben, note="", criteria=answers_to(milestone))

    with pytest.raises(WrongState) as refusal:
        return_work(milestone_id=milestone.pk, by=ada, answer="Even more.", not_met=[1])

    assert "one revision, which is used" in refusal.value.message
    assert "open a dispute" in refusal.value.message
    milestone.refresh_from_db()
    assert (milestone.status, milestone.revisions_used) == ("submitted", 1)
    steps = open_steps(milestone, "client")
    assert "return" not in steps
    assert {"release", "release_part", "propose_ending", "dispute"} <= set(steps)
    release_milestone(milestone_id=milestone.pk, by=ada)


def test_an_agreement_without_revisions_says_so(ada, ben):
    milestone = delivered(ada, ben, revisions=0)
    with pytest.raises(WrongState) as refusal:
        return_work(milestone_id=milestone.pk, by=ada, answer="More.", not_met=[1])
    assert "includes no revisions" in refusal.value.message


def test_what_was_signed_before_revisions_were_counted_is_not_bound_by_them(ada, ben):
    milestone = delivered(ada, ben)
    milestone.contract.revisions = None
    milestone.contract.save()
    for _ in range(4):
        return_work(milestone_id=milestone.pk, by=ada, answer="More.", not_met=[1])
        submit_work(milestone_id=milestone.pk, by=ben, note="", criteria=answers_to(milestone))
    assert milestone.submissions.count() == 5


def test_the_wording_says_how_many_revisions_are_included(ada, ben):
    contract = offered_contract(ada, ben, revisions=7)
    assert json.loads(contract.agreements.get().body)["revisions"] == 7
    shown = api_of(ben).get(f"/api/v1/contracts/{contract.public_id}/").json()
    assert shown["revisions"] == 7


@pytest.mark.parametrize("revisions", [-1, 21, "many", 1.5, 10**400])
def test_a_number_of_revisions_that_is_none_is_refused(ada, ben, revisions):
    bid = submitted_bid(open_posting(ada), ben)
    answer = api_of(ada).post(
        f"/api/v1/bids/{bid.public_id}/award/", {"revisions": revisions} | SIGNED
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "revisions")


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_use_one_revision(ada, ben, bells):
    milestone = delivered(ada, ben, revisions=1)

    def ask():
        return return_work(milestone_id=milestone.pk, by=ada, answer="More.", not_met=[1])

    assert sorted(at_once(*[ask] * 8)) == ["done"] + ["wrong_state"] * 7
    milestone.refresh_from_db()
    assert milestone.revisions_used == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_of_the_milestone_more_than_one_asks(ada, ben, bells, monkeypatch):
    milestone = delivered(ada, ben, revisions=1)
    monkeypatch.setattr(
        QuerySet, "select_for_update", lambda found, **named: found.all(), raising=True
    )
    meet_after(monkeypatch, services, "checked_not_met")

    def ask():
        return return_work(milestone_id=milestone.pk, by=ada, answer="More.", not_met=[1])

    assert at_once(*[ask] * 8).count("done") > 1


# --- The API -------------------------------------------------------------------------------------


def test_the_api_takes_answers_and_shows_what_was_found(ada, ben):
    milestone = funded(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}"
    body = {"criteria": [an_answer(1), an_answer(2, met=False, how="Not yet.")]}

    sent = api_of(ben).post(f"{url}/submissions/", body)

    assert sent.status_code == 201
    assert sent.json()["criteria"] == [
        {"criterion": "It keeps the basket.", "met": True, "how": "Try it."},
        {"criterion": "It is fast.", "met": False, "how": "Not yet."},
    ]
    returned = api_of(ada).post(f"{url}/return/", {"answer": "Faster.", "not_met": [2]})
    assert (returned.status_code, returned.json()["revisions_used"]) == (200, 1)
    (shown,) = api_of(ben).get(f"{url}/submissions/").json()["results"]
    assert shown["not_met"] == ["It is fast."]


def test_the_api_takes_answers_beside_files(ada, ben):
    milestone = funded(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}/submissions/"

    def hand_in(criteria):
        file = SimpleUploadedFile("a.txt", b"a")
        return api_of(ben).post(url, {"files": [file], "criteria": criteria}, format="multipart")

    for wrong in ("[", '"met"', "[1]", "null", json.dumps([an_answer(1)])):
        refused = hand_in(wrong)
        assert refused.status_code == 400
        assert refused.json()["error"]["param"].startswith("criteria"), wrong
    sent = hand_in(json.dumps([an_answer(1), an_answer(2)]))
    assert (sent.status_code, len(sent.json()["criteria"])) == (201, 2)


@pytest.mark.parametrize(
    ("criteria", "param", "code"),
    [
        ([], "criteria", "criterion_missing"),
        ([an_answer(1), an_answer(9)], "criteria[1].criterion", "unknown_criterion"),
        ([an_answer(1), {"criterion": 2, "met": True}], "criteria[1].how", "invalid_input"),
        ([an_answer(1), an_answer(10**400)], "criteria[1].criterion", None),
        ("x", "criteria", None),
        ([[]], "criteria[0]", None),
    ],
)
def test_the_api_refuses_answers_by_their_field(ada, ben, criteria, param, code):
    milestone = funded(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}/submissions/"
    answer = api_of(ben).post(url, {"note": "x", "criteria": criteria})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"].startswith(param)) == (400, True), error
    assert code in (None, error["code"]) and error["message"]


@pytest.mark.parametrize("not_met", [[], [9], ["x"], "1", None, [None], [10**400], [1] * 11])
def test_the_api_refuses_a_return_by_its_field(ada, ben, not_met):
    milestone = delivered(ada, ben)
    url = f"/api/v1/milestones/{milestone.public_id}/return/"
    answer = api_of(ada).post(url, {"answer": "x", "not_met": not_met})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"].startswith("not_met")


# --- The pages -----------------------------------------------------------------------------------


def test_the_pages_ask_for_each_answer_and_show_it_beside_its_criterion(ada, ben, client):
    milestone = funded(ada, ben)
    url = f"/milestones/{milestone.public_id}"
    client.force_login(ben)
    page = client.get(f"{url}/submit/").content.decode()
    assert all(f"</span> {criterion}</legend>" in page for criterion in CRITERIA)
    refused = client.post(f"{url}/submit/", {"met_1": "on", "how_1": "<b>Try</b> it."})
    assert refused.status_code == 400 and refused.context["form"].errors["how_2"]

    client.post(f"{url}/submit/", {"met_1": "on", "how_1": "<b>Try</b> it.", "how_2": "Soon."})

    assert [answer["met"] for answer in Submission.objects.get().criteria] == [True, False]
    client.force_login(ada)
    for path in ("return", "release"):
        shown = client.get(f"{url}/{path}/").content.decode()
        assert "&lt;b&gt;Try&lt;/b&gt; it." in shown and "Not met yet" in shown
    refused = client.post(f"{url}/return/", {"answer": "Faster."})
    assert refused.status_code == 400 and refused.context["form"].errors["not_met"]
    refused = client.post(f"{url}/return/", {"answer": "Faster.", "not_met": ["3"]})
    assert refused.status_code == 400 and refused.context["form"].errors["not_met"]
    back = client.post(f"{url}/return/", {"answer": "Faster.", "not_met": ["2"]})
    contract = client.get(back.url.split("#")[0]).content.decode()
    assert contract.count("Not met, says the client") == 1
    assert "1 of 3 revisions used" in contract


def test_the_page_of_a_dispute_shows_what_was_not_met(ada, ben, client):
    milestone = delivered(ada, ben)
    return_work(milestone_id=milestone.pk, by=ada, answer="Faster.", not_met=[2])
    words = {"reason": "late", "statement": "It is slow.", "asked_for": 50_000}
    dispute = open_dispute(milestone_id=milestone.pk, by=ada, **words)
    client.force_login(ben)
    page = client.get(dispute.path).content.decode()
    assert page.count("Not met, says the client") == 1 and "It is fast." in page


def test_the_page_refuses_beyond_the_revisions_and_says_what_else_can_be_done(ada, ben, client):
    milestone = delivered(ada, ben, revisions=0)
    client.force_login(ada)
    answer = client.get(f"/milestones/{milestone.public_id}/return/")
    assert answer.status_code == 409
    assert "propose how to end the milestone" in answer.content.decode()
