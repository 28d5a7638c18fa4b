"""Files of a bid: they come and go with its wordings, and each wording keeps its own."""

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from accounts.holds import services as holds
from marketplace.common.errors import InvalidInput, TooLarge, WrongState
from marketplace.common.models import StoredFile
from projects.bids import services
from projects.bids.counters.services import accept_counter
from projects.bids.differences import file_differences
from projects.bids.files.models import BidFile
from projects.bids.files.selectors import files_as_of, with_files
from projects.bids.models import Bid
from projects.postings import services as postings
from tests.projects.counter_world import countered
from tests.races import at_once, meet_after, outcomes_at_once
from tests.world import open_posting, submitted_bid

pytestmark = pytest.mark.django_db

PDF, PNG = b"%PDF-1.7 the plan", b"\x89PNG\r\n\x1a\n a lamp"


def a_file(name: str = "plan.pdf", body: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body)


@pytest.fixture
def bid(ada, ben) -> Bid:
    """With one file from the start."""
    return submitted_bid(open_posting(ada), ben, files=[a_file()])


def edited(bid: Bid, ben, *uploads: SimpleUploadedFile, **changes) -> Bid:
    return services.edit_bid(bid_id=bid.pk, by=ben, files=list(uploads), **changes)


def names_in(bid: Bid, number: int) -> list[str]:
    bid = Bid.objects.get(pk=bid.pk)
    with_files(bid)
    return [file.stored.name for file in files_as_of(bid, number)]


def id_of(bid: Bid, name: str) -> str:
    return bid.files.get(stored__name=name, removed_in=None).stored.public_id


# --- They come and go ----------------------------------------------------------------------------


def test_a_bid_comes_with_its_files(bid, ben):
    stored = bid.files.get().stored
    assert (stored.name, stored.size, stored.uploaded_by) == ("plan.pdf", len(PDF), ben)
    assert stored.sha256 == hashlib.sha256(PDF).hexdigest()
    assert stored.file.read() == PDF
    assert (bid.version, names_in(bid, 1)) == (1, ["plan.pdf"])


def test_each_wording_keeps_the_files_that_it_had(bid, ben):
    edited(bid, ben, a_file("lamp.png", PNG))
    edited(bid, ben, letter="Shorter.")
    bid = edited(bid, ben, remove_files=[id_of(bid, "plan.pdf")])

    assert bid.version == 4
    found = [names_in(bid, number) for number in (1, 2, 3, 4)]
    assert found == [["plan.pdf"], *[["lamp.png", "plan.pdf"]] * 2, ["lamp.png"]]
    assert bid.files.get(stored__name="plan.pdf").stored.file.read() == PDF


def test_a_file_takes_the_place_of_the_one_of_the_same_name(bid, ben):
    bid = edited(bid, ben, a_file("PLAN.pdf", PDF + b" again"))

    assert [names_in(bid, number) for number in (1, 2)] == [["plan.pdf"], ["PLAN.pdf"]]
    assert names_in(edited(bid, ben, a_file("plan.pdf")), 3) == ["plan.pdf"]


def test_the_same_file_once_more_changes_nothing(bid, ben):
    assert edited(bid, ben, a_file()).version == 1
    assert StoredFile.objects.count() == 1


def test_what_is_taken_off_and_sent_again_is_another_file(bid, ben):
    bid = edited(bid, ben, a_file(), remove_files=[id_of(bid, "plan.pdf")])
    assert (bid.version, bid.files.count(), names_in(bid, 2)) == (2, 2, ["plan.pdf"])


def test_the_difference_names_what_came_and_what_went(bid, ben):
    edited(bid, ben, a_file("lamp.png", PNG), a_file("plan.pdf", PDF + b" 2"))
    edited(bid, ben, remove_files=[id_of(bid, "lamp.png")])

    def lines(old: int, new: int) -> list[tuple[str, str, str]]:
        found = [[file.stored for file in files_as_of(bid, number)] for number in (old, new)]
        return [(line.what, line.before, line.after) for line in file_differences(*found)]

    bid = Bid.objects.get(pk=bid.pk)
    hashes = [hashlib.sha256(body).hexdigest()[:8] for body in (PDF, PDF + b" 2")]
    assert lines(1, 2) == [
        ("File", "", "lamp.png"),
        ("File", f"plan.pdf (SHA-256 {hashes[0]}…)", f"plan.pdf (SHA-256 {hashes[1]}…)"),
    ]
    assert lines(2, 3) == [("File", "lamp.png", "")]
    assert lines(3, 3) == []


