"""Finding open postings: filters, order, pages by key."""

import base64
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from marketplace.common.pages import capped_count, page_of
from projects.agreements.suspending.services import suspend_posting
from projects.bids.declining.services import close_bidding
from projects.postings.importing.services import import_postings
from projects.postings.models import Posting
from projects.postings.selectors import (
    KEYS,
    Filters,
    browse,
    open_postings,
    order_for,
    postings_visible_to,
)
from tests.against_the_rules import as_the_owner
from tests.world import GROUNDS, draft_posting, open_posting

pytestmark = pytest.mark.django_db


def found(order: str = "newest", **filters) -> list[str]:
    return [posting.title for posting in browse(Filters(**filters), order=order)]


def many(client, count: int, **fields) -> None:
    rows = [
        {"title": f"Posting {n}", "description": "Lamps", "skills": ["Python"]} | fields
        for n in range(count)
    ]
    import_postings(by=client, rows=rows, publish=True)


# --- Who sees what -------------------------------------------------------------------------------


def test_only_open_postings_are_found(ada, mona):
    draft_posting(ada, title="A draft")
    closed = open_posting(ada, title="A closed one")
    close_bidding(posting_id=closed.pk, reason="", by=ada)
    suspended = open_posting(ada, title="A suspended one")
    suspend_posting(**GROUNDS, posting_id=suspended.pk, reason="Hm.", by=mona)
    open_posting(ada, title="An open one")

    assert found() == ["An open one"]


def test_drafts_and_suspended_ones_are_their_owners_alone(ada, ben, mona):
    draft = draft_posting(ada)
    closed_draft = draft_posting(ada)
    close_bidding(posting_id=closed_draft.pk, reason="", by=ada)
    suspended = open_posting(ada)
    suspend_posting(**GROUNDS, posting_id=suspended.pk, reason="Hm.", by=mona)
    closed = open_posting(ada)
    close_bidding(posting_id=closed.pk, reason="", by=ada)

    assert set(postings_visible_to(ada)) == {draft, closed_draft, suspended, closed}
    assert set(postings_visible_to(ben)) == {closed}
    assert set(postings_visible_to(mona)) == {closed, suspended}
    browser = Client()
    assert browser.get(draft.path).status_code == 404
    assert browser.get(suspended.path).status_code == 404
    assert browser.get(closed.path).status_code == 200


# --- Filters -------------------------------------------------------------------------------------


def test_words_are_found_in_title_skills_and_description(ada):
    open_posting(ada, title="Build a shop", skills=[], description="Nothing more.")
    open_posting(ada, title="Paint a wall", skills=["Shopify Themes"], description="Nothing.")
    open_posting(ada, title="Write texts", skills=[], description="For shops and markets.")
    open_posting(ada, title="Unrelated", skills=[], description="Nothing.")

    assert found(q="shops") == ["Write texts", "Build a shop"]
    assert found(q="shopify themes") == ["Paint a wall"]
    assert found(q="shop -market") == ["Build a shop"]
    assert found(q='"paint a wall"') == ["Paint a wall"]
    assert found(q="wall or texts") == ["Write texts", "Paint a wall"]
    assert found(q="!!! (((") == []


def test_the_best_match_puts_the_title_first(ada):
    open_posting(ada, title="A shop", description="Nothing.")
    open_posting(ada, title="Texts", description="For a shop.")

    assert found(q="shop") == ["Texts", "A shop"]
    assert found(q="shop", order="match") == ["A shop", "Texts"]
    assert order_for(Filters(), "match") == "newest"


def test_a_skill_is_found_whatever_its_capitals(ada):
    open_posting(ada, title="One", skills=["Web Design"])
    open_posting(ada, title="Two", skills=["Web"])

    assert found(skill="web design") == ["One"]
    assert found(skill="WEB") == ["Two"]


def test_kind_and_age(ada, time_machine):
    open_posting(ada, title="Old and hourly", kind="hourly")
    time_machine.move_to(now() + timedelta(days=10))
    open_posting(ada, title="New and fixed")

    assert found(kind="hourly") == ["Old and hourly"]
    assert found(days=7) == ["New and fixed"]


def test_budgets_are_compared_as_ranges_in_one_currency(ada):
    open_posting(ada, title="500 to 1,000", budget_least=50_000, budget_most=100_000)
    open_posting(ada, title="from 2,000", budget_least=200_000, budget_most=None)
    open_posting(ada, title="up to 300", budget_least=None, budget_most=30_000)
    open_posting(ada, title="to offers", budget_least=None, budget_most=None)
    open_posting(ada, title="in yen", currency="JPY", budget_least=50_000, budget_most=100_000)

    assert found(currency="USD", budget_least=100_000) == ["from 2,000", "500 to 1,000"]
    assert found(currency="USD", budget_least=100_001) == ["from 2,000"]
    assert found(currency="USD", budget_most=49_999) == ["up to 300"]
    assert found(currency="USD", budget_least=40_000, budget_most=60_000) == ["500 to 1,000"]
    assert found(currency="JPY") == ["in yen"]


