"""What staff did about oneself."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.people.selectors import signed_in
from marketplace.common.audit import entries_about
from marketplace.common.pages import page_of


@require_safe
def list_own_entries(request: HttpRequest) -> HttpResponse:
    page = page_of(request, entries_about(signed_in(request.user)), keys=("number",))
    return render(request, "accounts/audit.html", {"page": page})
