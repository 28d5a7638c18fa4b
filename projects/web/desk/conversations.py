"""What both sides of an open dispute have written to each other, for whoever decides it."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from marketplace.common.files import attachment
from marketplace.common.pages import page_of
from projects.disputes.models import Dispute
from projects.disputes.selectors import desk_disputes, still_open
from projects.messages.selectors import conversation_about, files_sent_on, found_in, messages_on
from projects.web.desk.doors import for_staff
from projects.web.messages import lines_of


@require_safe
@for_staff
def show_conversation(request: HttpRequest, public_id: str) -> HttpResponse:
    dispute = _open_dispute(request, public_id)
    bid = dispute.milestone.contract.bid
    words = request.GET.get("q", "").strip()
    page = page_of(request, found_in(messages_on(bid), words), keys=("number",))
    lines = lines_of(
        page.items[::-1],
        conversation_about(bid),
        "",
        route="desk-dispute-message-file",
        ids=[dispute.public_id],
    )
    context = {"dispute": dispute, "page": page, "lines": lines, "q": words, "nav": "desk"}
    return render(request, "desk/conversation.html", context)


@require_safe
@for_staff
def show_conversation_file(request: HttpRequest, public_id: str, file_id: str) -> HttpResponseBase:
    dispute = _open_dispute(request, public_id)
    sent = files_sent_on(dispute.milestone.contract.bid)
    return attachment(get_object_or_404(sent, stored__public_id=file_id).stored)


def _open_dispute(request: HttpRequest, public_id: str) -> Dispute:
    """What people say to each other is read for a decision, and no longer."""
    return get_object_or_404(still_open(desk_disputes(request.user)), public_id=public_id)
