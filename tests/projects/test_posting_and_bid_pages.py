"""The pages of postings and bids, as people use and misuse them."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.common.clock import now
from projects.bids.models import Bid
from projects.bids.services import edit_bid, shortlist_bid
from projects.postings.models import Posting
from tests.world import draft_posting, open_posting, person, plan_of, submitted_bid

pytestmark = pytest.mark.django_db


def browser_of(user=None) -> Client:
    browser = Client()
    if user is not None:
        browser.force_login(user)
    return browser


def test_whoever_has_bid_reads_their_own_price_on_the_posting(ada, ben):
    posting = open_posting(ada)
    submitted_bid(posting, ben, 80_000)

    assert "You have bid $800.00" in browser_of(ben).get(posting.path).content.decode()


def typed_posting(**fields) -> dict:
    return {
        "title": "A shop for lamps",
        "description": "With a basket.",
        "skills": "Python, Web design",
        "kind": "fixed",
        "visibility": "public",
        "budget_least": "500",
        "budget_most": "1,000.50",
        "currency": "USD",
        "wished_deadline": "",
        "bids_close_at": "",
        "then": "publish",
    } | fields


def typed_bid(*amounts: str, **fields) -> dict:
    rows = {}
    for place, amount in enumerate(amounts or ["400.00", "500.01"]):
        rows |= {
            f"row-{place}-title": f"Part {place + 1}",
            f"row-{place}-amount": amount,
            f"row-{place}-days": str(5 * (place + 1)),
            f"row-{place}-criteria": "It runs.\n\nIt is fast.",
        }
    return {"letter": "I have done this before.", "valid_days": "30"} | rows | fields


# --- Postings ------------------------------------------------------------------------------------


def test_a_visitor_may_look_around_but_must_log_in_to_write(ada):
    posting = open_posting(ada)
    visitor = browser_of()

    for path in ("/", "/postings/", "/postings/?q=lamp", posting.path):
        assert visitor.get(path).status_code == 200, path
    for path in ("/postings/new/", f"{posting.path}bid/", "/my/postings/", "/my/bids/"):
        answer = visitor.get(path)
        assert answer.status_code == 302, path
        assert "login" in answer.url


def test_writing_and_publishing_takes_one_page(ada):
    answer = browser_of(ada).post("/postings/new/", typed_posting())

    posting = Posting.objects.get()
    assert answer.url == posting.path
    assert (posting.status, posting.budget_least, posting.budget_most) == ("open", 50_000, 100_050)
    assert posting.skills == ["Python", "Web design"]


def test_a_draft_is_saved_and_published_later(ada):
    browser = browser_of(ada)
    browser.post("/postings/new/", typed_posting(then="draft", description=""))
    posting = Posting.objects.get()
    assert posting.status == "draft"

    refused = browser.post(f"{posting.path}edit/", typed_posting(description=""))
    assert refused.status_code == 400
    assert "Say what you want done" in refused.content.decode()
    browser.post(f"{posting.path}edit/", typed_posting())

    posting.refresh_from_db()
    assert posting.status == "open"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "ab"),
        ("title", "x" * 151),
        ("title", "Lamps\0"),
        ("title", "Lamps \x07"),
        ("description", "x" * 20_001),
        ("skills", ",".join(f"s{n}" for n in range(16))),
        ("skills", "x" * 41),
        ("kind", "daily"),
        ("currency", "XXX"),
        ("budget_least", "-5"),
        ("budget_least", "0"),
        ("budget_least", "0.001"),
        ("budget_least", "a lot"),
        ("budget_most", "1e30"),
        ("budget_most", "NaN"),
        ("budget_most", "499.99"),
        ("wished_deadline", "2020-01-01"),
        ("wished_deadline", "soon"),
        ("bids_close_at", "2020-01-01T10:00"),
        ("bids_close_at", "9999-12-31T23:59"),
        ("bids_close_at", "0001-01-01T00:00"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(ada, field, value):
    page = browser_of(ada).post("/postings/new/", typed_posting(**{field: value}))

    assert page.status_code == 400
    assert page.context["form"].errors.get(field), page.context["form"].errors
    assert not Posting.objects.exists()
    if field != "description":  # nothing typed is lost
        assert "With a basket." in page.content.decode()


def test_yen_have_no_cents(ada):
    page = browser_of(ada).post(
        "/postings/new/", typed_posting(currency="JPY", budget_least="500.5", budget_most="")
    )
    assert page.context["form"].errors.get("budget_least")


def test_script_in_a_posting_is_only_text(ada):
    script = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    posting = open_posting(
        ada, title=f"Shop {script}", description=f"Hi {script} [x](javascript:1)"
    )

    for path in (posting.path, "/postings/", "/"):
        page = browser_of().get(path).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page


def test_an_open_posting_keeps_kind_and_currency_whatever_is_sent(ada):
    posting = open_posting(ada)
    browser_of(ada).post(
        f"{posting.path}edit/",
        typed_posting(kind="hourly", currency="EUR", title="Lamp shop", then="save"),
    )

    posting.refresh_from_db()
    assert (posting.title, posting.kind, posting.currency) == ("Lamp shop", "fixed", "USD")


def test_saving_without_a_change_moves_nothing(ada):
    posting = open_posting(ada, bids_close_at=now() + timedelta(days=3, seconds=17))
    browser = browser_of(ada)
    form = browser.get(f"{posting.path}edit/").context["form"]
    kept = {name: form[name].value() for name in form.fields}
    kept["bids_close_at"] = posting.bids_close_at.strftime("%Y-%m-%dT%H:%M")

    browser.post(f"{posting.path}edit/", {k: "" if v is None else v for k, v in kept.items()})

    again = Posting.objects.get()
    assert again.bids_close_at == posting.bids_close_at
    assert again.edited_at is None


def test_only_the_owner_edits_and_closes(ada, ben):
    posting = open_posting(ada)
    for path in ("edit/", "close/"):
        assert browser_of(ben).get(posting.path + path).status_code == 403
        assert browser_of(ben).post(posting.path + path, {}).status_code == 403
    assert browser_of(ben).post(f"{posting.path}publish/").status_code == 403
    assert browser_of(ada).get(f"{posting.path}publish/").status_code == 405


def test_closing_asks_for_no_more_than_a_sentence(ada, ben):
    posting = open_posting(ada)
    bid = submitted_bid(posting, ben)
    browser = browser_of(ada)

    assert "1 bid will be given back" in browser.get(f"{posting.path}close/").content.decode()
    assert browser.post(f"{posting.path}close/", {"reason": "x" * 301}).status_code == 400
    assert browser.post(f"{posting.path}close/", {"reason": "a\x07b"}).status_code == 400
    assert browser.post(f"{posting.path}close/", {"reason": ""}).status_code == 302
    assert browser.post(f"{posting.path}close/", {"reason": ""}).status_code == 409
    bid.refresh_from_db()
    assert bid.status == "declined"


def test_files_are_added_and_served_as_downloads(ada):
    posting = draft_posting(ada)
    browser = browser_of(ada)
    html = {"files": SimpleUploadedFile("lamp.html", b"<script>")}
    assert "“lamp.html” are" in browser.post(f"{posting.path}files/", html).content.decode()
    text = SimpleUploadedFile("lamp.txt", b"<script>alert(1)</script>", content_type="text/html")
    assert browser.post(f"{posting.path}files/", {"files": text}).status_code == 302
    stored = posting.files.get().stored
    path = f"{posting.path}files/{stored.public_id}/"
    answer = browser.get(path)
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert browser_of().get(path).status_code == 404  # a draft's files are as unseen as the draft

    assert browser.post(f"{posting.path}files/").status_code == 400
    assert browser.post(f"{path}remove/").status_code == 302
    assert browser.get(path).status_code == 404


def test_filters_that_do_not_fit_together_are_explained(ada):
    open_posting(ada)
    page = browser_of().get("/postings/?budget_least=500")
    assert page.status_code == 400
    assert page.context["form"].errors["currency"]

    for query in ("kind=x", "days=2", "budget_least=abc&currency=USD", "q=" + "x" * 201):
        assert browser_of().get(f"/postings/?{query}").status_code == 400, query


def test_htmx_gets_the_results_alone(ada):
    open_posting(ada)
    page = browser_of().get("/postings/?q=lamps", headers={"HX-Request": "true"})
    text = page.content.decode()
    assert 'id="results"' in text
    assert "<html" not in text
    assert "handmade lamps" in text


# --- Bids ----------------------------------------------------------------------------------------


def test_a_bid_is_a_letter_and_a_plan(ada, ben):
    posting = open_posting(ada)

    answer = browser_of(ben).post(f"{posting.path}bid/", typed_bid("400", "1,500.01"))

    bid = Bid.objects.get()
    assert answer.url == bid.path
    assert (bid.price, bid.days) == (190_001, 10)
    assert bid.plan[0] == {
        "title": "Part 1",
        "amount": 40_000,
        "days": 5,
        "criteria": ["It runs.", "It is fast."],
    }
    assert browser_of(ben).get(f"{posting.path}bid/").url == bid.path


def test_one_more_row_loses_nothing_that_was_typed(ada, ben):
    posting = open_posting(ada)
    browser = browser_of(ben)
    typed = typed_bid("what it costs", then="row", letter="<b>Half a letter")

    page = browser.post(f"{posting.path}bid/", typed)

    assert page.status_code == 200
    text = page.content.decode()
    assert "what it costs" in text
    assert "&lt;b&gt;Half a letter" in text
    assert "row-1-title" in text
    assert not page.context["form"].errors
    assert not Bid.objects.exists()

    part = browser.post(f"{posting.path}bid/", typed, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert "what it costs" in part.content.decode()


def test_rows_end_at_twenty(ada, ben):
    posting = open_posting(ada)
    typed = typed_bid(*["50"] * 20, then="row")

    text = browser_of(ben).post(f"{posting.path}bid/", typed).content.decode()
    assert "row-19-title" in text
    assert "row-20-title" not in text


def test_a_preview_shows_both_sums_and_sends_nothing(ada, ben):
    posting = open_posting(ada)

    page = browser_of(ben).post(f"{posting.path}bid/", typed_bid("1000.01", then="preview"))

    text = page.content.decode()
    assert "$970.01" in text  # 1,000.01 less 3 %: 30.00
    assert "$1,030.01" in text
    assert not Bid.objects.exists()


def test_the_quote_follows_what_is_typed(ada, ben):
    ask = browser_of(ben).get
    assert "$970.01" in ask("/bids/quote/?currency=USD&row-0-amount=1000.01").content.decode()
    assert "¥970" in ask("/bids/quote/?currency=JPY&row-0-amount=1000").content.decode()
    assert "at least $5.00" in ask("/bids/quote/?currency=USD&row-0-amount=1").content.decode()
    assert "as a number" in ask("/bids/quote/?currency=USD&row-0-amount=x").content.decode()
    assert ask("/bids/quote/?currency=XXX").status_code == 400
    many = "&".join(f"row-{n}-amount=5" for n in range(25))
    assert "1 to 20" in ask(f"/bids/quote/?currency=USD&{many}").content.decode()


@pytest.mark.parametrize(
    ("change", "place", "field"),
    [
        ({"letter": ""}, None, "letter"),
        ({"letter": "x" * 10_001}, None, "letter"),
        ({"letter": "a\x07"}, None, "letter"),
        ({"valid_days": "365"}, None, "valid_days"),
        ({"row-0-title": ""}, 0, "title"),
        ({"row-0-title": "x" * 151}, 0, "title"),
        ({"row-1-amount": "4.99"}, 1, "amount"),
        ({"row-1-amount": "-400"}, 1, "amount"),
        ({"row-1-amount": "5.001"}, 1, "amount"),
        ({"row-1-amount": "1e30"}, 1, "amount"),
        ({"row-1-amount": "free"}, 1, "amount"),
        ({"row-1-amount": ""}, 1, "amount"),
        ({"row-1-days": "0"}, 1, "days"),
        ({"row-1-days": "1.5"}, 1, "days"),
        ({"row-1-days": "9" * 5_000}, 1, "days"),
        ({"row-1-days": "4"}, 1, "days"),
        ({"row-1-criteria": "x" * 301}, 1, "criteria"),
        ({"row-1-criteria": "\n".join("x" * 11)}, 1, "criteria"),
    ],
)
def test_a_bid_that_makes_no_sense_is_refused_beside_its_field(ada, ben, change, place, field):
    posting = open_posting(ada)

    page = browser_of(ben).post(f"{posting.path}bid/", typed_bid() | change)

    assert page.status_code == 400
    form = page.context["form"]
    errors = form.errors if place is None else form.rows[place].errors
    assert errors.get(field), (form.errors, [row.errors for row in form.rows])
    assert not Bid.objects.exists()


def test_an_empty_plan_is_refused(ada, ben):
    posting = open_posting(ada)
    page = browser_of(ben).post(f"{posting.path}bid/", {"letter": "Hi", "valid_days": "7"})
    assert page.status_code == 400
    assert "at least one milestone" in page.content.decode()


def test_a_row_that_was_left_empty_is_not_judged(ada, ben):
    posting = open_posting(ada)
    empty = {f"row-2-{field}": " " for field in ("title", "amount", "days", "criteria")}

    page = browser_of(ben).post(f"{posting.path}bid/", typed_bid("400", "free") | empty)

    assert [bool(row.errors) for row in page.context["form"].rows] == [False, True, False]
    assert browser_of(ben).post(f"{posting.path}bid/", typed_bid() | empty).status_code == 302


def test_row_names_of_ones_own_making_are_harmless(ada, ben):
    posting = open_posting(ada)
    odd = {
        "row-": "1",
        "row-x-title": "1",
        "row-99999-title": "1",
        "row-٣-title": "1",
        "row-55-title": "",
    }
    page = browser_of(ben).post(f"{posting.path}bid/", odd | {"then": "row"})
    assert page.status_code == 200


def test_nobody_bids_on_their_own_or_on_what_is_closed(ada, ben):
    posting = open_posting(ada)
    assert browser_of(ada).get(f"{posting.path}bid/").status_code == 403
    assert browser_of(ada).post(f"{posting.path}bid/", typed_bid()).status_code == 403
    browser_of(ada).post(f"{posting.path}close/", {"reason": ""})
    assert browser_of(ben).post(f"{posting.path}bid/", typed_bid()).status_code == 409


def test_editing_shows_both_what_changed(ada, ben):
    bid = submitted_bid(open_posting(ada), ben)
    browser = browser_of(ben)
    form = browser.get(f"{bid.path}edit/").context["form"]
    assert form.rows[0]["amount"].value() == 800

    typed = typed_bid("400", "500", valid_days="")
    assert browser.post(f"{bid.path}edit/", typed).status_code == 302

    for person_ in (ada, ben):
        page = browser_of(person_).get(bid.path).content.decode()
        assert "$800.00" in page and "$900.00" in page
        assert "I have built three shops like this one." in page  # the earlier letter
    assert browser_of(ada).get(f"{bid.path}edit/").status_code == 403


def test_shortlisting_swaps_the_row_alone(ada, ben):
    posting = open_posting(ada)
    bid = submitted_bid(posting, ben)
    browser = browser_of(ada)

    part = browser.post(f"{bid.path}shortlist/", headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    assert browser.post(f"{bid.path}shortlist/").status_code == 409
    assert browser.post(f"{bid.path}unlist/").url == bid.path
    assert browser_of(ben).post(f"{bid.path}shortlist/").status_code == 403


def test_only_the_client_finds_the_way_to_the_award(ada, ben):
    bid = submitted_bid(open_posting(ada), ben)

    assert f'href="{bid.path}award/"' in browser_of(ada).get(bid.path).content.decode()
    assert browser_of(ada).get(f"{bid.path}award/").status_code == 200
    assert "award" not in browser_of(ben).get(bid.path).content.decode().lower()


def test_declining_takes_a_reason(ada, ben):
    bid = submitted_bid(open_posting(ada), ben)
    browser = browser_of(ada)

    assert browser.post(f"{bid.path}decline/", {"reason": " "}).status_code == 400
    assert browser.post(f"{bid.path}decline/", {"reason": "price"}).status_code == 302
    assert "The price does not fit." in browser_of(ben).get(bid.path).content.decode()


def test_bids_are_compared_side_by_side(ada, ben, cleo):
    posting = open_posting(ada)
    first = submitted_bid(posting, ben, price=90_000)
    second = submitted_bid(posting, cleo, price=70_000)
    browser = browser_of(ada)

    assert browser.get(f"{posting.path}compare/").context["columns"] == []
    shortlist_bid(bid_id=first.pk, by=ada)
    columns = browser.get(f"{posting.path}compare/").context["columns"]
    assert [c["bid"] for c in columns] == [first]
    page = browser.get(f"{posting.path}compare/?bid={first.public_id}&bid={second.public_id}&bid=x")
    assert [c["bid"] for c in page.context["columns"]] == [second, first]
    assert "$927.00" in page.content.decode()  # what Ada pays for Ben's


@pytest.mark.parametrize("page", ["bids/", "bids/?shown=shortlist", "compare/"])
def test_more_bids_cost_no_more_queries(ada, page):
    posting = open_posting(ada)
    browser = browser_of(ada)

    def bid_of(number: int) -> None:
        bid = submitted_bid(posting, person(f"Freelancer {number}"))
        shortlist_bid(bid_id=bid.pk, by=ada)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(posting.path + page).status_code == 200
        return len(queries)

    bid_of(0)
    cost()
    few = cost()
    for number in range(1, 6):
        bid_of(number)
    assert cost() == few


def test_more_of_ones_own_cost_no_more_queries(ada, ben):
    def cost(user, path: str) -> int:
        browser = browser_of(user)
        browser.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(path).status_code == 200
        return len(queries)

    submitted_bid(open_posting(ada), ben)
    few = cost(ben, "/my/bids/"), cost(ada, "/my/postings/")
    for _ in range(5):
        submitted_bid(open_posting(ada), ben)
    assert (cost(ben, "/my/bids/"), cost(ada, "/my/postings/")) == few


def test_the_history_of_many_edits_costs_no_more_queries(ada, ben):
    bid = submitted_bid(open_posting(ada), ben)
    edit_bid(bid_id=bid.pk, by=ben, price=81_000, plan=plan_of(81_000))
    browser = browser_of(ada)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            browser.get(bid.path)
        return len(queries)

    cost()
    few = cost()
    for n in range(4):
        edit_bid(bid_id=bid.pk, by=ben, letter=f"Wording {n}")
    assert cost() == few
