"""Questions on a posting, through the pages and the API."""

import pytest

from projects.agreements.suspending.services import restore_posting, suspend_posting
from projects.postings.services import close_posting
from projects.questions.models import Question
from projects.questions.selectors import waiting_on
from projects.questions.services import answer_question, ask_question, withdraw_question
from projects.reasons.services import why_gone
from tests.world import GROUNDS, api_of, browser, open_posting, person

pytestmark = pytest.mark.django_db

WORDS = "Which browsers must it run in?"


@pytest.fixture
def posting(ada):
    return open_posting(ada)


@pytest.fixture
def question(posting, ben) -> Question:
    return ask_question(posting_id=posting.pk, text=WORDS, by=ben)


# --- Pages ---------------------------------------------------------------------------------------


def test_asked_answered_and_read_by_a_visitor(posting, ada, ben):
    asked = browser(ben).post(f"{posting.path}questions/new/", {"text": WORDS}, follow=True)
    assert "Asked. You are told when it is answered." in asked.content.decode()
    question = Question.objects.get()
    visitor = browser()
    assert WORDS not in visitor.get(posting.path).content.decode()
    assert visitor.get(question.path).status_code == 404

    page = browser(ada).get(question.path).content.decode()
    assert "A bidder asked" in page
    assert "Ben" not in page
    browser(ada).post(f"{question.path}answer/", {"answer": "All of <b>them</b>."})

    for path in (posting.path, f"{posting.path}questions/", question.path):
        page = visitor.get(path).content.decode()
        assert WORDS in page
        assert "All of &lt;b&gt;them&lt;/b&gt;." in page
        assert "Ben" not in page


def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(posting, question, ada, ben):
    answer = browser(ben).post(f"{posting.path}questions/new/", {"text": "x" * 1_001})
    assert answer.status_code == 400
    assert "x" * 1_001 in answer.content.decode()
    answer = browser(ada).post(f"{question.path}answer/", {"answer": ""})
    assert answer.status_code == 400
    assert WORDS in answer.content.decode()
    answer = browser(ada).post(f"{question.path}decline/", {"reason": ""})
    assert answer.status_code == 400


def test_the_fourth_is_refused_on_its_page(posting, ben):
    for _ in range(3):
        ask_question(posting_id=posting.pk, text=WORDS, by=ben)
    page = browser(ben).post(f"{posting.path}questions/new/", {"text": "One more?"})
    assert page.status_code == 400
    assert "wait for an answer here" in page.content.decode()
    assert "One more?" in page.content.decode()


def test_a_decline_is_read_by_the_asker(question, ada, ben, cleo):
    browser(ada).post(f"{question.path}decline/", {"reason": "Too early to say."})

    assert "Too early to say." in browser(ben).get(question.path).content.decode()
    assert browser(cleo).get(question.path).status_code == 404


def test_a_withdrawn_question_is_the_askers_alone(question, ada, ben):
    browser(ben).post(f"{question.path}withdraw/")

    assert browser(ben).get(question.path).status_code == 200
    assert browser(ada).get(question.path).status_code == 404


def test_pages_that_come_too_late_say_so(posting, question, ada, ben):
    close_posting(posting_id=posting.pk, reason="", by=ada)

    page = browser(ben).get(f"{posting.path}questions/new/")
    assert "nobody can ask here any more" in page.content.decode()
    page = browser(ada).get(question.path).content.decode()
    assert "It was not answered before the posting ended." in page
    assert "Answer in public" not in page


def test_empty_pages_say_what_to_do(posting, ada, ben):
    path = f"{posting.path}questions/"
    assert "You are told about each question." in browser(ada).get(path).content.decode()
    assert "Ask before you bid." in browser(ben).get(path).content.decode()
    assert "Ask before you bid." in browser(ben).get(posting.path).content.decode()


def test_many_are_paged(posting, ada):
    for number in range(21):
        asked = ask_question(posting_id=posting.pk, text=f"No {number}?", by=person(f"P{number}"))
        answer_question(question_id=asked.pk, answer="Yes.", by=ada)
    path, visitor = f"{posting.path}questions/", browser()
    first = visitor.get(path)
    assert "No 20?" in first.content.decode()
    assert "No 0?" not in first.content.decode()
    second = visitor.get(path + first.context["page"].next_url).content.decode()
    assert "No 0?" in second
    short = visitor.get(posting.path).content.decode()
    assert "No 18?" in short
    assert "No 17?" not in short
    assert "All questions" in short


