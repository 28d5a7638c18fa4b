"""The workroom: what both sides write to each other, about a bid and then about its contract."""

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, InternalError, transaction

from accounts.notifications.models import Notification
from accounts.notifications.services import read_notification
from marketplace.common.errors import InvalidInput, NotAllowed, TooLarge, TooOften, WrongState
from projects.agreements.services import close_finished_contract, decline_offer
from projects.bids.declining.services import decline_bid
from projects.bids.services import withdraw_bid
from projects.messages import services
from projects.messages.models import Conversation, Message
from projects.messages.selectors import found_in, messages_on, unread_of_each
from projects.messages.services import read_messages, write_message
from projects.milestones.services import cancel_milestone
from tests.races import meet_after, outcomes_at_once
from tests.world import (
    active_contract,
    funded_milestone,
    offered_contract,
    open_posting,
    submitted_bid,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def bid(ada, ben):
    return submitted_bid(open_posting(ada), ben)


def a_file(name: str = "sketch.png", body: bytes = b"sketch") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body)


def texts(bid) -> list[str]:
    return list(messages_on(bid).values_list("text", flat=True))


def notices(kind: str = "message_written") -> list[tuple[str, str]]:
    told = Notification.objects.filter(kind=kind).order_by("pk")
    return [(one.recipient.name, one.path) for one in told.select_related("recipient")]


# --- Writing -------------------------------------------------------------------------------------


def test_both_sides_write_and_the_messages_are_numbered(ada, ben, bid):
    write_message(bid_id=bid.pk, by=ada, text=" Can you start in May? ")
    write_message(bid_id=bid.pk, by=ben, text="Yes.")

    first, second = messages_on(bid)
    assert (first.number, first.by, first.role, first.text) == (
        1,
        ada,
        "client",
        "Can you start in May?",
    )
    assert (second.number, second.by, second.role) == (2, ben, "freelancer")


def test_files_are_kept_with_their_hashes(ada, bid):
    message = write_message(bid_id=bid.pk, by=ada, text="", files=[a_file(), a_file("b.txt", b"b")])

    kept = [(one.stored.name, one.stored.sha256) for one in message.files.order_by("pk")]
    assert kept == [
        ("sketch.png", hashlib.sha256(b"sketch").hexdigest()),
        ("b.txt", hashlib.sha256(b"b").hexdigest()),
    ]


@pytest.mark.parametrize(
    ("said", "param", "error"),
    [
        ({"text": ""}, "text", InvalidInput),
        ({"text": " \n "}, "text", InvalidInput),
        ({"text": "x" * 5_001}, "text", InvalidInput),
        ({"text": "a\0b"}, "text", InvalidInput),
        ({"text": None}, "text", InvalidInput),
        ({"text": "", "files": [("empty.txt", b"")]}, "files", InvalidInput),
        ({"text": "", "files": [("a", b"a")] * 11}, "files", InvalidInput),
        ({"text": "", "files": [("big.bin", b"1234567")]}, "files", TooLarge),
    ],
)
def test_what_cannot_be_used_is_refused_by_field(ada, bid, settings, said, param, error):
    settings.MAX_FILE_BYTES = 6
    files = [a_file(*file) for file in said.get("files", [])]

    with pytest.raises(error) as refusal:
        write_message(bid_id=bid.pk, by=ada, text=said["text"], files=files)

    assert refusal.value.param == param
    assert not Message.objects.exists()
    assert not Notification.objects.filter(kind="message_written").exists()


@pytest.mark.parametrize("name", ["cleo", "dora"])
def test_nobody_else_writes_or_reads(ada, bid, name, request):
    by = request.getfixturevalue(name)
    write_message(bid_id=bid.pk, by=ada, text="Hello.")
    with pytest.raises(NotAllowed):
        write_message(bid_id=bid.pk, by=by, text="Hello.")
    with pytest.raises(NotAllowed):
        read_messages(bid_id=bid.pk, by=by, up_to=1)


def test_twenty_a_minute_are_enough(ada, ben, bid, later):
    for number in range(20):
        write_message(bid_id=bid.pk, by=ada, text=f"Message {number}.")

    with pytest.raises(TooOften) as refusal:
        write_message(bid_id=bid.pk, by=ada, text="One more.")
    assert 1 <= refusal.value.retry_after <= 60

    write_message(bid_id=bid.pk, by=ben, text="The other side has its own pace.")
    later(seconds=61)
    write_message(bid_id=bid.pk, by=ada, text="One more.")


