"""A record for people outside: what stays is named here, so that nothing new slips through."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from payments.statements.models import Scope
from payments.statements.selectors import lines_in
from payments.statements.words import place_of
from projects.evidence.record import Record
from projects.messages.models import Conversation
from projects.messages.selectors import messages_on

# The texts that stay: ours, or chosen from a list of ours. Every other text is somebody's own.
KEPT = {
    "appealed_by",
    "contract",
    "currency",
    "format",
    "id",
    "kind",
    "opened_by_role",
    "reason",
    "role",
    "sha256",
    "site",
    "status",
}
LEFT_OUT = (
    "Names of people and parties, and their ids.",
    "All that they wrote: the agreement's wording, titles, criteria, notes, links, statements, "
    "messages and the reasons of a ruling.",
    "The files themselves and their names. Sizes and SHA-256 stay: whoever has a file can see that "
    "it is the one.",
    "The agreement's signed file, its papers and the statement of money: of the money, amounts, "
    "times and the hashes of the book stay.",
)


def redacted(record: Record) -> Record:
    """The same record without names and words: structure, amounts, times and hashes stay."""
    data = _without_words(record.data)
    left_out = [*LEFT_OUT, *record.data["left_out"]]
    data |= {"redacted": True, "left_out": left_out}
    return replace(record, files=[], agreements=[], data=data)


def _without_words(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _without_words(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_words(one, name) for one in value]
    if value is None or isinstance(value, bool | int | datetime) or name in KEPT:
        return value
    return None


def messages_without_words(conversation: Conversation) -> Iterator[dict[str, Any]]:
    """When which side wrote, and the size and hash of what came with it."""
    found = messages_on(conversation.bid).filter(number__lte=conversation.length)
    for message in found.iterator(chunk_size=500):
        yield {
            "number": message.number,
            "at": message.created_at.isoformat(),
            "role": message.role,
            "files": [
                {"size": file.stored.size, "sha256": file.stored.sha256}
                for file in message.files.all()
            ],
        }


def money_without_names(scope: Scope) -> Iterator[dict[str, Any]]:
    """What moved when from which kind of account to which, and its hash in the book."""
    for line in lines_in(scope):
        transfer = line.transfer
        yield {
            "sequence": transfer.sequence,
            "at": transfer.created_at.isoformat(),
            "kind": transfer.kind,
            "from": place_of(transfer.source.key),
            "to": place_of(transfer.target.key),
            "amount": transfer.amount,
            "currency": transfer.currency,
            "hash": transfer.hash,
        }