def test_a_moderator_removes_one_in_two_clicks(question, ada, cleo, mona):
    answer_question(question_id=question.pk, answer="Call me.", by=ada)
    assert "Remove" in browser(mona).get(question.path).content.decode()
    browser(mona).post(f"{question.path}remove/", {"reason": "A telephone number."})
    assert browser(cleo).get(question.path).status_code == 404
    assert "A telephone number." in browser(ada).get(question.path).content.decode()


# --- The API -------------------------------------------------------------------------------------


def test_the_api_does_the_same(posting, ada, ben, cleo):
    path = f"/api/v1/postings/{posting.public_id}/questions/"
    asked = api_of(ben).post(path, {"text": WORDS})
    assert asked.status_code == 201
    body = asked.json()
    assert (body["status"], body["is_own"], body["next_steps"]) == ("asked", True, ["withdraw"])
    assert api_of(cleo).get(path).json()["results"] == []
    (seen,) = api_of(ada).get(path).json()["results"]
    assert (seen["is_own"], seen["next_steps"]) == (False, ["answer", "decline"])

    one = f"/api/v1/questions/{body['id']}/"
    done = api_of(ada).post(f"{one}answer/", {"answer": "All."})
    assert (done.status_code, done.json()["status"]) == (200, "answered")
    assert api_of(cleo).get(one).json()["answer"] == "All."
    assert "Ben" not in str(api_of(cleo).get(one).json())
    again = api_of(ada).post(f"{one}answer/", {"answer": "None."})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "wrong_state")


@pytest.mark.parametrize(
    ("deed", "body", "param"),
    [
        ("answer", {}, "answer"),
        ("answer", {"answer": ""}, "answer"),
        ("answer", {"answer": ["a"]}, "answer"),
        ("decline", {}, "reason"),
        ("decline", {"reason": "x" * 301}, "reason"),
    ],
)
def test_bad_input_names_its_field(question, ada, deed, body, param):
    answer = api_of(ada).post(f"/api/v1/questions/{question.public_id}/{deed}/", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_one_key_asks_once(posting, ben):
    path = f"/api/v1/postings/{posting.public_id}/questions/"
    first, second = (
        api_of(ben).post(path, {"text": WORDS}, headers={"Idempotency-Key": "one"})
        for _ in range(2)
    )
    assert first.json() == second.json()
    assert Question.objects.count() == 1


def test_what_one_may_not_see_is_not_there(question, ben, cleo):
    one = f"/api/v1/questions/{question.public_id}/"
    for deed, body in (("answer", {"answer": "I."}), ("withdraw", {}), ("remove", {"reason": "R"})):
        assert api_of(cleo).post(f"{one}{deed}/", body).status_code == 404
    assert api_of(ben).post(f"{one}answer/", {"answer": "I."}).status_code == 403
    withdraw_question(question_id=question.pk, by=ben)


def test_with_its_posting_a_question_waits_no_more(posting, question, ada, ben, mona):
    place = f"/api/v1/questions/{question.public_id}/"
    suspend_posting(**GROUNDS, posting_id=posting.pk, reason="Hm.", by=mona)
    question.refresh_from_db()
    assert question.waits, "it may be restored"
    restore_posting(posting_id=posting.pk, by=mona)
    assert api_of(ben).get(place).json()["waits"] is True
    assert "Waiting for an answer" in browser(ben).get(question.path).content.decode()
    assert waiting_on(posting) == 1

    close_posting(posting_id=posting.pk, reason="", by=ada)

    told = api_of(ben).get(place).json()
    assert (told["waits"], told["next_steps"]) == (False, ["withdraw"])
    for person_ in (ada, ben):
        page = browser(person_).get(question.path).content.decode()
        assert "Not answered before the end" in page and "Waiting for an answer" not in page
    assert waiting_on(posting) == 0
    notice = ada.notifications.get(kind="question_asked")
    assert why_gone([notice]) == {notice.pk: "The question is open no longer."}
