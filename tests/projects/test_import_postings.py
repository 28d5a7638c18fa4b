"""``manage.py import_postings``."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from projects.postings.importing import services as importing
from projects.postings.importing.services import import_postings
from projects.postings.models import Posting
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after

pytestmark = pytest.mark.django_db

HEADER = "title,kind,budget_min_usd,budget_max_usd,level,skills\n"
GOOD = HEADER + (
    "Shop for lamps,fixed,120.00,120.00,expert,Web Development|Shopify\n"
    '"Texts, in German",hourly,12.00,27.50,intermediate,Writing\n'
    "Need a logo,hourly,,,entry_level,\n"
)


@pytest.fixture
def run(tmp_path: Path, capsys):
    """Import these bytes: the exit status, what was said and what was complained of."""

    def run(content: str | bytes, *options: str, client: str = "ada@example.com"):
        file = tmp_path / "postings.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        status = 0
        try:
            call_command("import_postings", str(file), "--client", client, *options)
        except SystemExit as stop:
            status = stop.code
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_the_real_columns_become_open_postings(ada, run):
    status, said, complained = run(GOOD)

    assert (status, complained) == (0, "")
    assert "Imported 3, there already 0, refused 0." in said
    fixed, hourly, free = Posting.objects.order_by("pk")
    assert (fixed.title, fixed.description) == ("Shop for lamps", "Shop for lamps")
    assert fixed.skills == ["Web Development", "Shopify"]
    assert (fixed.kind, fixed.budget_least, fixed.budget_most) == ("fixed", 12_000, 12_000)
    assert (hourly.title, hourly.kind, hourly.budget_most) == ("Texts, in German", "hourly", 2_750)
    assert (free.budget_least, free.budget_most, free.currency) == (None, None, "USD")
    assert {p.status for p in (fixed, hourly, free)} == {"open"}
    assert all(p.client.name == "Ada" and p.published_at for p in (fixed, hourly, free))
    assert fixed.published_at < hourly.published_at < free.published_at


def test_twice_makes_nothing_twice_but_another_client_may_want_the_same(ada, ben, run):
    run(GOOD)
    status, said, _ = run(GOOD + "One more,fixed,5,5,expert,\n")
    assert (status, Posting.objects.count()) == (0, 4)
    assert "Imported 1, there already 3, refused 0." in said

    run(GOOD, client="Ben@Example.com")
    assert Posting.objects.count() == 7


def test_a_title_that_comes_twice_in_a_file_is_imported_once(ada, run):
    _, said, _ = run(GOOD + "Need a logo,fixed,5,5,expert,\n")
    assert "Imported 3, there already 1, refused 0." in said


def test_drafts_stay_with_their_client(ada, run):
    run(GOOD, "--draft")
    assert set(Posting.objects.values_list("status", "published_at")) == {("draft", None)}


def test_awards_are_used_where_they_are_said(ada, run):
    header = "title,kind,budget_min_usd,budget_max_usd,skills,awards\n"
    bad = ["0", "21", "-1", "1.5", "two", "9" * 30, "²"]
    lines = [f"Bad {place},fixed,,,,{awards}" for place, awards in enumerate(bad)]

    status, said, complained = run(
        header + "Three,fixed,,,, 3 \nOne,fixed,,,,\n" + "\n".join(lines)
    )

    assert (status, f"Imported 2, there already 0, refused {len(bad)}." in said) == (1, True)
    assert [line.partition(": ")[2][:7] for line in complained.splitlines()] == ["awards:"] * 7
    assert dict(Posting.objects.values_list("title", "awards")) == {"Three": 3, "One": 1}


def test_a_description_is_used_where_there_is_one(ada, run):
    run("title,kind,budget_min_usd,budget_max_usd,skills,description\nA logo,fixed,,,,Of a lamp\n")
    assert Posting.objects.get().description == "Of a lamp"


def test_bad_lines_are_named_and_the_rest_is_imported(ada, run):
    bad = [
        (",fixed,1,1,expert,", "title"),
        ("ab,fixed,1,1,expert,", "title"),
        (f"{'x' * 151},fixed,1,1,expert,", "title"),
        ("Has a \0 in it,fixed,1,1,expert,", "title"),
        ("Wrong kind,daily,1,1,expert,", "kind"),
        ("Letters,fixed,lots,1,expert,", "budget_min_usd"),
        ("Negative,fixed,-5,1,expert,", "budget_least"),
        ("Fraction,fixed,1.001,2,expert,", "budget_min_usd"),
        ("Huge,fixed,1,1e30,expert,", "budget_max_usd"),
        ("Downwards,fixed,5,4,expert,", "budget_most"),
        (f"Skilled,fixed,1,1,expert,{'|'.join(f's{n}' for n in range(16))}", "skills"),
        ("Short,fixed,1", "fewer fields"),
        ("Long,fixed,1,1,expert,Python,more", "more fields"),
        (f"Very long,fixed,1,1,expert,{'x' * 200_000}", "field larger"),
    ]
    lines = [line for line, _ in bad]
    status, said, complained = run(GOOD + "\n".join(lines) + "\nThe last one,fixed,5,5,expert,\n")

    assert status == 1
    assert f"Imported 4, there already 0, refused {len(bad)}." in said
    complaints = complained.splitlines()
    assert len(complaints) == len(bad)
    for number, ((line, reason), complaint) in enumerate(zip(bad, complaints, strict=True), 5):
        assert complaint.startswith(f"line {number}: "), line[:40]
        assert reason in complaint, line[:40]
    assert Posting.objects.filter(title="The last one").exists()


def test_lines_that_are_no_utf8_are_refused_one_by_one(ada, run):
    status, _, complained = run(
        GOOD.encode() + b"Caf\xe9 needs menu,fixed,1,1,expert,\nTea,fixed,1,1,x,\n"
    )

    assert status == 1
    assert complained.startswith("line 5: title")
    assert Posting.objects.count() == 4


def test_a_quote_that_never_ends_is_refused(ada, run):
    status, _, complained = run(GOOD + '"Never ends,fixed,1,1,expert,\nNext,fixed,1,1,expert,\n')
    assert status == 1
    assert "line 6" in complained
    assert Posting.objects.count() == 3


def test_html_is_only_text(ada, client, run):
    run(HEADER + "<script>alert(1)</script> shop,fixed,1,1,expert,<b>Bold</b>\n")

    posting = Posting.objects.get()
    assert posting.title == "<script>alert(1)</script> shop"
    page = client.get(posting.path).content.decode()
    assert "<script>alert" not in page
    assert "<b>Bold" not in page


def test_a_byte_order_mark_is_no_part_of_the_first_column(ada, run):
    assert run("\ufeff" + GOOD)[0] == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no column"),
        ("title,kind\nA shop,fixed\n", "budget_min_usd"),
        (GOOD.encode("utf-16"), "no column"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 300_000, "no"),
    ],
)
def test_a_file_that_is_something_else_is_refused_as_a_whole(ada, run, content, reason):
    with pytest.raises(CommandError, match=reason):
        run(content)
    assert not Posting.objects.exists()


def test_nobody_and_nothing_are_said_in_words(ada, run, tmp_path):
    with pytest.raises(CommandError, match="nobody with the address"):
        run(GOOD, client="nobody@example.com")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_postings", str(tmp_path), "--client", "ada@example.com")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_postings", str(tmp_path / "no.csv"), "--client", "ada@example.com")


TWENTY = [{"title": f"Posting {n}", "description": "Lamps"} for n in range(20)]


@pytest.mark.django_db(transaction=True)
def test_eight_imports_at_once_make_everything_once(ada):
    at_once(*[lambda: import_postings(by=ada, rows=TWENTY, publish=True)] * 8)

    assert Posting.objects.count() == 20


@pytest.mark.django_db(transaction=True)
def test_without_the_clients_lock_each_makes_all_of_it(ada, monkeypatch):
    without_locks(monkeypatch)
    meet_after(monkeypatch, importing, "now")  # asked once it was looked for what is there

    at_once(*[lambda: import_postings(by=ada, rows=TWENTY, publish=True)] * 8)

    assert Posting.objects.count() == 8 * 20
