"""The gate before the details of a posting, through the pages and the API."""

import pytest

from projects.bids.models import Bid
from projects.confidentiality.models import Acceptance, hash_of
from projects.questions.services import answer_question, ask_question
from tests.projects.confidentiality_world import (
    DETAILS,
    OTHER_TEXT,
    SECRET,
    TEXT,
    accept,
    hide,
    secret_posting,
)
from tests.projects.test_posting_and_bid_pages import typed_bid
from tests.test_growing_lists import grows_for_free
from tests.world import PASSWORD, api_of, browser, open_posting, person, submitted_bid

pytestmark = pytest.mark.django_db

SIGNED = {"password": PASSWORD, "sha256": hash_of(TEXT)}
SIGNED_BY_A_PROGRAM = {"password": PASSWORD, "text_sha256": hash_of(TEXT)}


@pytest.fixture
def posting(ada):
    return secret_posting(ada)


def gate(posting) -> str:
    return f"{posting.path}confidentiality/"


def api_gate(posting) -> str:
    return f"/api/v1{gate(posting)}"


# --- Nothing leaks -------------------------------------------------------------------------------


def test_no_door_tells_a_detail_to_whoever_has_not_accepted(posting, ada, ben, cleo, dora):
    accept(posting, ben)
    question = ask_question(posting_id=posting.pk, text=f"Is {SECRET} heavy?", by=ben)
    answer_question(question_id=question.pk, answer=f"A {SECRET} is.", by=ada)
    kept = posting.files.get().stored.public_id
    doors = [
        posting.path,
        gate(posting),
        f"{posting.path}questions/",
        f"{posting.path}questions/new/",
        question.path,
        f"{posting.path}bid/",
        f"{posting.path}files/{kept}/",
        "/postings/",
        f"/postings/?q={SECRET}",
        *[
            f"/api/v1{path}"
            for path in (
                posting.path,
                gate(posting),
                f"{gate(posting)}acceptances/",
                f"{posting.path}questions/",
                question.path,
                f"{posting.path}files/{kept}/",
                "/postings/",
                f"/postings/?q={SECRET}",
            )
        ],
    ]

    def read(reader, door: str) -> bytes:
        client = api_of(reader) if door.startswith("/api") else browser(reader)
        answer = client.get(door)
        found = answer.getvalue() if answer.streaming else answer.content
        # What was looked for stands in the field that it was typed into.
        return found.replace(f'value="{SECRET}"'.encode(), b"").replace(f"q={SECRET}".encode(), b"")

    for stranger in (cleo, dora, None):
        for door in doors:
            assert SECRET.encode() not in read(stranger, door), (stranger, door)
    for door in (posting.path, question.path, f"{posting.path}files/{kept}/"):
        assert SECRET.encode() in read(ben, door), door
        assert SECRET.encode() in read(ada, f"/api/v1{door}"), door


def test_no_door_tells_an_asker_the_answer_before_they_accept(ada, ben):
    posting = open_posting(ada)
    question = ask_question(posting_id=posting.pk, text="What is it made of?", by=ben)
    hide(posting, ada)
    answer_question(question_id=question.pk, answer=f"It is {SECRET}.", by=ada)

    def told() -> list[bool]:
        return [
            SECRET in browser.get(f"{before}{path}").content.decode()
            for browser, before in ((the_browser, ""), (api_of(ben), "/api/v1"))
            for path in (question.path, f"{posting.path}questions/")
        ]

    the_browser = browser(ben)
    assert told() == [False] * 4
    accept(posting, ben)
    assert told() == [True] * 4


def test_what_is_public_says_that_there_is_more(posting, ben):
    page = browser().get(posting.path).content.decode()
    assert "The details are confidential" in page
    assert "Log in to read it" in page
    assert "Read what to accept" in browser(ben).get(posting.path).content.decode()
    questions = browser().get(f"{posting.path}questions/").content.decode()
    assert "The questions are confidential" in questions


# --- Accepting on a page -------------------------------------------------------------------------


def test_it_is_read_and_accepted_with_the_password(posting, ada, ben):
    page = browser(ben).get(gate(posting)).content.decode()
    assert TEXT in page
    assert "It cannot be taken back." in page
    assert hash_of(TEXT) in page

    answer = browser(ben).post(gate(posting), SIGNED, follow=True)
    assert answer.redirect_chain[-1][0] == posting.path
    assert "moonstone" in answer.content.decode()
    kept = Acceptance.objects.get()
    assert "You accepted this" in browser(ben).get(gate(posting)).content.decode()
    for reader in (ada, ben):
        shown = browser(reader).get(kept.path).content.decode()
        assert TEXT in shown
        assert hash_of(TEXT) in shown
        assert "nobody can change it" in shown
    assert "Ben" in browser(ada).get(gate(posting)).content.decode()