def test_other_terms_that_are_accepted_carry_the_files_on(bid, ada, ben):
    counter = countered(bid, ada)
    with pytest.raises(WrongState, match="answered or withdrawn first"):
        edited(bid, ben, a_file("lamp.png", PNG))
    accept_counter(counter_id=counter.pk, by=ben)

    bid.refresh_from_db()
    assert (bid.version, names_in(bid, 1), names_in(bid, 2)) == (2, ["plan.pdf"], ["plan.pdf"])


def test_an_offered_bid_keeps_the_files_that_were_read(bid, ada, ben):
    services.offer_bid(bid_id=bid.pk, by=ada, version=1)
    with pytest.raises(WrongState):
        edited(bid, ben, a_file("lamp.png", PNG))
    assert names_in(bid, 1) == ["plan.pdf"]


# --- What is not taken ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uploads", "code", "words"),
    [
        ([("none.pdf", b"")], "invalid_input", "“none.pdf” is empty"),
        ([("a.txt", b"a"), ("A.txt", b"b")], "same_name", "two files called “A.txt”"),
        ([("setup.exe", b"MZ")], "wrong_type", "“setup.exe” are not taken here"),
        ([("page.html", b"<script>")], "wrong_type", "ZIP of anything else"),
        ([("logo.svg", b"<svg/>")], "wrong_type", "“logo.svg”"),
        ([("README", b"words")], "wrong_type", "“README”"),
        ([("plan.pdf", b"MZ\x90\0 a program")], "wrong_type", "not what its name says"),
        ([("notes.txt", b"MZ\x90\0 a program")], "wrong_type", "not what its name says"),
        ([("a.png", PDF)], "wrong_type", "not what its name says"),
        ([(f"{number}.txt", b"a") for number in range(11)], "too_many_files", "room for 10"),
    ],
)
def test_a_file_that_is_not_taken_is_refused_in_words(ada, ben, uploads, code, words):
    with pytest.raises(InvalidInput, match=words) as refusal:
        submitted_bid(open_posting(ada), ben, files=[a_file(*upload) for upload in uploads])
    assert (refusal.value.code, refusal.value.param) == (code, "files")