def test_messages_are_final_for_postgresql_too(ada, bid):
    message = write_message(bid_id=bid.pk, by=ada, text="Four hundred.", files=[a_file()])
    for change in (
        lambda: Message.objects.filter(pk=message.pk).update(text="Three hundred."),
        lambda: message.files.all()._raw_delete("default"),
        lambda: Message.objects.filter(pk=message.pk)._raw_delete("default"),
    ):
        with pytest.raises(InternalError, match="final"), transaction.atomic():
            change()
    assert texts(bid) == ["Four hundred."]


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_get_eight_numbers(ada, ben):
    bid = submitted_bid(open_posting(ada), ben)

    def write(number: int, by):
        return lambda: write_message(bid_id=bid.pk, by=by, text=f"{number}").number

    answers = outcomes_at_once(*(write(number, (ada, ben)[number % 2]) for number in range(8)))

    assert sorted(answers) == list(range(1, 9))
    assert Conversation.objects.get().length == 8


# --- Until when ----------------------------------------------------------------------------------


def test_what_was_said_about_the_bid_goes_on_in_the_contract(ada, ben):
    contract = active_contract(ada, ben)
    write_message(bid_id=contract.bid_id, by=ben, text="I have begun.")

    assert notices() == [("Ada", f"/contracts/{contract.public_id}/messages/")]


@pytest.mark.parametrize("end", ["withdraw", "decline"])
def test_a_bid_that_has_ended_is_read_only(ada, ben, bid, end):
    write_message(bid_id=bid.pk, by=ben, text="Any questions?")
    if end == "withdraw":
        withdraw_bid(bid_id=bid.pk, by=ben)
    else:
        decline_bid(bid_id=bid.pk, by=ada, reason="timing")

    with pytest.raises(WrongState):
        write_message(bid_id=bid.pk, by=ben, text="Why?")
    read_messages(bid_id=bid.pk, by=ada, up_to=1)


def test_a_declined_offer_leaves_the_conversation_open(ada, ben):
    contract = offered_contract(ada, ben)
    decline_offer(contract_id=contract.pk, by=ben, reason="timing")

    write_message(bid_id=contract.bid_id, by=ada, text="And with ten days more?")

    assert notices() == [("Ben", f"/bids/{contract.bid.public_id}/messages/")]


def test_a_contract_can_be_talked_about_for_thirty_days_after_its_end(ada, ben, later):
    milestone = funded_milestone(ada, ben)
    cancel_milestone(milestone_id=milestone.pk, by=ben)
    close_finished_contract(contract_id=milestone.contract_id)
    bid_id = milestone.contract.bid_id

    later(days=29)
    write_message(bid_id=bid_id, by=ada, text="Where is the key?")
    later(days=2)
    with pytest.raises(WrongState, match="30 days"):
        write_message(bid_id=bid_id, by=ada, text="Where is it?")


# --- Notices, marks, mentions --------------------------------------------------------------------


def test_one_notice_until_it_is_read(ada, ben, bid):
    for text in ("One.", "Two.", "Three."):
        write_message(bid_id=bid.pk, by=ada, text=text)
    assert notices() == [("Ben", f"/bids/{bid.public_id}/messages/")]

    read_messages(bid_id=bid.pk, by=ben, up_to=3)
    assert not Notification.objects.filter(kind="message_written", read_at=None).exists()

    write_message(bid_id=bid.pk, by=ada, text="Four.")
    assert len(notices()) == 2


def test_whoever_has_answered_hears_of_what_comes_after_that(ada, ben, bid):
    """By a program, or a page without scripts, one may answer without marking anything as read."""
    for _ in range(2):
        for text in ("One.", "Two."):
            write_message(bid_id=bid.pk, by=ada, text=text)
        for text in ("Yes.", "And yes."):
            write_message(bid_id=bid.pk, by=ben, text=text)

    assert [name for name, _ in notices()] == ["Ben", "Ada"] * 2
    assert Conversation.objects.get().freelancer_read == 0


def test_what_comes_after_a_mark_in_the_middle_is_told_again(ada, ben, bid):
    write_message(bid_id=bid.pk, by=ada, text="One.")
    write_message(bid_id=bid.pk, by=ben, text="Yes.")
    write_message(bid_id=bid.pk, by=ada, text="Three.")
    read_messages(bid_id=bid.pk, by=ben, up_to=2)  # and every notice of it with that
    write_message(bid_id=bid.pk, by=ada, text="Four.")

    assert [name for name, _ in notices()] == ["Ben", "Ada", "Ben", "Ben"]


