"""Files on the record of a dispute: how they come there, who fetches them, and what is refused."""

import io
import json
import struct
import tracemalloc
import zlib
from hashlib import sha256
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InternalError, connection, transaction

from accounts.people.services import grant_staff_roles
from marketplace.common import archives
from marketplace.common.errors import DomainError, InvalidInput, TooLarge
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.models import StoredFile
from projects.disputes.exhibits.models import Exhibit
from projects.disputes.models import Dispute, Statement
from projects.disputes.rulings.services import appeal_ruling, decide_dispute
from projects.disputes.services import add_statement, answer_dispute, open_dispute
from projects.messages.services import write_message
from tests.against_the_rules import as_the_owner
from tests.projects.evidence_world import bundled, contents, seen, verify
from tests.races import outcomes_at_once
from tests.test_growing_lists import grows_for_free
from tests.world import (
    api_of,
    browser,
    opened_dispute,
    person,
    reviewed_dispute,
    submitted_milestone,
)
from tests.world import why as reasons

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 the invoice"


def a_file(name: str = "invoice.pdf", body: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body)


def names(dispute: Dispute) -> list[list[str]]:
    """What came with each statement."""
    said = Statement.objects.filter(dispute=dispute).order_by("pk")
    return [[one.stored.name for one in each.exhibits.order_by("pk")] for each in said]


def packed(*entries: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, body in entries:
            archive.writestr(name, body)
    return target.getvalue()


# --- On record -----------------------------------------------------------------------------------


def test_each_statement_brings_its_files(ada, ben, dora):
    milestone = submitted_milestone(ada, ben)
    dispute = open_dispute(
        milestone_id=milestone.pk,
        by=ada,
        reason="late",
        statement="Two weeks late.",
        asked_for=0,
        files=[a_file("a.pdf"), a_file("b.txt", b"What was said.")],
    )
    answer_dispute(dispute_id=dispute.pk, by=ben, statement="It was not.", files=[a_file("c.pdf")])
    add_statement(dispute_id=dispute.pk, by=ada, statement="It was.")

    assert names(dispute) == [["a.pdf", "b.txt"], ["c.pdf"], []]
    kept = StoredFile.objects.get(name="a.pdf")
    assert (kept.uploaded_by, kept.sha256) == (ada, sha256(PDF).hexdigest())


def test_an_appeal_brings_files_too(ada, ben, dora):
    dispute = reviewed_dispute(ada, ben)
    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=0, **reasons())
    appeal_ruling(dispute_id=dispute.pk, by=ben, statement="It is done.", files=[a_file()])
    assert names(dispute)[-1] == ["invoice.pdf"]


def test_postgresql_lets_nobody_change_what_is_on_record(ada, ben):
    dispute = opened_dispute(ada, ben, files=[a_file()])
    exhibit = Exhibit.objects.get()
    other = StoredFile.objects.get(pk=exhibit.stored_id)
    other.pk, other.public_id = None, "fi_another"
    other.save()
    said = dispute.statements.all()
    for change in (
        lambda: said.update(text="Otherwise."),
        lambda: said.update(created_at=None),
        lambda: Exhibit.objects.update(stored=other),
        lambda: Exhibit.objects.all()._raw_delete("default"),
        lambda: Statement.objects.all()._raw_delete("default"),
        lambda: StoredFile.objects.filter(pk=exhibit.stored_id).update(sha256="0" * 64),
        lambda: StoredFile.objects.filter(pk=other.pk)._raw_delete("default"),
    ):
        with pytest.raises(InternalError, match=r"(is|are) final: "), transaction.atomic():
            change()
    assert names(dispute) == [["invoice.pdf"]]


@pytest.mark.parametrize(
    "table",
    ["projects_statement", "projects_exhibit", "marketplace_storedfile", "projects_ruling"],
)
def test_nor_empties_it_but_in_a_test(table):
    """The rule of its trigger, under the name of another database."""
    with as_the_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_trigger t JOIN pg_proc p"
            " ON p.oid = t.tgfoid WHERE t.tgrelid = %s::regclass AND t.tgtype & 32 > 0",
            [table],
        )
        ((name, body),) = cursor.fetchall()
        cursor.execute(f"TRUNCATE {table} CASCADE")  # here it is allowed
        cursor.execute(body.replace("current_database()", "'milepost'::text"))
        is_refused = pytest.raises(InternalError, match="final: TRUNCATE is refused")
        with is_refused, transaction.atomic():
            cursor.execute(f"TRUNCATE {table} CASCADE")
    assert name.endswith("_are_final")


