"""Bids are for the client and their author; for everybody else they do not exist."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from projects.bids.selectors import bids_of, bids_on, own_bids_of
from projects.bids.services import edit_bid, withdraw_bid
from tests.world import api_of, open_posting, plan_of, submitted_bid

pytestmark = pytest.mark.django_db

SECRET = "My uncle owns the lamp factory."


@pytest.fixture
def posting(ada):
    return open_posting(ada)


@pytest.fixture
def bid(posting, ben):
    return submitted_bid(posting, ben, letter=SECRET)


def test_who_sees_it(posting, bid, ada, ben, cleo, dora, mona):
    assert list(bids_of(ada)) == [bid]
    assert list(bids_of(ben)) == [bid]
    for stranger in (cleo, dora, mona, AnonymousUser()):
        assert list(bids_of(stranger)) == []
        assert list(bids_on(posting, stranger)) == []
    assert list(bids_on(posting, ada)) == [bid]
    assert list(own_bids_of(ben)) == [bid]
    assert list(own_bids_of(ada)) == []


def test_a_rival_sees_only_their_own(posting, bid, cleo):
    rival = submitted_bid(posting, cleo)
    assert list(bids_of(cleo)) == [rival]
    assert list(bids_on(posting, cleo)) == [rival]


def test_its_pages_are_not_there_for_others(posting, bid, ben, cleo, dora):
    doors = [
        ("get", f"/bids/{bid.public_id}/"),
        ("get", f"/bids/{bid.public_id}/edit/"),
        ("post", f"/bids/{bid.public_id}/edit/"),
        ("post", f"/bids/{bid.public_id}/withdraw/"),
        ("post", f"/bids/{bid.public_id}/shortlist/"),
        ("post", f"/bids/{bid.public_id}/unlist/"),
        ("get", f"/bids/{bid.public_id}/decline/"),
        ("post", f"/bids/{bid.public_id}/decline/"),
    ]
    for person in (cleo, dora):
        browser = Client()
        browser.force_login(person)
        for method, path in doors:
            assert getattr(browser, method)(path).status_code == 404, (person, path)
    for person in (ben, cleo, dora):
        browser.force_login(person)
        for path in ("bids/", "compare/"):
            assert browser.get(posting.path + path).status_code == 404, (person, path)
    bid.refresh_from_db()
    assert bid.status == "submitted"


def test_the_api_has_no_such_thing_for_others(bid, cleo, dora):
    for person in (cleo, dora):
        program = api_of(person)
        for path in ("", "versions/"):
            assert program.get(f"/api/v1/bids/{bid.public_id}/{path}").status_code == 404
        for path in ("withdraw/", "shortlist/", "unlist/", "decline/"):
            answer = program.post(
                f"/api/v1/bids/{bid.public_id}/{path}", {"reason": "No."}, format="json"
            )
            assert answer.status_code == 404, path
        assert program.patch(f"/api/v1/bids/{bid.public_id}/", {}, format="json").status_code == 404


def test_no_page_tells_a_stranger_of_it(posting, bid, cleo):
    browser = Client()
    for person in (None, cleo):
        if person:
            browser.force_login(person)
        for path in ("/", "/postings/", posting.path):
            page = browser.get(path).content.decode()
            assert SECRET not in page
            assert bid.public_id not in page
            assert "$800" not in page


def test_what_was_withdrawn_is_its_authors_alone_again(posting, bid, ada, ben):
    edit_bid(bid_id=bid.pk, by=ben, price=90_000, plan=plan_of(90_000))
    withdraw_bid(bid_id=bid.pk, by=ben)
    browser = Client()

    browser.force_login(ada)
    for path in (bid.path, f"{posting.path}bids/"):
        page = browser.get(path)
        assert page.status_code == 200
        assert SECRET not in page.content.decode()
        assert "900.00" not in page.content.decode()
    seen = api_of(ada).get(f"/api/v1/bids/{bid.public_id}/").json()
    assert (seen["status"], seen["letter"], seen["price"], seen["plan"], seen["quote"]) == (
        "withdrawn",
        None,
        None,
        None,
        None,
    )
    assert api_of(ada).get(f"/api/v1/bids/{bid.public_id}/versions/").json() == []
    listed = api_of(ada).get(f"/api/v1/postings/{posting.public_id}/bids/").json()
    assert listed["results"][0]["letter"] is None

    browser.force_login(ben)
    assert SECRET in browser.get(bid.path).content.decode()
    assert len(api_of(ben).get(f"/api/v1/bids/{bid.public_id}/versions/").json()) == 2
