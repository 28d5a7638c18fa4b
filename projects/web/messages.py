"""The workroom: what the two sides of a bid, and then of its contract, write to each other."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.common.errors import InvalidInput
from marketplace.common.file_lists import shown_files
from marketplace.common.files import attachment
from marketplace.common.forms import FilesField
from marketplace.common.http import download, refusals_on
from marketplace.common.lifecycle import CLIENT, FREELANCER
from marketplace.common.pages import page_of
from projects.bids.counters.selectors import standing_on
from projects.bids.roles import role_in
from projects.bids.selectors import bids_of
from projects.contracts.selectors import contracts_of
from projects.messages import services
from projects.messages.export import document_of
from projects.messages.models import Conversation, Message
from projects.messages.rules import LONGEST_MESSAGE, Talk
from projects.messages.selectors import (
    LONGEST_QUERY,
    conversation_about,
    found_in,
    message_files_of,
    messages_on,
    talk_about,
)

_OTHER = {CLIENT: FREELANCER, FREELANCER: CLIENT}


class MessageForm(forms.Form):
    text = forms.CharField(
        label="Your message",
        required=False,
        max_length=LONGEST_MESSAGE,
        widget=forms.Textarea({"rows": 4}),
        help_text="Markdown works, and @name tells somebody. It cannot be changed once it is sent.",
    )
    files = FilesField(label="Files", required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def show_messages(request: HttpRequest, public_id: str, of: str) -> HttpResponse:
    """Read, or write with a POST. ``of`` says whose id it is: a bid's or a contract's."""
    talk = _talk(request, public_id, of)
    form = MessageForm(*(request.POST, request.FILES) if request.method == "POST" else ())
    if form.is_valid():
        with refusals_on(form):
            services.write_message(bid_id=talk.bid.pk, by=request.user, **form.cleaned_data)
        if form.is_valid():
            return redirect(f"{request.path}#newest")
    conversation = conversation_about(talk.bid)
    role = str(role_in(talk.bid, request.user))
    state = _state_of(conversation, role)
    if request.htmx and request.GET.get("state") == state:
        return HttpResponse(status=204)  # an open page has looked again for nothing
    context = _thread(request, talk, conversation, role) | {"state": state, "form": form}
    template = "messages/_thread.html" if request.htmx else "messages/show.html"
    return render(request, template, context, status=400 if form.errors else 200)


@require_POST
def create_read_mark(request: HttpRequest, public_id: str, of: str) -> HttpResponse:
    """Read as far as ``up_to``. Sent by the page itself where scripts run and somebody looks."""
    talk = _talk(request, public_id, of)
    said = request.POST.get("up_to", "")
    if not (said.isascii() and said.isdecimal() and len(said) < 10):
        raise InvalidInput("Say up to which number.", param="up_to")
    services.read_messages(bid_id=talk.bid.pk, by=request.user, up_to=int(said))
    if request.htmx:
        return HttpResponse(status=200)
    messages.success(request, "Marked as read.")
    return redirect(talk.path)


@require_safe
def show_message_file(request: HttpRequest, public_id: str, file_id: str) -> FileResponse:
    files = message_files_of(request.user)
    sent = get_object_or_404(files, message__public_id=public_id, stored__public_id=file_id)
    return attachment(sent.stored)


@require_safe
def export_messages(request: HttpRequest, public_id: str, of: str) -> HttpResponseBase:
    """All of it as JSON: the same for both sides, with the hash of each file."""
    talk = _talk(request, public_id, of)
    return download(f"messages-{public_id}.json", "application/json", document_of(talk))


@dataclass(frozen=True)
class Line:
    """One message as this reader sees it."""

    message: Message
    is_mine: bool
    is_read: bool
    is_first_unread: bool
    files: list[dict[str, Any]]


def lines_of(
    found: list[Message], conversation: Conversation, role: str, *, route: str, ids: list[str]
) -> list[Line]:
    """The messages, oldest first, with what is news to this side and what the other has read.

    ``route`` with ``ids`` is where a file is fetched; without ids, below its message.
    """
    mark, theirs = conversation.read_by(role), conversation.read_by(_OTHER.get(role, CLIENT))
    theirs_unread = [one.number for one in found if one.role != role and one.number > mark]
    unread = theirs_unread if role in _OTHER else []
    return [
        Line(
            message=one,
            is_mine=one.role == role,
            is_read=one.number <= theirs,
            is_first_unread=bool(unread) and one.number == unread[0],
            files=shown_files(one.files.all(), route, *(ids or [one.public_id])),
        )
        for one in found
    ]


def _thread(
    request: HttpRequest, talk: Talk, conversation: Conversation, role: str
) -> dict[str, Any]:
    """A page of messages, the newest last; the words of a search leave out all others."""
    words = request.GET.get("q", "").strip()
    page = page_of(request, found_in(messages_on(talk.bid), words), keys=("number",))
    shown = page.items[::-1]
    is_newest = not (words or page.previous_url)
    last = shown[-1].number if shown and not words else 0
    return {
        "talk": talk,
        "page": page,
        "lines": lines_of(shown, conversation, role, route="message-file", ids=[]),
        "other": talk.bid.freelancer if role == CLIENT else talk.bid.posting.client,
        "is_live": is_newest,
        "role": role,
        "standing": None if talk.contract else standing_on(talk.bid),
        "read_up_to": last if last > conversation.read_by(role) else 0,
        "url": request.path,
        "read_url": f"{request.path}read/",
        "q": words,
        "longest_query": LONGEST_QUERY,
        "nav": "work",
    }


def _state_of(conversation: Conversation, role: str) -> str:
    """What an open page has seen: how much is written, and how far the other side has read."""
    return f"{conversation.length}.{conversation.read_by(_OTHER[role])}"


def _talk(request: HttpRequest, public_id: str, of: str) -> Talk:
    mine = bids_of(request.user)
    if of == "bid":
        return talk_about(get_object_or_404(mine, public_id=public_id))
    contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
    return talk_about(mine.get(pk=contract.bid_id))
