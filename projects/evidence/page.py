"""The bundle's own pages: one file each that fetches nothing and runs nothing."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join

from marketplace.common.clock import said
from projects.disputes.models import Dispute
from projects.messages.models import Conversation
from projects.messages.selectors import messages_on

_MATTER = "<!-- matter -->"


def index_of(data: dict[str, Any]) -> str:
    """The record for people; ``data`` as it stands in record.json."""
    dispute = data["dispute"]
    words = _in_words(data)
    context = words | {
        # The redacted copy has no sentences of the timeline; a code is not for people.
        "timeline": [
            one | {"named": one["kind"].replace("_", " ").capitalize()} for one in words["timeline"]
        ],
        "currency": data["milestone_in_dispute"]["currency"],
        "reason": Dispute.Reason(dispute["reason"]).label,
        "status": Dispute.Status(dispute["status"]).label,
    }
    return render_to_string("evidence/index.html", context)


def messages_page_of(conversation: Conversation, data: dict[str, Any]) -> Iterator[str]:
    """What both sides wrote to each other, piece by piece, as far as it is counted."""
    page = render_to_string("evidence/messages.html", _in_words(data))
    head, _, foot = page.partition(_MATTER)
    paths = iter(data["messages"]["files"])
    yield head
    found = messages_on(conversation.bid).filter(number__lte=conversation.length)
    for message in found.iterator(chunk_size=500):
        files = [(next(paths)["path"], file.stored.name) for file in message.files.all()]
        yield format_html(
            '<article><h2>{}. {}, {}, {}</h2><p class="words">{}</p>{}</article>\n',
            message.number,
            message.by.name,
            message.role,
            said(message.created_at),
            message.text,
            format_html_join("", "<p>With it: {}, here as {}</p>", [(n, p) for p, n in files]),
        )
    yield foot


def _in_words(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_words(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_in_words(one) for one in value]
    return said(value) if isinstance(value, datetime) else value
