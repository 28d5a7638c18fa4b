"""The bundle of a dispute: all that is on file, the same bytes each time, and nothing private."""

import io
import json
import subprocess
import sys
import tracemalloc
from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from accounts.people.models import User
from marketplace.common import clock
from marketplace.common.models import StoredFile
from payments.statements import verify_statement
from projects.agreements.sealing import verify_agreement
from projects.agreements.sealing.selectors import published_keys
from projects.disputes.sealed.services import seal_figure
from projects.disputes.services import add_statement
from projects.evidence.bundle import bundle_of
from projects.evidence.naming import path_in
from projects.evidence.record import record_for
from projects.messages.models import Conversation, Message
from projects.messages.services import write_message
from tests.projects.evidence_world import WORDS, bundled, contents, rich_dispute, seen, verify
from tests.world import opened_dispute, reviewed_dispute, ruled

pytestmark = pytest.mark.django_db


@pytest.fixture
def dispute(ada, ben):
    return rich_dispute(ada, ben)


def test_all_that_is_on_file_is_in_it_and_proves_itself(dispute, tmp_path):
    archive = bundled(dispute)
    inside = contents(archive)

    record = json.loads(inside["record.json"])
    assert [one["text"] for one in record["statements"]] == [WORDS["statement"], WORDS["reply"]]
    assert record["dispute"]["criteria_not_met"] == [WORDS["criterion"]]
    assert (record["dispute"]["reason"], record["dispute"]["asked_for"]) == (
        "not_as_agreed",
        10_000,
    )
    first, second = record["deliveries"]
    assert (first["answer_of_the_client"], first["answers"][0]["found_not_met"]) == (
        WORDS["answer"],
        True,
    )
    paths = [file["path"] for file in second["files"]]
    assert len(set(paths)) == 2
    assert [inside[path] for path in paths] == [b"It is here.", b"Another one."]
    assert inside["agreement/signed-agreement.json"] and inside["money/statement.json"]
    assert any(name.endswith("-v1.pdf") for name in inside)
    assert json.loads(inside["messages.json"])["messages"][0]["text"] == WORDS["message"]
    assert escape(WORDS["message"]) in inside["messages.html"].decode()
    kinds = [line["kind"] for line in record["timeline"]]
    assert kinds[-5:-3] == ["dispute_opened", "dispute_answered"]

    status, said = verify(tmp_path, archive)
    assert (status, said.count("   ok")) == (0, 5), said
    assert f"The record of dispute {dispute.public_id}" in said


