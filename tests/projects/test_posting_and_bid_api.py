"""Postings and bids over the API."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.common.clock import now
from projects.bids.models import Bid
from projects.postings.models import Posting
from tests.world import api_of, draft_posting, open_posting, person, plan_of, submitted_bid

pytestmark = pytest.mark.django_db


def sent_bid(price: int = 80_000, **changes) -> dict:
    return {
        "price": price,
        "days": 20,
        "letter": "I have built three shops.",
        "plan": plan_of(price),
        "valid_until": (now() + timedelta(days=14)).isoformat(),
    } | changes


def refused(answer, status: int, param: str | None = None) -> None:
    """The one shape of every refusal."""
    assert answer.status_code == status, answer.content
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "param"}
    assert error["message"]
    if param is not None:
        assert error["param"] == param


# --- Postings ------------------------------------------------------------------------------------


def test_a_posting_from_draft_to_closed(ada):
    api = api_of(ada)
    made = api.post(
        "/api/v1/postings/",
        {"title": "A lamp shop", "skills": ["Python"], "budget_most": 90_000, "currency": "EUR"},
        format="json",
    )
    assert made.status_code == 201
    posting = made.json()
    assert (posting["status"], posting["budget_most"], posting["currency"]) == (
        "draft",
        90_000,
        "EUR",
    )
    assert posting["next_steps"] == ["publish", "edit", "close"]
    path = f"/api/v1/postings/{posting['id']}/"

    refused(api.post(f"{path}publish/"), 400, "description")
    edited = api.patch(path, {"description": "With a basket."}, format="json")
    assert edited.json()["description"] == "With a basket."
    assert api.post(f"{path}publish/").json()["status"] == "open"
    refused(api.post(f"{path}publish/"), 409)
    refused(api.patch(path, {"currency": "USD"}, format="json"), 400, "currency")
    assert (
        api.post(f"{path}close/", {"reason": "Done."}, format="json").json()["status"] == "closed"
    )
    assert api.get(path).json()["next_steps"] == []


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"title": None}, "title"),
        ({"title": ""}, "title"),
        ({"title": ["A shop"]}, "title"),
        ({"title": "x" * 151}, "title"),
        ({"title": "Lamps\0"}, "title"),
        ({"title": "Lamps \u202e"}, "title"),
        ({"description": "x" * 20_001}, "description"),
        ({"skills": "Python"}, "skills"),
        ({"skills": [["Python"]]}, "skills[0]"),
        ({"skills": ["x"] * 16}, "skills"),
        ({"kind": "daily"}, "kind"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": None}, "currency"),
        ({"visibility": "secret"}, "visibility"),
        ({"visibility": None}, "visibility"),
        ({"budget_least": 0}, "budget_least"),
        ({"budget_least": -1}, "budget_least"),
        ({"budget_least": 10.5}, "budget_least"),
        ({"budget_least": "lots"}, "budget_least"),
        ({"budget_most": 10**20}, "budget_most"),
        ({"budget_least": 9, "budget_most": 8}, "budget_most"),
        ({"wished_deadline": "2020-01-01"}, "wished_deadline"),
        ({"wished_deadline": "soon"}, "wished_deadline"),
        ({"bids_close_at": "2020-01-01T00:00:00Z"}, "bids_close_at"),
        ({"bids_close_at": "9999-12-31T23:59:59-23:59"}, "bids_close_at"),
        ({"bids_close_at": 5}, "bids_close_at"),
    ],
)
def test_a_posting_that_makes_no_sense_is_refused_by_its_field(ada, change, param):
    answer = api_of(ada).post("/api/v1/postings/", {"title": "A lamp shop"} | change, format="json")
    refused(answer, 400, param)
    assert not Posting.objects.exists()


@pytest.mark.parametrize(
    "body", ["[]", "7", '"x"', "null", "{", "{]", '{"title": "\\ud800\\ud800"}']
)
def test_a_body_that_is_no_object_is_refused(ada, body):
    answer = api_of(ada).post("/api/v1/postings/", body, content_type="application/json")
    refused(answer, 400)


def test_strangers_get_what_is_published_and_no_more(ada, ben):
    draft, posting = draft_posting(ada), open_posting(ada)
    api = api_of(ben)

    assert api.get(f"/api/v1/postings/{posting.public_id}/").json()["next_steps"] == []
    refused(api.get(f"/api/v1/postings/{draft.public_id}/"), 404)
    refused(api.patch(f"/api/v1/postings/{posting.public_id}/", {}, format="json"), 403)
    for deed in ("publish", "close", "restore"):
        refused(api.post(f"/api/v1/postings/{posting.public_id}/{deed}/"), 403)
        refused(api.post(f"/api/v1/postings/{draft.public_id}/{deed}/"), 404)
    refused(api_of().get("/api/v1/postings/"), 401)


def test_moderators_suspend_and_restore(ada, mona):
    posting = open_posting(ada)
    path = f"/api/v1/postings/{posting.public_id}/"
    api = api_of(mona)

    assert api.get(path).json()["next_steps"] == ["suspend"]
    refused(api.post(f"{path}suspend/", {}, format="json"), 400, "reason")
    suspended = api.post(
        f"{path}suspend/",
        {"reason": "Asks for free work.", "evidence": "Its text.", "days": 7},
        format="json",
    )
    assert suspended.json()["next_steps"] == ["restore"]
    assert api.post(f"{path}restore/").json()["status"] == "open"


def test_one_key_makes_one_posting(ada):
    api = api_of(ada)
    for _ in range(2):
        answer = api.post(
            "/api/v1/postings/",
            {"title": "A lamp shop"},
            format="json",
            headers={"Idempotency-Key": "k1"},
        )
        assert answer.status_code == 201
    assert Posting.objects.count() == 1


def test_files_go_up_and_come_down(ada, ben):
    posting = open_posting(ada)
    path = f"/api/v1/postings/{posting.public_id}/files/"
    api = api_of(ada)
    upload = SimpleUploadedFile("../../plan\u202e.txt", b"lamps")

    added = api.post(path, {"files": [upload]}, format="multipart")
    assert added.status_code == 201
    [file] = added.json()
    assert (file["name"], file["size"]) == ("plan.txt", 5)
    download = api_of(ben).get(f"{path}{file['id']}/")
    assert b"".join(download.streaming_content) == b"lamps"
    refused(api_of(ben).delete(f"{path}{file['id']}/"), 403)
    refused(api.post(path, {}, format="multipart"), 400, "files")
    refused(
        api.post(path, {"files": SimpleUploadedFile("e.txt", b"")}, format="multipart"),
        400,
        "files",
    )
    refused(api.post(path, {"files": "text"}, format="multipart"), 400, "files")
    refused(api.post(path, {"files": []}, format="json"), 415)
    assert api.get(f"/api/v1/postings/{posting.public_id}/").json()["files"] == [file]
    assert api.delete(f"{path}{file['id']}/").status_code == 204
    refused(api.delete(f"{path}{file['id']}/"), 404)


def test_browsing_pages_through_everything_once(ada, ben):
    titles = [f"Lamp shop {n}" for n in range(7)]
    for title in titles:
        open_posting(ada, title=title)
    api = api_of(ben)
    for order, words in (("newest", ""), ("match", "lamp")):
        seen, url = [], f"/api/v1/postings/?limit=3&order={order}&q={words}"
        while url:
            page = api.get(url).json()
            seen += [posting["title"] for posting in page["results"]]
            url = page["next"]
        assert seen == titles[::-1]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("kind=daily", "kind"),
        ("currency=XXX", "currency"),
        ("budget_least=5", "currency"),
        ("budget_least=-5&currency=USD", "budget_least"),
        ("days=0", "days"),
        ("days=x", "days"),
        ("order=best", "order"),
        ("q=" + "x" * 201, "q"),
    ],
)
def test_filters_that_make_no_sense_are_refused(ada, query, param):
    refused(api_of(ada).get(f"/api/v1/postings/?{query}"), 400, param)


@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "cD1ub25zZW5zZQ==", "cj0xJnA9bm9uc2Vuc2U=", "bz05OTk5OTk5OTk5OQ=="),
        # An offset that PostgreSQL does not know, and a time that is none in UTC.
        "cD0yMDI0LTAxLTAxVDAwJTNBMDAlM0EwMCUyQjIzJTNBNTk=",
        "cD0wMDAxLTAxLTAxVDAwJTNBMDAlM0EwMCUyQjIzJTNBNTk=",
    ],
)
@pytest.mark.parametrize("order", ["newest", "match"])
def test_a_made_up_cursor_is_never_a_crash(ada, cursor, order):
    open_posting(ada)
    answer = api_of(ada).get(f"/api/v1/postings/?q=lamp&order={order}&cursor={cursor}")
    assert answer.status_code in (200, 404), answer.content


# --- Bids ----------------------------------------------------------------------------------------


def test_a_bid_from_letter_to_decline(ada, ben):
    posting = open_posting(ada)
    made = api_of(ben).post(
        f"/api/v1/postings/{posting.public_id}/bids/", sent_bid(100_001), format="json"
    )
    assert made.status_code == 201
    bid = made.json()
    assert bid["quote"] == {
        "price": 100_001,
        "client_fee": 3_000,
        "client_pays": 103_001,
        "freelancer_fee": 3_000,
        "freelancer_gets": 97_001,
    }
    assert (bid["role"], bid["next_steps"]) == ("freelancer", ["edit", "renew", "withdraw"])
    path = f"/api/v1/bids/{bid['id']}/"

    edited = api_of(ben).patch(path, {"letter": "Other words."}, format="json").json()
    assert (edited["version"], edited["letter"]) == (2, "Other words.")
    versions = api_of(ada).get(f"{path}versions/").json()
    assert [(v["version"], v["letter"]) for v in versions] == [
        (2, "Other words."),
        (1, "I have built three shops."),
    ]
    ada_sees = api_of(ada).get(path).json()
    assert (ada_sees["role"], ada_sees["next_steps"]) == (
        "client",
        ["shortlist", "offer", "counter", "decline"],
    )
    assert api_of(ada).post(f"{path}shortlist/").json()["status"] == "shortlisted"
    refused(api_of(ada).post(f"{path}shortlist/"), 409)
    assert api_of(ada).post(f"{path}unlist/").json()["status"] == "submitted"
    refused(api_of(ada).post(f"{path}withdraw/"), 403)
    refused(api_of(ada).post(f"{path}decline/", {}, format="json"), 400, "reason")
    declined = api_of(ada).post(f"{path}decline/", {"reason": "price"}, format="json").json()
    assert (declined["declined_for"], declined["status_reason"]) == (
        "price",
        "The price does not fit.",
    )
    refused(api_of(ben).post(f"{path}withdraw/"), 409)
    refused(api_of(ben).patch(path, {"letter": "Wait!"}, format="json"), 409)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"price": 0}, "price"),
        ({"price": -1}, "price"),
        ({"price": 10.5}, "price"),
        ({"price": "a lot"}, "price"),
        ({"price": 10**18}, "price"),
        ({"price": None}, "price"),
        ({"price": 79_999}, "plan"),
        ({"currency": "EUR"}, "currency"),
        ({"days": 0}, "days"),
        ({"days": 10_000}, "days"),
        ({"letter": ""}, "letter"),
        ({"letter": "x" * 10_001}, "letter"),
        ({"letter": "\0"}, "letter"),
        ({"plan": []}, "plan"),
        ({"plan": {}}, "plan"),
        ({"plan": "all"}, "plan"),
        ({"plan": [7]}, "plan[0]"),
        ({"plan": [{"title": "All", "amount": 80_000}]}, "plan[0].days"),
        ({"plan": [{"title": "All", "amount": 1, "days": 1}]}, "plan[0].amount"),
        ({"plan": [{"title": "All", "amount": 80_000, "days": 30}]}, "plan[0].days"),
        ({"plan": plan_of(*[4_000] * 21)}, "plan"),
        ({"valid_until": "2020-01-01T00:00:00Z"}, "valid_until"),
        ({"valid_until": "soon"}, "valid_until"),
        ({"valid_until": None}, "valid_until"),
    ],
)
def test_a_bid_that_makes_no_sense_is_refused_by_its_field(ada, ben, change, param):
    posting = open_posting(ada)
    answer = api_of(ben).post(
        f"/api/v1/postings/{posting.public_id}/bids/", sent_bid() | change, format="json"
    )
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"]["param"].startswith(param)
    assert not Bid.objects.exists()


def test_half_a_plan_in_an_edit_is_refused(ada, ben):
    bid = submitted_bid(open_posting(ada), ben)
    answer = api_of(ben).patch(
        f"/api/v1/bids/{bid.public_id}/", {"plan": [{"title": "All"}]}, format="json"
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["param"].startswith("plan[0].")


def test_each_side_lists_what_is_theirs(ada, ben, cleo):
    posting = open_posting(ada)
    bens, cleos = submitted_bid(posting, ben), submitted_bid(posting, cleo)
    path = f"/api/v1/postings/{posting.public_id}/bids/"

    def ids(user, url) -> list[str]:
        return [bid["id"] for bid in api_of(user).get(url).json()["results"]]

    assert ids(ada, path) == [cleos.public_id, bens.public_id]
    assert ids(ben, path) == ids(ben, "/api/v1/bids/") == [bens.public_id]
    assert ids(ada, "/api/v1/bids/") == []


def test_a_second_bid_is_refused_and_one_key_is_one_bid(ada, ben):
    posting = open_posting(ada)
    path, api, body = f"/api/v1/postings/{posting.public_id}/bids/", api_of(ben), sent_bid()
    for _ in range(2):
        answer = api.post(path, body, format="json", headers={"Idempotency-Key": "k1"})
        assert answer.status_code == 201
    refused(api.post(path, body, format="json"), 409)
    assert Bid.objects.count() == 1
    refused(api_of(ada).post(path, body, format="json"), 403)


def test_quotes_are_computed_and_not_kept(ben):
    api = api_of(ben)
    answer = api.post(
        "/api/v1/bids/quotes/", {"currency": "USD", "amounts": [33_333, 66_668]}, format="json"
    )
    # Each milestone has its own fee, rounded half-even: 9.9999 and 20.0004.
    assert answer.json()["freelancer_fee"] == 1_000 + 2_000

    for body, param in (
        ({"currency": "XXX", "amounts": [500]}, "currency"),
        ({"currency": "USD", "amounts": []}, "amounts"),
        ({"currency": "USD", "amounts": [499]}, "amounts[0]"),
        ({"currency": "USD", "amounts": [500] * 21}, "amounts"),
        ({"currency": "USD", "amounts": [60_000_000_000] * 2}, "amounts"),
        ({"currency": "USD", "amounts": 500}, "amounts"),
        ({}, "currency"),
    ):
        refused(api.post("/api/v1/bids/quotes/", body, format="json"), 400, param)


@pytest.mark.parametrize(
    "path", ["postings/", "postings/?q=lamp&order=match", "postings/mine/", "bids/", "of"]
)
def test_longer_lists_cost_no_more_queries(ada, ben, path):
    first = open_posting(ada)
    submitted_bid(first, ben)
    user = ben if path == "bids/" else ada
    path = f"postings/{first.public_id}/bids/" if path == "of" else path
    api = api_of(user)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api.get(f"/api/v1/{path}").status_code == 200
        return len(queries)

    cost()
    few = cost()
    for number in range(5):
        submitted_bid(open_posting(ada), ben)
        submitted_bid(first, person(f"Freelancer {number}"))
    assert cost() == few
