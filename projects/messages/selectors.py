"""Who may read which messages: the two sides of the bid, as long as there are any."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, F, Prefetch, Q, QuerySet

from accounts.parties.selectors import party_ids_of, people_of_each
from accounts.people.models import User
from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.text import checked_line
from projects.bids.models import Bid
from projects.bids.selectors import bids_of
from projects.contracts.models import Contract
from projects.messages.models import Conversation, Message, MessageFile
from projects.messages.rules import Talk

LONGEST_QUERY = 200

# An offer that came to nothing leaves the bid, and its conversation, where they were.
_CAME_TO_NOTHING = {Contract.Status.DECLINED, Contract.Status.WITHDRAWN, Contract.Status.LAPSED}


def talk_about(bid: Bid) -> Talk:
    """The bid with the contract that it has become, if it has."""
    contracts = Contract.objects.filter(bid=bid).exclude(status__in=_CAME_TO_NOTHING)
    contract = contracts.select_related("client", "freelancer").order_by("-pk").first()
    return Talk(bid, contract)


def conversation_about(bid: Bid) -> Conversation:
    """The conversation; an unsaved, empty one where nobody has written yet."""
    return Conversation.objects.filter(bid=bid).first() or Conversation(bid=bid)


def messages_on(bid: Bid) -> QuerySet[Message]:
    """All that was written about a bid and its contract, oldest first. Who may see it is asked of
    the bid (``bids_of``), the contract (``contracts_of``) or its open dispute.
    """
    files = MessageFile.objects.select_related("stored").order_by("pk")
    return (
        Message.objects.filter(conversation__bid=bid)
        .select_related("by", "conversation")
        .prefetch_related(Prefetch("files", files))
        .defer("search")
        .order_by("number")
    )


def found_in(messages: QuerySet[Message], words: str) -> QuerySet[Message]:
    """Those in which the words stand, in any order and form; all of them for no words.

    Raises InvalidInput for words that are too long.
    """
    words = checked_line(words, param="q", longest=LONGEST_QUERY, least=0)
    if not words:
        return messages
    return messages.filter(search=SearchQuery(words, config="english", search_type="websearch"))


def message_files_of(user: User | AnonymousUser) -> QuerySet[MessageFile]:
    """The files that were sent in conversations of this person."""
    bids = bids_of(user).order_by().values("pk")
    return _files_sent().filter(message__conversation__bid__in=bids)


def files_sent_on(bid: Bid) -> QuerySet[MessageFile]:
    """The same of one conversation, for who reads all of it."""
    return _files_sent().filter(message__conversation__bid=bid)


def _files_sent() -> QuerySet[MessageFile]:
    return MessageFile.objects.select_related("stored", "message")


def unread_of_each(bid_ids: Iterable[int], user: User | AnonymousUser) -> dict[int, int]:
    """How much of the other side this person's side has not read, for each bid that has any."""
    parties = party_ids_of(user)
    read: dict[str, Any] = {
        CLIENT: Q(
            role=FREELANCER,
            conversation__bid__posting__client__in=parties,
            number__gt=F("conversation__client_read"),
        ),
        FREELANCER: Q(
            role=CLIENT,
            conversation__bid__freelancer__in=parties,
            number__gt=F("conversation__freelancer_read"),
        ),
    }
    unread = Message.objects.filter(read[CLIENT] | read[FREELANCER])
    counts = unread.filter(conversation__bid__in=set(bid_ids)).values_list("conversation__bid")
    return dict(counts.annotate(count=Count("pk")))


def people_on_each_side(bid: Bid) -> dict[str, list[User]]:
    """Everybody in the conversation, by their side."""
    client, freelancer = bid.posting.client, bid.freelancer
    people = people_of_each([client, freelancer])
    return {CLIENT: people[client.pk], FREELANCER: people[freelancer.pk]}