# --- What is refused -----------------------------------------------------------------------------

BOMB = packed(("zeroes", b"\0" * (4 * 1024 * 1024)))


def saying(archive: bytes, place: int, what: bytes) -> bytes:
    """The same archive, whose list says something else of its first entry."""
    at = archive.index(b"PK\x01\x02") + place
    return archive[:at] + what + archive[at + len(what) :]


# It says that a hundred bytes come out; programs that unpack do not ask.
LIAR = saying(BOMB, 24, struct.pack("<L", 100))
LOCKED = saying(BOMB, 8, struct.pack("<H", 1))
UNHEARD_OF = saying(BOMB, 10, struct.pack("<H", 97))
THREE = packed(*[(name, b"\0" * 500_000) for name in "abc"])
MANY = packed(*[(f"{n}", b"") for n in range(10_001)])
INSIDE = packed(("a.txt", b"Hello."))
REFUSED = [
    ("page.html", b"<script>", "wrong_type", "“page.html” are not taken"),
    ("logo.svg", b"<svg onload='alert(1)'/>", "wrong_type", "“logo.svg” are not taken"),
    ("page.pdf", b"<html><script>", "wrong_type", "not what its name says"),
    ("a.zip", BOMB, "unpacks_to_too_much", "“a.zip” would unpack to more than a gigabyte"),
    ("a.docx", BOMB, "unpacks_to_too_much", "“a.docx” would unpack"),
    ("a.zip", LIAR, "unpacks_to_too_much", "“a.zip” would unpack"),
    (
        "a.zip",
        packed(*[(n, b"\0" * 500_000) for n in "abc"]),
        "unpacks_to_too_much",
        "would unpack",
    ),
    ("a.zip", MANY, "unpacks_to_too_much", "more than 10,000 files"),
    ("a.zip", packed(("inner/b.ZIP", b"")), "nested_archive", "a ZIP inside “a.zip”"),
    ("a.zip", packed(("b.bin", INSIDE)), "nested_archive", "a ZIP inside “a.zip”"),
    ("a.zip", LOCKED, "locked_archive", "locked with a password"),
    ("a.zip", UNHEARD_OF, "damaged_archive", "“a.zip” is damaged"),
    ("a.zip", b"PK\x03\x04 and nothing else", "damaged_archive", "“a.zip” is damaged"),
    ("a.zip", BOMB[:-10], "damaged_archive", "“a.zip” is damaged"),
    ("a.zip", saying(BOMB, 42, b"\xff\xff"), "damaged_archive", "“a.zip” is damaged"),
    ("a.pdf", b"", "invalid_input", "“a.pdf” is empty"),
]


@pytest.fixture
def little_room(monkeypatch):
    """A megabyte in place of a gigabyte."""
    monkeypatch.setattr(archives, "MOST_UNPACKED", 1024 * 1024)


@pytest.mark.parametrize(("name", "body", "code", "words"), REFUSED)
def test_it_is_refused_in_words_and_nothing_is_said(ada, ben, little_room, name, body, code, words):
    dispute = opened_dispute(ada, ben)
    with pytest.raises(InvalidInput, match=words) as refusal:
        answer_dispute(
            dispute_id=dispute.pk, by=ben, statement="No.", files=[a_file(), a_file(name, body)]
        )
    assert (refusal.value.code, refusal.value.param) == (code, "files")
    dispute.refresh_from_db()
    assert dispute.status == "opened" and names(dispute) == [[]]
    assert not StoredFile.objects.exists()