def test_what_is_in_it_is_proved_by_the_programs_that_know_it(dispute, tmp_path):
    with ZipFile(io.BytesIO(bundled(dispute))) as archive:
        archive.extractall(tmp_path)
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(published_keys()))
    agreement = tmp_path / "agreement/signed-agreement.json"

    for program in (
        ["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"],
        [sys.executable, "-I", verify_agreement.__file__, agreement, keys],
        [sys.executable, "-I", verify_statement.__file__, tmp_path / "money/statement.json"],
    ):
        done = subprocess.run(program, cwd=tmp_path, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_pages_run_nothing_fetch_nothing_and_show_words_as_words(dispute):
    inside = contents(bundled(dispute))
    index = inside["index.html"].decode()

    assert "Here is the &lt;b&gt;Xylophone&lt;/b&gt;." in index
    for page in (index, inside["messages.html"].decode()):
        assert "<script" not in page and "src=" not in page and "{%" not in page
        assert "prefers-color-scheme: dark" in page and "@media print" in page
    for path in (name for name in inside if name.startswith("deliveries/")):
        assert f'href="{path[:13]}' in index


def test_the_same_record_is_the_same_file_whenever_it_is_made(dispute, ada, monkeypatch):
    first = bundled(dispute)
    later = clock.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert bundled(seen(dispute, ada)) == first
    add_statement(dispute_id=dispute.pk, by=ada, statement="One more thing.")
    assert bundled(seen(dispute, ada)) != first


def test_it_costs_as_many_queries_whatever_is_on_file(dispute, ada, ben):
    with CaptureQueriesContext(connection) as few:
        bundled(dispute)
    conversation = Conversation.objects.get(bid=dispute.milestone.contract.bid_id)
    Message.objects.bulk_create(
        Message(conversation=conversation, number=number, by=ben, role="freelancer", text="And?")
        for number in range(2, 301)
    )
    Conversation.objects.update(length=300)
    for number in range(19):
        add_statement(dispute_id=dispute.pk, by=ben, statement=f"Point {number}.")
    again = seen(dispute, ada)
    with CaptureQueriesContext(connection) as many:
        archive = bundled(again)

    assert len(json.loads(contents(archive)["messages.json"])["messages"]) == 300
    # The dispute with its statements was read before: by the door.
    assert len(many) <= len(few)


def test_nothing_private_is_in_it(dispute, ada, ben):
    seal_figure(dispute_id=dispute.pk, by=ada, amount=12_347)
    seal_figure(dispute_id=dispute.pk, by=ben, amount=45_671)

    everything = b"\n".join(contents(bundled(seen(dispute, ada))).values())

    assert b"12347" not in everything and b"45671" not in everything
    assert not any(user.email.encode() in everything for user in User.objects.all())


def test_both_sides_get_the_same_file(dispute, ada, ben):
    assert bundled(seen(dispute, ada)) == bundled(seen(dispute, ben))


def test_outsiders_get_no_word_of_anybody(dispute, ada, dora, tmp_path):
    ruled(dispute, dora, 20_000, "The Narwhal was promised.")
    archive = bundled(seen(dispute, ada), redacted=True)
    inside = contents(archive)
    everything = b"\n".join(inside.values()).decode() + "\n".join(inside)

    names = [user.name for user in User.objects.all()]
    for words in [*WORDS.values(), "Narwhal", "Xylophone", "udo@", *names]:
        assert words not in everything, words
    assert not any("file" in name and name != "record.json" for name in inside)
    record = json.loads(inside["record.json"])
    assert record["redacted"] and len(record["left_out"]) == 4
    assert all(sentence in inside["index.html"].decode() for sentence in record["left_out"][:1])
    stored = StoredFile.objects.order_by("pk").values_list("sha256", flat=True)
    assert all(digest in everything for digest in stored)
    (ruling,) = record["dispute"]["rulings"]
    assert (ruling["to_freelancer"], ruling["number"]) == (20_000, 1)
    assert {ruling[name] for name in ("by", "facts", "rule", "reasons")} == {None}
    assert json.loads(inside["messages.json"])[0]["role"] == "client"
    assert json.loads(inside["money/lines.json"])[0]["amount"] > 0
    status, said = verify(tmp_path, archive)
    assert status == 0 and "The redacted copy" in said


def test_without_messages_it_says_so(dispute):
    inside = contents(bundled(dispute, with_messages=False))

    assert not any(name.startswith("messages") for name in inside)
    assert b"Tapir" not in b"".join(inside.values())
    assert "What both sides wrote to each other" in inside["index.html"].decode()


def test_a_dispute_with_hardly_anything_on_file(ada, ben, tmp_path):
    dispute = seen(opened_dispute(ada, ben), ada)

    for redacted in (False, True):
        archive = bundled(dispute, redacted=redacted)
        assert verify(tmp_path, archive)[0] == 0
    assert json.loads(contents(bundled(dispute))["messages.json"])["messages"] == []


def test_what_was_added_meanwhile_waits_for_the_next_one(dispute, ada, ben):
    record = record_for(dispute, with_messages=True)
    write_message(bid_id=dispute.milestone.contract.bid_id, by=ben, text="Too late.")

    assert record.conversation.length == 1
    assert record_for(seen(dispute, ada), with_messages=True).as_of > record.as_of


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("plan.pdf", "x/001-plan.pdf"),
        ("../../etc/passwd", "x/001-passwd"),
        ('a<b>:"|?*.txt', "x/001-a_b______.txt"),
        ("CON", "x/001-CON"),
        ("line\u2028break.md", "x/001-line_break.md"),
        ("U\u0308bung.pdf", "x/001-Übung.pdf"),
        ("😀" * 150 + ".png", "x/001-" + "😀" * 50 + ".png"),
        (".....", "x/001-file"),
        ("no ending.", "x/001-no ending"),
        ("archive.tar.gz", "x/001-archive.tar.gz"),
    ],
)
def test_a_name_that_every_computer_can_write(name, path):
    assert path_in("x", 1, name) == path
    assert all(len(part.encode()) <= 255 for part in path.split("/"))


def test_of_a_large_file_only_a_piece_is_ever_in_memory(dispute):
    stored = dispute.milestone.submissions.first().files.first().stored
    with open(stored.file.path, "r+b") as file:
        file.truncate(64 * 1024 * 1024)
    bundled(dispute, redacted=True)  # whatever is kept in memory for good is there

    tracemalloc.start()
    size = sum(map(len, bundle_of(dispute, with_messages=True, is_redacted=False)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size > 64 * 1024 * 1024 and peak < 32 * 1024 * 1024


def test_a_file_that_storage_has_changed_is_found(dispute, tmp_path):
    stored = dispute.milestone.submissions.first().files.first().stored
    with open(stored.file.path, "ab") as file:
        file.write(b"!")

    status, said = verify(tmp_path, bundled(dispute))

    assert status == 1 and "was another file when it was sent" in said


def test_the_record_names_no_second_mediator_where_there_was_none(ada, ben, dora):
    """Under the same format, of the same record: the bytes of before there were second ones."""
    dispute = ruled(reviewed_dispute(ada, ben), dora, 40_000)
    [said] = record_for(seen(dispute, ada), with_messages=False).data["dispute"]["rulings"]
    assert "confirmed_by" not in said
