"""Whoever works at the desk keeps a search under a name, for themselves."""

from functools import partial

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from accounts.people.filters import services
from accounts.people.filters.models import SavedFilter
from accounts.people.filters.services import MOST_FILTERS, forget_filter, save_filter
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.errors import InvalidInput
from marketplace.common.lifecycle import SYSTEM
from projects.web.desk.filters import LISTS
from tests.races import at_once
from tests.test_house import SOURCES
from tests.world import browser, person

pytestmark = pytest.mark.django_db

URL = "/desk/filters/"


@pytest.fixture
def sven(db) -> User:
    return grant_staff_roles(user_id=person("Sven").pk, roles={"support"}, by=SYSTEM)


def saved(by: User, name: str = "Ada’s", page: str = "desk-mails", **query: str) -> SavedFilter:
    return save_filter(page=page, name=name, query=query or {"words": "Ada"}, by=by)


def asked(**more: str) -> dict[str, str]:
    return {"page": "desk-payouts", "name": "What failed", "status": "failed", "words": ""} | more


def test_every_list_that_is_searched_keeps_searches():
    searches = {
        line.split("(")[0].removeprefix("class ")
        for path in SOURCES
        if "desk" in path.parts
        for line in path.read_text().splitlines()
        if line.startswith("class ") and "(DeskSearch)" in line
    }
    assert {search.__name__ for search in LISTS.values()} == searches


@pytest.mark.parametrize("page", LISTS)
def test_a_search_is_saved_found_and_forgotten(sven, page):
    at, url = browser(sven), LISTS[page]().url
    narrowed = at.get(url, {"words": "Ada & Co"}).text
    assert "Save it" in narrowed and "Save it" not in at.get(url).text

    sent = at.post(URL, {"page": page, "name": " Ada’s ", "words": " Ada & Co "})

    assert (sent.status_code, sent.url) == (302, url)
    kept = SavedFilter.objects.get()
    assert (kept.name, kept.query, kept.owner) == ("Ada’s", {"words": "Ada & Co"}, sven)
    shown = at.get(url).text
    assert f'href="{url}?words=Ada+%26+Co"' in shown and 'aria-current="page">Ada’s' not in shown
    assert 'aria-current="page">Ada’s' in at.get(url, {"words": "Ada & Co"}).text
    assert at.post(f"{URL}{kept.public_id}/forget/").url == url
    assert "?words=Ada" not in at.get(url).text


def test_it_keeps_what_was_asked_and_nothing_else(sven):
    browser(sven).post(URL, asked(cursor="abc", csrf="x"))
    assert SavedFilter.objects.get().query == {"status": "failed"}


def test_it_is_for_its_owner_and_its_list_alone(sven, dora):
    kept = saved(sven)
    assert kept.name not in browser(dora).get("/desk/mails/").text
    assert kept.name not in browser(sven).get("/desk/payouts/").text
    assert browser(dora).post(f"{URL}{kept.public_id}/forget/").status_code == 404
    forget_filter(filter_id=kept.pk, by=dora)
    assert SavedFilter.objects.filter(pk=kept.pk).exists()
    # The same name elsewhere, and somebody else's, are others.
    saved(dora), saved(sven, page="desk-payouts")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (asked(name=""), "This field is required."),
        (asked(name=" \n"), "This field is required."),
        (asked(name="x" * 41), "at most 40 characters"),
        (asked(name="x" * 100_000), "at most 40 characters"),
        (asked(name="nul\0"), "Null characters are not allowed."),
        (asked(status=""), "Search for something first"),
        (asked(status="no such"), "Select a valid choice."),
        (asked(words="x" * 201), "at most 200 characters"),
        (asked(name="ADA’S"), "another search under this name"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_saved_is_refused_beside_its_field(sven, sent, said):
    saved(sven, page="desk-payouts")
    answer = browser(sven).post(URL, sent)
    assert (answer.status_code, said in answer.text) == (400, True)
    assert 'aria-invalid="true"' in answer.text
    assert SavedFilter.objects.count() == 1


@pytest.mark.parametrize(("one", "other"), [("ẞ", "ß"), ("STRAẞE", "Straße")])
def test_names_that_are_one_in_small_letters_are_one(sven, one, other):
    saved(sven, name=one)
    with pytest.raises(InvalidInput, match="another search under this name"):
        saved(sven, name=other)


def test_a_list_that_there_is_not_is_not_there(sven):
    assert browser(sven).post(URL, asked(page="https://example.com/")).status_code == 404
    assert browser(sven).post(URL, {}).status_code == 404


def test_there_is_room_for_so_many_and_the_page_costs_the_same(sven):
    saved(sven)
    with CaptureQueriesContext(connection) as one:
        browser(sven).get("/desk/mails/")
    for number in range(1, MOST_FILTERS):
        saved(sven, name=f"Number {number}")
    with CaptureQueriesContext(connection) as many:
        shown = browser(sven).get("/desk/mails/").text
    assert (f"Number {MOST_FILTERS - 1}" in shown, len(many)) == (True, len(one))
    with pytest.raises(InvalidInput, match="forget one first"):
        saved(sven, name="One more")


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_save_one_of_a_name(sven):
    assert sorted(at_once(*[partial(saved, sven)] * 8)) == ["done"] + ["invalid_input"] * 7


def test_the_database_keeps_names_apart(sven, monkeypatch):
    saved(sven)
    monkeypatch.setattr(services, "saved_filters_of", lambda *_, **__: SavedFilter.objects.none())
    with pytest.raises(IntegrityError, match="a_saved_filter_has_a_name_of_its_own"):
        saved(sven, name="ADA’S")