@pytest.mark.parametrize(
    ("filters", "param"),
    [
        ({"q": "a\0b"}, "q"),
        ({"q": "x" * 201}, "q"),
        ({"skill": "x" * 41}, "skill"),
        ({"kind": "daily"}, "kind"),
        ({"currency": "XXX"}, "currency"),
        ({"budget_least": 5}, "currency"),
        ({"budget_most": -5, "currency": "USD"}, "budget_most"),
        ({"days": 0}, "days"),
    ],
)
def test_filters_that_make_no_sense_are_refused(filters, param):
    with pytest.raises(InvalidInput) as refusal:
        Filters(**filters)
    assert refusal.value.param == param


# --- Pages ---------------------------------------------------------------------------------------


def walk(rows, keys, size: int) -> list[int]:
    """Every row, page by page, forwards; each step back must show the page before it."""
    ask, seen, before = RequestFactory(), [], None
    url = "?"
    while True:
        page = page_of(ask.get(f"/{url}"), rows, keys=keys, size=size)
        here = [row.pk for row in page.items]
        if before is not None:
            back = page_of(ask.get(f"/{page.previous_url}"), rows, keys=keys, size=size)
            assert [row.pk for row in back.items] == before
        seen += here
        if not page.next_url:
            return seen
        before, url = here, page.next_url


def test_pages_show_every_posting_once_also_where_moments_tie(ada):
    many(ada, 11)
    Posting.objects.filter(title__in=["Posting 2", "Posting 3", "Posting 4"]).update(
        published_at=now()
    )
    expected = list(open_postings().values_list("pk", flat=True))

    assert walk(browse(Filters()), KEYS["newest"], 2) == expected


def test_pages_of_the_best_matches_show_each_once(ada):
    many(ada, 5)
    many(ada, 4, title="Lamps of iron and glass")
    for n, posting in enumerate(Posting.objects.all()):
        Posting.objects.filter(pk=posting.pk).update(title=f"Lamps {'lamps ' * (n % 3)}{n}")
    rows = browse(Filters(q="lamps"), order="match")
    expected = [row.pk for row in rows]

    assert walk(rows, KEYS["match"], 2) == expected
    assert len(set(expected)) == Posting.objects.count()


def test_a_posting_that_comes_meanwhile_moves_nothing(ada):
    many(ada, 6)
    ask = RequestFactory()
    first = page_of(ask.get("/"), browse(Filters()), keys=KEYS["newest"], size=3)
    many(ada, 2, title="Brand new")
    second = page_of(ask.get(f"/{first.next_url}"), browse(Filters()), keys=KEYS["newest"], size=3)

    assert [p.title for p in first.items + second.items] == [
        f"Posting {n}" for n in (5, 4, 3, 2, 1, 0)
    ]


def _cursor(*said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "W10", "e30", "bnVsbA", "W2ZhbHNlLCAieCIsIDFd", "W3RydWUsMSxbXV0", "é"),
        _cursor(False, 1, 1),
        _cursor(False, "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00"),
        _cursor(False, "0001-01-01T00:00:00+23:59", 1),
        _cursor(False, "2026-01-01T00:00:00", 1),
    ],
)
def test_a_made_up_cursor_is_refused_in_words(ada, cursor):
    many(ada, 3)
    page = Client().get(f"/postings/?cursor={cursor}")
    assert page.status_code == 400
    assert "Begin at its first" in page.content.decode()


def test_a_total_is_counted_to_a_thousand_and_no_further(ada):
    many(ada, 2)
    assert capped_count(browse(Filters())) == "2"
    Posting.objects.bulk_create(
        Posting(
            client=Posting.objects.first().client,
            title=f"Extra {n}",
            status="open",
            published_at=now(),
        )
        for n in range(1_000)
    )
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert capped_count(browse(Filters())) == "1,000+"
    assert "LIMIT 1001" in queries[0]["sql"]


@pytest.mark.parametrize("query", ["", "q=lamps&order=match", "skill=python&kind=fixed"])
def test_more_postings_cost_no_more_queries(ada, ben, query):
    browser = Client()
    browser.force_login(ben)
    many(ada, 3)
    browser.get(f"/postings/?{query}")
    with CaptureQueriesContext(connection) as few:
        browser.get(f"/postings/?{query}")
    many(ada, 17, title="Another")
    with CaptureQueriesContext(connection) as more:
        browser.get(f"/postings/?{query}")

    assert len(more) == len(few)


def test_newest_first_reads_the_index_and_sorts_nothing(ada):
    many(ada, 300)
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE projects_posting")
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = browse(Filters())[:21].explain()
    assert "open_postings_newest_first" in plan
    assert "Sort" not in plan
    plan = browse(Filters(skill="python"))[:21].explain()
    assert "Seq Scan on projects_posting" not in plan


def test_those_for_several_have_their_index(ada):
    many(ada, 600)
    open_posting(ada, awards=3)
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE projects_posting")

    assert "open_postings_for_several" in browse(Filters(awards=2))[:21].explain()


def test_rare_words_and_skills_have_their_index(ada):
    many(ada, 600, description="Lamps and shades of glass, iron and paper.")
    open_posting(ada, title="A rare zeppelin", skills=["Zeppelins"])
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE projects_posting")

    assert "open_postings_words" in browse(Filters(q="zeppelin"))[:21].explain()
    assert "open_postings_skills" in browse(Filters(skill="zeppelins"))[:21].explain()


def test_words_are_counted_in_detail():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attstattarget FROM pg_attribute"
            " WHERE attrelid = 'projects_posting'::regclass AND attname = 'search'"
        )
        assert cursor.fetchone() == (1000,)
