"""What of one's own stands still, why, and what one can say to it."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.holds.models import Hold
from accounts.holds.rules import BARRED, GOES_ON, LONGEST_APPEAL
from accounts.holds.selectors import files_on, holds_of
from accounts.holds.services import appeal_hold
from accounts.people.selectors import signed_in
from marketplace.common.file_lists import shown_files
from marketplace.common.files import attachment
from marketplace.common.pages import page_of


@require_safe
def list_own_holds(request: HttpRequest) -> HttpResponse:
    page = page_of(request, holds_of(signed_in(request.user)))
    context = {
        "page": page,
        "rows": [(hold, shown_files_of(hold)) for hold in page.items],
        "barred": BARRED.values(),
        "goes_on": GOES_ON,
        "longest": LONGEST_APPEAL,
    }
    return render(request, "accounts/holds.html", context)


@require_safe
def show_file(request: HttpRequest, public_id: str, file_id: str) -> FileResponse:
    """A file that came with a hold, for whom it concerns."""
    hold = get_object_or_404(holds_of(signed_in(request.user)), public_id=public_id)
    return attachment(get_object_or_404(hold.files.all(), stored__public_id=file_id).stored)


def shown_files_of(hold: Hold) -> list[dict[str, Any]]:
    """The files that came with it, as pages of whom it concerns list them."""
    return shown_files(files_on(hold), "hold-file", hold.public_id)


@require_POST
def create_appeal(request: HttpRequest, public_id: str) -> HttpResponse:
    user = signed_in(request.user)
    hold = get_object_or_404(holds_of(user), public_id=public_id)
    appeal_hold(hold_id=hold.pk, statement=request.POST.get("statement", ""), by=user)
    messages.success(request, "Somebody else of the staff looks at it now. You will be told.")
    return redirect("own-holds")
