"""What of one's own stands still, why, and what one can say to it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.holds.rules import BARRED, GOES_ON, LONGEST_APPEAL
from accounts.holds.selectors import holds_of
from accounts.holds.services import appeal_hold
from accounts.people.selectors import signed_in
from marketplace.common.pages import page_of


@require_safe
def list_own_holds(request: HttpRequest) -> HttpResponse:
    context = {
        "page": page_of(request, holds_of(signed_in(request.user))),
        "barred": BARRED.values(),
        "goes_on": GOES_ON,
        "longest": LONGEST_APPEAL,
    }
    return render(request, "accounts/holds.html", context)


@require_POST
def create_appeal(request: HttpRequest, public_id: str) -> HttpResponse:
    user = signed_in(request.user)
    hold = get_object_or_404(holds_of(user), public_id=public_id)
    appeal_hold(hold_id=hold.pk, statement=request.POST.get("statement", ""), by=user)
    messages.success(request, "Somebody else of the staff looks at it now. You will be told.")
    return redirect("own-holds")