def test_parts_that_lie_on_each_other_are_no_archive(ada, ben):
    """One part that its list names a hundred times unpacks to a hundred times as much."""
    archive = packed(("zeroes", b"\0" * 1_000_000))
    at, end = archive.index(b"PK\x01\x02"), archive.index(b"PK\x05\x06")
    entry, foot = archive[at:end], bytearray(archive[end:])
    struct.pack_into("<HHL", foot, 8, 100, 100, 100 * len(entry))
    with pytest.raises(InvalidInput, match="damaged"):
        opened_dispute(ada, ben, files=[a_file("a.zip", archive[:at] + entry * 100 + bytes(foot))])


def test_a_gigabyte_is_counted_and_nothing_is_kept(ada, ben):
    """With the real limit, and a list that says a hundred bytes."""
    part = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed_part = b"".join(part.compress(b"\0" * 2**20) for _ in range(1025)) + part.flush()
    archive = packed(("zeroes", b""))
    head, list_at = archive[:30], archive.index(b"PK\x01\x02")
    listed = saying(archive[list_at:], 20, struct.pack("<LL", len(packed_part), 100))
    listed = saying(listed, 10, struct.pack("<H", 8))
    body = head + b"zeroes" + packed_part
    foot = bytearray(listed)
    struct.pack_into("<L", foot, foot.index(b"PK\x05\x06") + 16, len(body))
    tracemalloc.start()
    with pytest.raises(InvalidInput) as refusal:
        opened_dispute(ada, ben, files=[a_file("a.zip", body + bytes(foot))])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refusal.value.code == "unpacks_to_too_much"
    assert most < 64 * 1024 * 1024


def test_an_honest_archive_is_taken(ada, ben):
    archive = packed(
        ("a.html", b"<p>Hello."), ("photos/b.svg", b"<svg/>"), ("c", b"\0" * 10_000_000)
    )
    dispute = opened_dispute(
        ada, ben, files=[a_file("all.zip", archive), a_file("d.docx", archive)]
    )
    assert names(dispute) == [["all.zip", "d.docx"]]


def test_two_gigabytes_are_refused_before_they_are_read(ada, ben):
    dispute = opened_dispute(ada, ben)
    page = f"/disputes/{dispute.public_id}/answer/"
    for path in (page, f"/api/v1{page}"):
        announced = {"wsgi.input": io.BytesIO(b""), "CONTENT_LENGTH": str(2 * 1024**3)}
        kind = "multipart/form-data; boundary=x"
        sent = browser(ben).generic("POST", path, content_type=kind, **announced)
        assert sent.status_code == 413
        assert "more than 60 MB" in sent.content.decode()
    assert names(dispute) == [[]]


def test_one_side_has_so_much_room_and_the_other_its_own(ada, ben, settings):
    settings.MAX_ATTACHED_BYTES = 2 * len(PDF)
    dispute = opened_dispute(ada, ben, files=[a_file(), a_file("b.pdf")])
    answer_dispute(dispute_id=dispute.pk, by=ben, statement="No.", files=[a_file()])
    with pytest.raises(TooLarge, match="send smaller files") as refusal:
        add_statement(dispute_id=dispute.pk, by=ada, statement="Yes.", files=[a_file("c.pdf")])
    assert refusal.value.param == "files"
    add_statement(dispute_id=dispute.pk, by=ben, statement="No!", files=[a_file()])
    assert names(dispute) == [["invoice.pdf", "b.pdf"], ["invoice.pdf"], ["invoice.pdf"]]


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_do_not_fill_more_than_the_room(ada, ben, settings):
    settings.MAX_ATTACHED_BYTES = 3 * len(PDF)
    dispute = opened_dispute(ada, ben)

    def say() -> None:
        add_statement(dispute_id=dispute.pk, by=ada, statement="See.", files=[a_file()])

    outcomes = outcomes_at_once(*[say] * 8)
    refused = [one for one in outcomes if isinstance(one, DomainError)]
    assert len(refused) == 5 and {type(one) for one in refused} == {TooLarge}
    assert sum(len(each) for each in names(dispute)) == 3


# --- Doors ---------------------------------------------------------------------------------------


