"""A posting that is in no list: whoever was given its address reads it and bids."""

import pytest
from django.test import Client

from projects.postings.models import Posting
from projects.postings.selectors import Filters, browse
from projects.postings.services import edit_posting
from projects.questions.services import ask_question
from tests.world import api_of, draft_posting, open_posting, submitted_bid

pytestmark = pytest.mark.django_db

TITLE = "A shop that few know of"


@pytest.fixture
def unlisted(ada) -> Posting:
    return open_posting(ada, title=TITLE, visibility="unlisted")


def browser_of(user=None) -> Client:
    browser = Client()
    if user is not None:
        browser.force_login(user)
    return browser


def test_it_is_in_no_list_and_found_by_no_search(ada, ben, unlisted):
    listed = open_posting(ada, title="A shop that all know of", skills=["Python"])

    for order in ("newest", "match"):
        for filters in (Filters(), Filters(q="shop"), Filters(skill="python")):
            assert list(browse(filters, order=order)) == [listed], (order, filters)
    for browser in (browser_of(), browser_of(ben), browser_of(ada)):
        for path in ("/", "/postings/", "/postings/?q=shop", "/postings/?q=shop&order=match"):
            assert TITLE not in browser.get(path).content.decode(), path
    answer = api_of(ben).get("/api/v1/postings/?q=shop").json()
    assert [row["id"] for row in answer["results"]] == [listed.public_id]


def test_the_count_of_what_was_found_does_not_give_it_away(unlisted):
    assert browser_of().get("/postings/?q=shop").context["count"] == "0"


def test_whoever_has_its_address_reads_asks_and_bids(ben, unlisted):
    page = browser_of().get(unlisted.path)
    assert page.status_code == 200
    assert TITLE in page.content.decode()
    assert page["Referrer-Policy"] == "same-origin"  # a link in it tells nobody its address
    assert '<meta name="robots" content="noindex">' in page.content.decode()

    seen = api_of(ben).get(f"/api/v1/postings/{unlisted.public_id}/").json()
    assert (seen["visibility"], seen["takes_bids"]) == ("unlisted", True)
    assert ask_question(posting_id=unlisted.pk, text="In which colour?", by=ben).pk
    assert browser_of(ben).get(f"{unlisted.path}bid/").status_code == 200
    assert submitted_bid(unlisted, ben).posting == unlisted


def test_a_public_one_may_be_indexed(ada):
    assert "noindex" not in browser_of().get(open_posting(ada).path).content.decode()


def test_a_draft_of_it_is_its_owners_alone(ada, ben):
    draft = draft_posting(ada, visibility="unlisted")

    assert browser_of(ben).get(draft.path).status_code == 404
    assert "whoever has its address" in browser_of(ada).get(draft.path).content.decode()


def test_its_owner_lists_it_among_their_own(ada, unlisted):
    page = browser_of(ada).get("/my/postings/").content.decode()
    assert TITLE in page
    assert "Unlisted" in page
    mine = api_of(ada).get("/api/v1/postings/mine/").json()["results"]
    assert [row["visibility"] for row in mine] == ["unlisted"]


def test_it_is_taken_off_the_lists_and_put_back_while_it_is_open(ada):
    posting = open_posting(ada)
    assert list(browse(Filters())) == [posting]

    edited = edit_posting(posting_id=posting.pk, by=ada, visibility="unlisted")
    assert list(browse(Filters())) == []
    # What is asked for is the same: nobody who has bid need read it again.
    assert edited.edited_at is None

    api = api_of(ada)
    path = f"/api/v1/postings/{posting.public_id}/"
    assert api.patch(path, {"visibility": "public"}, format="json").json()["visibility"] == "public"
    assert list(browse(Filters())) == [posting]


def test_a_word_changed_with_it_is_an_edit(ada, unlisted):
    edited = edit_posting(posting_id=unlisted.pk, by=ada, visibility="public", title="Another shop")
    assert edited.edited_at is not None


def test_the_page_of_the_form_says_who_finds_it(ada, unlisted):
    typed = browser_of(ada).get(f"{unlisted.path}edit/").context["form"]["visibility"]
    assert typed.value() == "unlisted"

    answer = browser_of(ada).post(f"{unlisted.path}edit/", {"title": TITLE, "visibility": "secret"})
    assert answer.status_code == 400
    assert answer.context["form"].errors["visibility"]