@pytest.mark.parametrize("password", ["", "wrong"])
def test_without_the_password_nothing_is_accepted(password, posting, ben):
    answer = browser(ben).post(gate(posting), SIGNED | {"password": password})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["password"]
    assert not Acceptance.objects.exists()


@pytest.mark.parametrize("read", ["", "x", hash_of(OTHER_TEXT)])
def test_words_that_were_not_read_are_not_accepted(read, posting, ben):
    answer = browser(ben).post(gate(posting), SIGNED | {"sha256": read})
    assert answer.status_code == 409
    assert "Read it again first." in answer.content.decode()
    assert not Acceptance.objects.exists()


def test_whoever_wants_to_bid_or_ask_is_led_to_the_gate(posting, ben):
    for door in ("bid/", "questions/new/"):
        for ask in (browser(ben).get, browser(ben).post):
            answer = ask(f"{posting.path}{door}")
            assert (answer.status_code, answer["Location"]) == (302, gate(posting))
    accept(posting, ben)
    browser(ben).post(f"{posting.path}bid/", typed_bid("800"))
    assert Bid.objects.get().price == 80_000


def test_an_acceptance_is_there_for_the_two_alone(posting, ben, cleo, dora):
    kept = accept(posting, ben)
    for stranger in (cleo, dora):
        assert browser(stranger).get(kept.path).status_code == 404
        assert api_of(stranger).get(f"/api/v1{kept.path}").status_code == 404


def test_without_anything_confidential_there_is_no_gate(ada, ben):
    posting = open_posting(ada)
    for client in (browser(ben), browser(ada)):
        assert client.get(gate(posting)).status_code == 404
    assert api_of(ben).get(api_gate(posting)).status_code == 404
    assert "confidential" not in browser(ben).get(posting.path).content.decode()
    assert "Keep details confidential" in browser(ada).get(posting.path).content.decode()


def test_an_award_waits_for_the_promise_and_its_form_says_so(ada, ben):
    posting = open_posting(ada)
    bid = submitted_bid(posting, ben)
    hide(posting, ada)
    signed = {
        "review_days": "7",
        "revisions": "2",
        "ownership": "on_payment",
        "confidentiality_years": "0",
        "version": "1",
        "password": PASSWORD,
    }
    assert "Ben has not accepted your confidentiality text" in (
        browser(ada).get(f"{bid.path}award/").content.decode()
    )
    refused = browser(ada).post(f"{bid.path}award/", signed)
    assert refused.status_code == 400
    [sentence] = refused.context["form"].non_field_errors()
    assert sentence.startswith("Ben has not accepted the confidentiality text of this posting")
    over_the_api = api_of(ada).post(f"/api/v1{bid.path}award/", {"password": PASSWORD})
    assert over_the_api.status_code == 409
    assert over_the_api.json()["error"]["code"] == "confidentiality_not_accepted"

    accept(posting, ben)
    page = browser(ada).get(f"{bid.path}award/").content.decode()
    assert "has not accepted" not in page
    assert browser(ada).post(f"{bid.path}award/", signed).status_code == 302


# --- The owner's page ----------------------------------------------------------------------------


