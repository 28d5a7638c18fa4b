"""Writing and reading messages."""

from datetime import timedelta

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.notifications.live import wink_about
from accounts.notifications.selectors import unread_of
from accounts.notifications.services import notify, read_notifications_about
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.errors import InvalidInput, NotAllowed, TooOften, WrongState
from marketplace.common.files import store_files
from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.text import checked_text
from marketplace.common.words import Words
from projects.bids.models import Bid
from projects.bids.roles import role_in
from projects.contracts.roles import Actor
from projects.messages.models import Conversation, Message, MessageFile
from projects.messages.rules import LONGEST_MESSAGE, MOST_A_MINUTE, Talk, mentioned_in
from projects.messages.selectors import people_on_each_side, talk_about

_OTHER = {CLIENT: FREELANCER, FREELANCER: CLIENT}
_MINUTE = timedelta(minutes=1)


@transaction.atomic
def write_message(
    *, bid_id: int, by: Actor, text: str, files: list[UploadedFile] | None = None
) -> Message:
    """Write to the other side, for good. The text is Markdown.

    Raises InvalidInput for an empty or too long one, TooLarge for a file, TooOften beyond 20 a
    minute, WrongState once the conversation is closed.
    """
    conversation, role = _enter(bid_id, by)
    talk = talk_about(conversation.bid)
    if talk.is_over:
        raise WrongState(talk.is_over)
    _judge_pace(conversation, role)
    text = checked_text(text, param="text", longest=LONGEST_MESSAGE)
    if not (text or files):
        raise InvalidInput("Write something, or add a file.", param="text")
    assert isinstance(by, User)  # nobody else is on a side
    conversation.length += 1
    conversation.save(update_fields=["length"])
    message = Message.objects.create(
        conversation=conversation,
        number=conversation.length,
        by=by,
        role=role,
        text=text,
        created_at=now(),
    )
    MessageFile.objects.bulk_create(
        MessageFile(message=message, stored=stored) for stored in store_files(files or [], by=by)
    )
    _tell(talk, message)
    ring("projects.tell_open_conversations", conversation.pk)
    return message


@transaction.atomic
def read_messages(*, bid_id: int, by: Actor, up_to: int) -> Conversation:
    """Note that this side has read as far as the message of this number; a mark never goes back.

    Raises InvalidInput for a number that no message has.
    """
    conversation, role = _enter(bid_id, by)
    if not 1 <= up_to <= conversation.length:
        raise InvalidInput("There is no message of this number.", param="up_to")
    assert isinstance(by, User)
    read_notifications_about(path=talk_about(conversation.bid).path, by=by)
    if up_to > conversation.read_by(role):
        mark = "client_read" if role == CLIENT else "freelancer_read"
        setattr(conversation, mark, up_to)
        conversation.save(update_fields=[mark])
        ring("projects.tell_open_conversations", conversation.pk)
    return conversation


def tell_open_conversations(*, conversation_id: int) -> None:
    """Let the open pages of both sides look again. Whoever misses it looks again by themselves."""
    conversation = Conversation.objects.select_related("bid__posting__client", "bid__freelancer")
    bid = conversation.get(pk=conversation_id).bid
    for people in people_on_each_side(bid).values():
        for person in people:
            wink_about(person, conversation=bid.public_id, unread=unread_of(person))


def _enter(bid_id: int, by: Actor) -> tuple[Conversation, str]:
    """The conversation under its lock, which also gives messages their numbers; and whose side."""
    bid = Bid.objects.select_related("posting__client", "freelancer").get(pk=bid_id)
    role = role_in(bid, by)
    if role not in _OTHER:
        raise NotAllowed("Messages are between the two sides.")
    Conversation.objects.get_or_create(bid=bid)
    conversation = Conversation.objects.select_for_update().get(bid=bid)
    conversation.bid = bid
    return conversation, str(role)


def _judge_pace(conversation: Conversation, role: str) -> None:
    theirs = conversation.messages.filter(role=role).order_by("-number")
    times = theirs.values_list("created_at", flat=True)[MOST_A_MINUTE - 1 : MOST_A_MINUTE]
    for earlier in times:
        wait = earlier + _MINUTE - now()
        if wait > timedelta(0):
            raise TooOften(
                f"That is {MOST_A_MINUTE} messages within a minute: wait a moment.",
                retry_after=wait.seconds + 1,
            )


def _tell(talk: Talk, message: Message) -> None:
    """One notice until it is read or answered, however much is written; whoever is named hears of
    it anyway.
    """
    sides = people_on_each_side(talk.bid)
    named = mentioned_in(message.text, [*sides[CLIENT], *sides[FREELANCER]])
    for person in named:
        notify(
            to=person,
            kind="message_mention",
            text=Words(
                "%(who)s names you in a message about “%(title)s”.",
                who=message.by.name,
                title=talk.title,
            ),
            path=talk.path,
            key=f"{message.public_id}:mention",
            title=talk.title,
            by=message.by,
        )
    other = _OTHER[message.role]
    # Who answers by a program may never say that they have read anything.
    seen = f"{message.conversation.read_by(other)}:{_last_of(message.conversation, other)}"
    for person in sides[other]:
        if person in named:
            continue
        notify(
            to=person,
            kind="message_written",
            text=Words(
                "%(who)s has written to you about “%(title)s”.",
                who=message.by.name,
                title=talk.title,
            ),
            path=talk.path,
            key=f"{talk.bid.public_id}:messages:{seen}",
            title=talk.title,
        )


def _last_of(conversation: Conversation, role: str) -> int:
    """The number of what this side wrote last; 0 where it has written nothing."""
    theirs = conversation.messages.filter(role=role).order_by("-number")
    return theirs.values_list("number", flat=True).first() or 0