def test_a_notice_that_was_read_alone_is_not_told_again(ada, ben, bid):
    write_message(bid_id=bid.pk, by=ada, text="One.")
    read_notification(notification_id=Notification.objects.get(kind="message_written").pk, by=ben)

    write_message(bid_id=bid.pk, by=ada, text="Two.")

    assert len(notices()) == 1, "the conversation itself has not been read"


def test_a_mark_never_goes_back(ada, ben, bid):
    for text in ("One.", "Two."):
        write_message(bid_id=bid.pk, by=ada, text=text)

    read_messages(bid_id=bid.pk, by=ben, up_to=2)
    conversation = read_messages(bid_id=bid.pk, by=ben, up_to=1)

    assert (conversation.freelancer_read, conversation.client_read) == (2, 0)


@pytest.mark.parametrize("up_to", [0, -1, 2, 10**9])
def test_a_number_that_no_message_has(ada, ben, bid, up_to):
    write_message(bid_id=bid.pk, by=ada, text="One.")
    with pytest.raises(InvalidInput) as refusal:
        read_messages(bid_id=bid.pk, by=ben, up_to=up_to)
    assert refusal.value.param == "up_to"


@pytest.mark.django_db(transaction=True)
def test_marks_at_once_end_at_the_furthest(ada, ben):
    bid = submitted_bid(open_posting(ada), ben)
    for number in range(8):
        write_message(bid_id=bid.pk, by=ada, text=f"{number}")

    def read(number: int):
        return lambda: read_messages(bid_id=bid.pk, by=ben, up_to=number)

    outcomes_at_once(*map(read, range(1, 9)))

    assert Conversation.objects.get().freelancer_read == 8


def test_what_is_unread_is_what_the_other_side_wrote(ada, ben, cleo, bid):
    for by, text in ((ada, "One."), (ben, "Two."), (ada, "Three.")):
        write_message(bid_id=bid.pk, by=by, text=text)

    assert unread_of_each([bid.pk], ben) == {bid.pk: 2}
    assert unread_of_each([bid.pk], ada) == {bid.pk: 1}
    assert unread_of_each([bid.pk], cleo) == {}

    read_messages(bid_id=bid.pk, by=ben, up_to=1)
    assert unread_of_each([bid.pk], ben) == {bid.pk: 1}


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("@Ben, can you look?", True),
        ("Is this right, @ben?", True),
        ("(@BEN)", True),
        ("Ben, can you look?", False),
        ("@Benjamin can.", False),
        ("Write to me@ben.example.", False),
        ("@Ada and @Cleo", False),
    ],
)
def test_who_is_named_is_told_so(ada, ben, cleo, bid, text, is_named):
    write_message(bid_id=bid.pk, by=ada, text="Hello.")
    write_message(bid_id=bid.pk, by=ada, text=text)

    path = f"/bids/{bid.public_id}/messages/"
    assert notices("message_mention") == ([("Ben", path)] if is_named else [])
    assert notices() == [("Ben", path)]


# --- Search --------------------------------------------------------------------------------------


def test_words_are_found_in_any_form_and_only_in_this_conversation(ada, ben, bid):
    other = submitted_bid(open_posting(ada), ben)
    write_message(bid_id=bid.pk, by=ada, text="The invoices are in the drawer.")
    write_message(bid_id=bid.pk, by=ben, text="Thank you.")
    write_message(bid_id=other.pk, by=ben, text="No invoice here.")

    assert [one.number for one in found_in(messages_on(bid), "invoice")] == [1]
    assert [one.number for one in found_in(messages_on(bid), '"in the drawer" -key')] == [1]
    assert not found_in(messages_on(bid), "lamp").exists()
    assert found_in(messages_on(bid), " ").count() == 2
    with pytest.raises(InvalidInput) as refusal:
        found_in(messages_on(bid), "x" * 201)
    assert refusal.value.param == "q"


# --- The guard, taken away -----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_all_of_them_want_one_number(ada, ben, monkeypatch):
    bid = submitted_bid(open_posting(ada), ben)
    write_message(bid_id=bid.pk, by=ada, text="One.")
    unlocked = Conversation.objects.all
    monkeypatch.setattr(type(Conversation.objects), "select_for_update", lambda _: unlocked())
    meet_after(monkeypatch, services, "_judge_pace")

    write = [lambda: write_message(bid_id=bid.pk, by=ben, text="Two.").number] * 8
    answers = outcomes_at_once(*write)

    assert sum(isinstance(answer, IntegrityError) for answer in answers) == 7
    assert Message.objects.count() == 2, "the second guard: each number once"