def test_the_owner_sets_it_changes_it_and_lifts_it(ada, ben):
    posting = open_posting(ada)
    page = f"{gate(posting)}edit/"
    browser(ada).post(page, {"text": TEXT, "details": DETAILS})
    assert "<strong>moonstone</strong>" in browser(ada).get(posting.path).content.decode()
    assert TEXT in browser(ben).get(gate(posting)).content.decode()
    assert browser(ada).get(page).context["form"]["details"].value() == DETAILS

    browser(ada).post(page, {"text": "", "details": ""})
    assert browser(ben).get(gate(posting)).status_code == 404


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"text": "", "details": "Secret."}, "text"),
        ({"text": "x" * 10_001, "details": "Secret."}, "text"),
        ({"text": "\u202eback", "details": "Secret."}, "text"),
        ({"text": TEXT, "details": "Secret." + "x" * 20_000}, "details"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(typed, field, posting, ada):
    answer = browser(ada).post(f"{gate(posting)}edit/", typed)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert "Secret." in answer.content.decode()


@pytest.mark.parametrize("path", ["{}", "/api/v1{}acceptances/"])
def test_many_acceptances_cost_no_more_queries(path, posting, ada):
    client = api_of(ada) if path.startswith("/api") else browser(ada)
    names = iter("ABCDEFGH")
    grows_for_free(
        lambda: client.get(path.format(gate(posting))),
        lambda: accept(posting, person(f"Kim {next(names)}")),
    )


def test_many_acceptances_are_paged(posting, ada):
    for number in range(21):
        accept(posting, person(f"Kim {number} Li"))
    first = browser(ada).get(gate(posting))
    assert "Kim 20 Li" in first.content.decode()
    assert "Kim 0 Li" not in first.content.decode()
    second = browser(ada).get(gate(posting) + first.context["page"].next_url)
    assert "Kim 0 Li" in second.content.decode()


# --- For programs --------------------------------------------------------------------------------


def test_programs_set_read_and_accept_it(ada, ben):
    posting = open_posting(ada)
    made = api_of(ada).put(api_gate(posting), {"text": TEXT, "details": DETAILS})
    assert (made.status_code, made.json()["details"]) == (200, DETAILS)

    before = api_of(ben).get(api_gate(posting)).json()
    assert (before["text"], before["text_sha256"]) == (TEXT, hash_of(TEXT))
    assert (before["details"], before["acceptance"]) == (None, None)
    whole = api_of(ben).get(f"/api/v1{posting.path}").json()
    assert (whole["is_confidential"], whole["details"]) == (True, None)

    accepted = api_of(ben).post(f"{api_gate(posting)}accept/", SIGNED_BY_A_PROGRAM)
    assert accepted.status_code == 201
    assert accepted.json()["person_name"] == "Ben"
    after = api_of(ben).get(api_gate(posting)).json()
    assert (after["details"], after["acceptance"]) == (DETAILS, accepted.json())
    assert api_of(ben).get(f"/api/v1{posting.path}").json()["details"] == DETAILS
    listed = api_of(ada).get(f"{api_gate(posting)}acceptances/").json()["results"]
    assert listed == [accepted.json()]
    one = f"/api/v1/confidentiality-acceptances/{accepted.json()['id']}/"
    assert api_of(ada).get(one).json() == accepted.json()

    lifted = api_of(ada).put(api_gate(posting), {"text": "", "details": ""})
    assert lifted.status_code == 204
    whole = api_of(ben).get(f"/api/v1{posting.path}").json()
    assert (whole["is_confidential"], whole["details"]) == (False, None)


def test_one_key_accepts_once(posting, ben):
    client, path = api_of(ben), f"{api_gate(posting)}accept/"
    first, again = (
        client.post(path, SIGNED_BY_A_PROGRAM, HTTP_IDEMPOTENCY_KEY="once") for _ in range(2)
    )
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("changed", "status", "code", "param"),
    [
        ({"password": "wrong"}, 400, "wrong_credentials", "password"),
        ({"password": ""}, 400, "invalid_input", "password"),
        ({"password": None}, 400, "invalid_input", "password"),
        ({"text_sha256": ""}, 400, "invalid_input", "text_sha256"),
        ({"text_sha256": "x" * 65}, 400, "invalid_input", "text_sha256"),
        ({"text_sha256": hash_of(OTHER_TEXT)}, 409, "changed_meanwhile", None),
    ],
)
def test_programs_are_told_what_is_wrong(changed, status, code, param, posting, ben):
    answer = api_of(ben).post(f"{api_gate(posting)}accept/", SIGNED_BY_A_PROGRAM | changed)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)
    assert not Acceptance.objects.exists()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "text"),
        ({"text": TEXT}, "details"),
        ({"text": "", "details": "Secret."}, "text"),
        ({"text": "x" * 10_001, "details": ""}, "text"),
        ({"text": TEXT, "details": ["Secret."]}, "details"),
    ],
)
def test_a_program_of_the_owner_is_told_what_is_wrong(body, param, posting, ada):
    answer = api_of(ada).put(api_gate(posting), body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_program_that_bids_or_asks_before_is_refused(posting, ben):
    bid = api_of(ben).post(
        f"/api/v1{posting.path}bids/",
        {
            "price": 80_000,
            "days": 20,
            "letter": "I can.",
            "plan": [{"title": "All", "amount": 80_000, "days": 20}],
            "valid_until": "2099-01-01",
        },
    )
    question = api_of(ben).post(f"/api/v1{posting.path}questions/", {"text": "Why?"})
    for answer in (bid, question):
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "confidentiality_not_accepted"


def test_a_bidder_reads_on_once_other_words_are_accepted(posting, ada, ben):
    accept(posting, ben)
    hide(posting, ada, text=OTHER_TEXT)
    page = browser(ben).get(gate(posting)).content.decode()
    assert OTHER_TEXT in page
    assert "other words than today" in page
    browser(ben).post(gate(posting), SIGNED | {"sha256": hash_of(OTHER_TEXT)})
    assert "moonstone" in browser(ben).get(posting.path).content.decode()
