"""The evidence of a dispute to take home, and the program that proves it."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from marketplace.common.file_lists import shown_files
from marketplace.common.http import download
from projects.contracts.models import Agreement
from projects.disputes.history import Entry, record_of
from projects.disputes.models import Dispute
from projects.disputes.selectors import desk_disputes, disputes_of
from projects.evidence import verify_evidence
from projects.evidence.bundle import bundle_of, name_of_bundle
from projects.evidence.selectors import bytes_of_files, is_redacted, staff_may_read_messages
from projects.web.desk.doors import for_staff

CHECKER = Path(verify_evidence.__file__).read_bytes()
CHECKER_SHA256 = sha256(CHECKER).hexdigest()


@require_safe
def download_evidence(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """All of it, or with ``redacted`` the copy for people outside."""
    dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
    return _sent(dispute, request.GET.get("redacted"), with_messages=True)


@require_safe
@for_staff
def download_case_evidence(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The same for who reads the case; without the messages once the dispute has ended."""
    dispute = get_object_or_404(desk_disputes(request.user), public_id=public_id)
    with_messages = staff_may_read_messages(dispute)
    return _sent(dispute, request.GET.get("redacted"), with_messages=with_messages)


@require_safe
@login_not_required
def show_checker(request: HttpRequest) -> HttpResponse:
    """The program that proves a bundle without us."""
    response = HttpResponse(CHECKER, content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="verify_evidence.py"'
    return response


def _sent(dispute: Dispute, asked: str | None, *, with_messages: bool) -> HttpResponseBase:
    redacted = is_redacted(asked)
    parts = bundle_of(dispute, with_messages=with_messages, is_redacted=redacted)
    return download(name_of_bundle(dispute, is_redacted=redacted), "application/zip", parts)


def offer_of(
    dispute: Dispute, *, route: str, with_messages: bool, agreement: Agreement | None = None
) -> dict[str, Any]:
    """What ``disputes/_evidence.html`` is drawn with. ``agreement`` where the caller has the
    wording in force at hand.
    """
    return {
        "route": route,
        "size": bytes_of_files(dispute, with_messages=with_messages, agreement=agreement),
        "with_messages": with_messages,
        "checker_sha256": CHECKER_SHA256,
    }


def shown_record(dispute: Dispute, *, file_route: str) -> list[tuple[Entry, list[dict[str, Any]]]]:
    """What ``disputes/_record.html`` is drawn with: each line, with the files that came with it."""
    return [
        (entry, shown_files(entry.files, file_route, dispute.public_id))
        for entry in record_of(dispute)
    ]