def test_one_bad_file_keeps_the_bid_and_the_others_out(ada, ben, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    with pytest.raises(InvalidInput):
        submitted_bid(open_posting(ada), ben, files=[a_file(), a_file("setup.exe")])
    assert not Bid.objects.exists()
    assert not StoredFile.objects.exists()
    assert list(tmp_path.rglob("fi_*")) == [], "nothing was written to the disk either"


def test_text_of_every_kind_is_taken(ada, ben):
    wide = "Größe".encode("utf-16")
    uploads = [a_file("a.txt", wide), a_file("b.csv", "Größe".encode("latin-1")), a_file("c.md")]
    assert submitted_bid(open_posting(ada), ben, files=uploads).files.count() == 3


def test_a_long_name_is_cut_and_keeps_its_ending(ada, ben):
    bid = submitted_bid(open_posting(ada), ben, files=[a_file(f"../{'x' * 300}\u202e.pdf")])
    name = bid.files.get().stored.name
    assert len(name) <= 200 and name.endswith("x.pdf") and "\u202e" not in name


def test_one_file_is_so_large_and_no_larger(bid, ben, settings):
    settings.MAX_FILE_BYTES = 2 * 1024 * 1024
    with pytest.raises(TooLarge, match="is larger than 2 MB"):
        edited(bid, ben, a_file("big.txt", b"x" * (2 * 1024 * 1024 + 1)))
    assert edited(bid, ben, a_file("big.txt", b"x" * (2 * 1024 * 1024))).version == 2


def test_all_together_are_so_large_with_those_that_earlier_wordings_keep(bid, ben, settings):
    settings.MAX_ATTACHED_BYTES = len(PDF) + 10
    edited(bid, ben, a_file("a.txt", b"x" * 10))
    edited(bid, ben, remove_files=[id_of(bid, "a.txt")])
    with pytest.raises(TooLarge) as refusal:
        edited(bid, ben, a_file("b.txt", b"x"))
    assert refusal.value.param == "files"
    assert edited(bid, ben, letter="Words cost no room.").version == 4


def test_a_bid_made_anew_has_what_the_earlier_ones_left(bid, ben, cleo, settings):
    settings.MAX_ATTACHED_BYTES = len(PDF) + 10
    services.withdraw_bid(bid_id=bid.pk, by=ben)

    with pytest.raises(TooLarge) as refusal:
        submitted_bid(bid.posting, ben, files=[a_file("a.txt", b"x" * 11)])
    assert refusal.value.param == "files"
    assert submitted_bid(bid.posting, ben, files=[a_file("a.txt", b"x" * 10)]).files.count() == 1
    cleos = submitted_bid(bid.posting, cleo, files=[a_file("a.txt", b"x" * 11)])
    assert cleos.files.count() == 1, "what Ben has sent is no matter of hers"


def test_the_same_files_once_more_need_no_room(bid, ben, settings):
    settings.MAX_ATTACHED_BYTES = len(PDF) + 10
    assert edited(bid, ben, a_file()).version == 1
    assert edited(bid, ben, a_file(), a_file("a.txt", b"x" * 10)).version == 2
    with pytest.raises(TooLarge):
        edited(bid, ben, a_file(), a_file("b.txt", b"x"))


def test_only_a_file_that_stands_can_be_taken_off(bid, ben):
    gone = id_of(bid, "plan.pdf")
    edited(bid, ben, remove_files=[gone])
    for strange in (gone, "fi_nothing", "\0"):
        with pytest.raises(InvalidInput) as refusal:
            edited(bid, ben, remove_files=[strange])
        assert refusal.value.param == "remove_files"


def test_the_room_of_a_file_is_free_again_in_the_same_edit(bid, ben, settings):
    settings.MAX_FILES = 1
    with pytest.raises(InvalidInput, match="room for 1"):
        edited(bid, ben, a_file("lamp.png", PNG))
    swapped = edited(bid, ben, a_file("lamp.png", PNG), remove_files=[id_of(bid, "plan.pdf")])
    assert names_in(swapped, 2) == ["lamp.png"]
    assert names_in(edited(bid, ben, a_file("lamp.png", PNG + b"!")), 3) == ["lamp.png"]


def test_postgresql_knows_that_a_file_goes_after_it_came(bid):
    for wrong in ({"added_in": 0}, {"removed_in": 1}):
        with (
            pytest.raises(IntegrityError, match="a_file_of_a_bid_stands_in_a_wording"),
            transaction.atomic(),
        ):
            BidFile.objects.filter(bid=bid).update(**wrong)


# --- At the same moment --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_get_the_last_place_once(ada, ben, settings):
    settings.MAX_FILES = 2
    bid = submitted_bid(open_posting(ada), ben, files=[a_file()])

    outcomes = at_once(
        *[lambda n=n: edited(bid, ben, a_file(f"{n}.txt", b"words")) for n in range(8)]
    )

    assert sorted(outcomes) == ["done", *["too_many_files"] * 7]
    bid.refresh_from_db()
    assert (bid.version, len(names_in(bid, 2))) == (2, 2)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_all_find_the_place_free(ada, ben, settings, monkeypatch):
    settings.MAX_FILES = 2
    bid = submitted_bid(open_posting(ada), ben, files=[a_file()])
    unlocked = Bid.objects.select_related("posting__client", "freelancer")
    monkeypatch.setattr(services, "lock_bid", lambda bid_id: unlocked.get(pk=bid_id))
    monkeypatch.setattr(holds, "_lock_person", lambda _pk: None)  # all of them are Ben's
    meet_after(monkeypatch, services, "checked_files")

    outcomes = outcomes_at_once(
        *[lambda n=n: edited(bid, ben, a_file(f"{n}.txt", b"words")) for n in range(8)]
    )

    # All eight have been told that there is room; only the number of a wording keeps seven out.
    crashes = [outcome for outcome in outcomes if isinstance(outcome, IntegrityError)]
    assert len(crashes) == 7


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False])
def test_the_last_place_on_a_posting_is_given_once(ada, settings, monkeypatch, is_locked):
    settings.MAX_FILES = 1
    posting = open_posting(ada)
    if not is_locked:
        unlocked = type(posting).objects
        monkeypatch.setattr(
            postings, "lock_posting", lambda posting_id: unlocked.get(pk=posting_id)
        )
        meet_after(monkeypatch, postings, "check_attachments")

    outcomes = at_once(
        *[
            lambda n=n: postings.add_files(
                posting_id=posting.pk, uploads=[a_file(f"{n}.txt", b"words")], by=ada
            )
            for n in range(8)
        ]
    )

    taken = 1 if is_locked else 8
    assert posting.files.count() == taken
    assert outcomes.count("done") == taken