def test_the_pages_take_them_and_show_them_to_both_and_to_the_mediator(ada, ben, dora):
    milestone = submitted_milestone(ada, ben)
    form = {"reason": "late", "statement": "Late.", "asked_for": "0", "files": [a_file("a.pdf")]}
    made = browser(ada).post(f"/milestones/{milestone.public_id}/dispute/", form)
    assert made.status_code == 302, made.content.decode()
    dispute = Dispute.objects.get()
    answer = {"statement": "No.", "files": [a_file("<b>.pdf"), a_file("c.txt", b"Read.")]}
    assert browser(ben).post(f"{dispute.path}answer/", answer).status_code == 302

    ids = {one.stored.name: one.stored.public_id for one in Exhibit.objects.all()}
    for reader, page in ((ada, dispute.path), (ben, dispute.path), (dora, dispute.desk_path)):
        shown = browser(reader).get(page).content.decode()
        for name in ("a.pdf", "&lt;b&gt;.pdf", "c.txt"):
            assert name in shown, (reader, name)
        path = f"{page}files/{ids['c.txt']}/"
        assert f'href="{path}"' in shown
        sent = browser(reader).get(path)
        assert b"".join(sent.streaming_content) == b"Read."
        assert sent["Content-Type"] == "application/octet-stream"
        assert sent["Content-Disposition"].startswith("attachment")


def test_a_refused_file_keeps_what_was_typed_and_says_what_to_do(ada, ben):
    dispute = opened_dispute(ada, ben)
    form = {"statement": "My side of it.", "files": [a_file("page.html", b"<script>")]}
    sent = browser(ben).post(f"{dispute.path}answer/", form)
    shown = sent.content.decode()
    assert sent.status_code == 400
    assert "My side of it." in shown and "Choose your files again" in shown
    assert "Files like “page.html” are not taken here" in shown
    assert names(dispute) == [[]]


def test_what_comes_too_late_is_shown_again(ada, ben):
    dispute = opened_dispute(ada, ben)
    answer_dispute(dispute_id=dispute.pk, by=ben, statement="No.")
    sent = browser(ben).post(f"{dispute.path}answer/", {"statement": "A <long> answer."})
    shown = sent.content.decode()
    assert sent.status_code == 409
    assert "What you wrote is not on file" in shown and "A &lt;long&gt; answer." in shown
    assert len(names(dispute)) == 2


def test_programs_send_them_with_a_form_and_fetch_them(ada, ben, dora):
    milestone = submitted_milestone(ada, ben)
    form = {"reason": "late", "statement": "Late.", "asked_for": "0", "files": [a_file("a.pdf")]}
    path = f"/api/v1/milestones/{milestone.public_id}/disputes/"
    made = api_of(ada).post(path, form, format="multipart")
    assert made.status_code == 201, made.json()
    sent = made.json()["statements"][0]["files"]
    assert [(one["name"], one["size"], one["sha256"]) for one in sent] == [
        ("a.pdf", len(PDF), sha256(PDF).hexdigest())
    ]
    dispute = Dispute.objects.get()
    here = f"/api/v1/disputes/{dispute.public_id}/"
    added = api_of(ben).post(
        f"{here}answer/", {"statement": "No.", "files": [a_file("b.pdf")]}, format="multipart"
    )
    assert added.status_code == 200, added.json()

    for reader, above in (
        (ada, here),
        (ben, here),
        (dora, f"/api/v1/desk/disputes/{dispute.public_id}/"),
    ):
        first, second = api_of(reader).get(above).json()["statements"]
        for one in (*first["files"], *second["files"]):
            assert one["url"].endswith(f"{above}files/{one['id']}/")
            fetched = api_of(reader).get(one["url"])
            assert b"".join(fetched.streaming_content) == PDF


def test_the_same_key_brings_a_file_once(ada, ben):
    dispute = opened_dispute(ada, ben)
    path = f"/api/v1/disputes/{dispute.public_id}/statements/"
    for body, status in ((PDF, 201), (PDF, 201), (PDF + b" changed", 409)):
        form = {"statement": "See.", "files": [a_file(body=body)]}
        sent = api_of(ada).post(path, form, format="multipart", headers={"Idempotency-Key": "one"})
        assert sent.status_code == status, sent.json()
    assert names(dispute) == [[], ["invoice.pdf"]]


