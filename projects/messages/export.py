"""A conversation as one JSON document, the same for both its sides, written while it is read
(docs/messages.md describes it).
"""

import json
from collections.abc import Iterator
from typing import Any

from marketplace.common.lifecycle import CLIENT, FREELANCER
from projects.messages.models import Conversation, Message
from projects.messages.rules import Talk
from projects.messages.selectors import conversation_about, messages_on

FORMAT = "milepost-messages/1"
# Read at once; the document never stands in memory as a whole.
_BATCH = 500


def document_of(talk: Talk, conversation: Conversation | None = None) -> Iterator[str]:
    """The parts of the document: who speaks, what was said when, and the hash of each file.

    It ends with the newest message of the moment when it was begun, or when ``conversation`` was
    read.
    """
    conversation = conversation or conversation_about(talk.bid)
    head = {
        "format": FORMAT,
        "bid": talk.bid.public_id,
        "contract": talk.contract.public_id if talk.contract else None,
        "title": talk.title,
        "client": _party(talk.bid.posting.client),
        "freelancer": _party(talk.bid.freelancer),
        "read_by": {role: conversation.read_by(role) for role in (CLIENT, FREELANCER)},
        "count": conversation.length,
    }
    yield json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "messages": ['
    found = messages_on(talk.bid).filter(number__lte=conversation.length)
    for message in found.iterator(chunk_size=_BATCH):
        comma = "," if message.number > 1 else ""
        yield f"{comma}\n  {json.dumps(_message(message), ensure_ascii=False)}"
    yield "\n ]\n}\n"


def _party(party: Any) -> dict[str, str]:
    return {"id": party.public_id, "name": party.name}


def _message(message: Message) -> dict[str, Any]:
    return {
        "number": message.number,
        "id": message.public_id,
        "at": message.created_at.isoformat(),
        "by": {"id": message.by.public_id, "name": message.by.name},
        "role": message.role,
        "text": message.text,
        "files": [
            {
                "id": file.stored.public_id,
                "name": file.stored.name,
                "size": file.stored.size,
                "sha256": file.stored.sha256,
            }
            for file in message.files.all()
        ],
    }