def test_a_refusal_names_the_field_to_a_program(ada, ben):
    dispute = opened_dispute(ada, ben)
    form = {"statement": "No.", "files": [a_file("logo.svg", b"<svg/>")]}
    path = f"/api/v1/disputes/{dispute.public_id}/answer/"
    sent = api_of(ben).post(path, form, format="multipart")
    assert sent.status_code == 400
    error = sent.json()["error"]
    assert (error["code"], error["param"]) == ("wrong_type", "files")
    assert "“logo.svg”" in error["message"]


def test_nobody_else_fetches_them_and_no_case_shows_those_of_another(ada, ben, cleo, dora):
    mine = opened_dispute(ada, ben, files=[a_file()])
    other = opened_dispute(ada, ben, files=[a_file()])
    theirs = other.statements.get().exhibits.get().stored.public_id
    file_id = mine.statements.get().exhibits.get().stored.public_id
    sue = grant_staff_roles(user_id=person("Sue").pk, roles={"support"}, by=SYSTEM)
    assert browser(sue).get(f"{mine.desk_path}files/{file_id}/").status_code == 200
    for reader, above in (
        (cleo, mine.path),
        (cleo, mine.desk_path),
        (dora, mine.path),
        (cleo, f"/api/v1{mine.path}"),
        (dora, f"/api/v1{mine.path}"),
    ):
        sent = browser(reader).get(f"{above}files/{file_id}/")
        assert sent.status_code == 404, (reader, above)
    for reader, above in ((ada, mine.path), (dora, mine.desk_path), (ada, f"/api/v1{mine.path}")):
        assert browser(reader).get(f"{above}files/{theirs}/").status_code == 404


@pytest.mark.parametrize("who", ["side", "mediator"])
def test_more_of_them_on_a_page_cost_no_more_queries(ada, ben, dora, who):
    dispute = opened_dispute(ada, ben)
    answer_dispute(dispute_id=dispute.pk, by=ben, statement="No.")
    doors = {"side": (browser(ada), dispute.path), "mediator": (browser(dora), dispute.desk_path)}
    client, path = doors[who]

    def grow() -> None:
        files = [a_file("a.pdf"), a_file("b.pdf")]
        add_statement(dispute_id=dispute.pk, by=ada, statement="See.", files=files)

    grows_for_free(lambda: client.get(path), grow)


@pytest.mark.parametrize("who", ["side", "mediator"])
def test_more_of_them_in_a_list_cost_no_more_queries(ada, ben, dora, who):
    doors = {"side": (ben, "/api/v1/disputes/"), "mediator": (dora, "/api/v1/desk/disputes/")}
    reader, path = doors[who]
    client = api_of(reader)
    grows_for_free(
        lambda: client.get(path),
        lambda: opened_dispute(ada, ben, files=[a_file("a.pdf"), a_file("b.pdf")]),
    )


# --- In the bundle -------------------------------------------------------------------------------


def test_they_are_in_the_evidence_and_it_proves_itself(ada, ben, tmp_path):
    dispute = opened_dispute(ada, ben, files=[a_file(), a_file("b.txt", b"Secret words.")])
    write_message(bid_id=dispute.milestone.contract.bid_id, by=ada, text="See the invoice.")
    dispute = seen(dispute, ada)
    archive = bundled(dispute)
    inside = contents(archive)
    assert verify(tmp_path, archive)[0] == 0
    said = json.loads(inside["record.json"])["statements"][0]["files"]
    assert [(one["name"], inside[one["path"]]) for one in said] == [
        ("b.txt", b"Secret words."),
        ("invoice.pdf", PDF),
    ]
    assert "invoice.pdf" in inside["index.html"].decode()

    outside = contents(bundled(dispute, redacted=True))
    kept = json.loads(outside["record.json"])["statements"][0]["files"]
    assert [one["sha256"] for one in kept] == [one["sha256"] for one in said]
    assert not any(b"invoice.pdf" in body or b"Secret" in body for body in outside.values())


def test_a_record_without_files_keeps_its_bytes(ada, ben):
    said = json.loads(contents(bundled(seen(opened_dispute(ada, ben), ada)))["record.json"])[
        "statements"
    ]
    assert "files" not in said[0]
