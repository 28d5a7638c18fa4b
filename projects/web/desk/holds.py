"""People, postings and payouts that staff lets stand still, and the appeals against it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.holds.models import LIFECYCLE, Hold
from accounts.holds.rules import LONGEST_APPEAL, role_in
from accounts.holds.selectors import desk_holds, files_on, party_named
from accounts.holds.services import uphold_hold
from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.file_lists import shown_files
from marketplace.common.files import attachment
from marketplace.common.http import refusals_on
from marketplace.common.pages import page_of
from projects.holds.services import let_go, place_on
from projects.web.desk.doors import for_staff
from projects.web.hold_forms import HoldGroundsForm

_KINDS = {
    StaffRole.MODERATOR: (
        Hold.Kind.PERSON,
        "A person: nothing new for them; what runs goes on",
    ),
    StaffRole.FINANCE: (Hold.Kind.PAYOUTS, "Payouts: what was earned is set aside and waits"),
}


class HoldForm(HoldGroundsForm):
    kind = forms.ChoiceField(label="What")
    who = forms.CharField(label="Who", max_length=254, help_text="Their address or public id.")
    field_order = ("kind", "who", "reason", "evidence", "links", "files", "days")

    def __init__(self, *args: Any, roles: frozenset[str], **kwargs: Any) -> None:
        choices = [_KINDS[role] for role in _KINDS if role in roles]
        super().__init__(*args, kinds=[kind for kind, _ in choices], **kwargs)
        self.fields["kind"] = forms.ChoiceField(label="What", choices=choices)


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff
def list_holds(request: HttpRequest) -> HttpResponse:
    """Every hold, the newest first; moderators and finance place one here."""
    user = signed_in(request.user)
    roles = staff_roles_of(user)
    if not roles & {StaffRole.FINANCE, StaffRole.MODERATOR, StaffRole.SUPPORT}:
        raise Http404
    form = _form(request, roles) if roles & set(_KINDS) else None
    if request.method == "POST" and form and form.is_valid():
        with refusals_on(form):
            asked = dict(form.cleaned_data)
            hold = place_on(party_named(asked.pop("who")), by=user, **asked)
            messages.success(request, "It is held, and whom it concerns has been told why.")
            return redirect("desk-hold", hold.public_id)
    context = {
        "page": page_of(request, desk_holds(user)),
        "form": form,
        "lost_files": bool(request.FILES),
        "nav": "desk",
    }
    return render(request, "desk/holds.html", context, status=400 if form and form.errors else 200)


def _form(request: HttpRequest, roles: frozenset[str]) -> HoldForm:
    if request.method == "POST":
        return HoldForm(request.POST, request.FILES, roles=roles)
    return HoldForm(roles=roles)


@require_safe
@for_staff
def show_hold(request: HttpRequest, public_id: str) -> HttpResponse:
    """One of them: what was said on both sides, and what may be done."""
    user = signed_in(request.user)
    hold = get_object_or_404(desk_holds(user), public_id=public_id)
    steps = LIFECYCLE.open_to(role_in(hold, user), hold.status)
    has_placed = hold.placed_by_id == user.pk
    context = {
        "hold": hold,
        "files": shown_files(files_on(hold), "desk-hold-file", public_id),
        "may_lift": "lift" in steps,
        "may_uphold": "uphold" in steps and not has_placed,
        "must_leave_it": "uphold" in steps and has_placed,
        "longest": LONGEST_APPEAL,
        "nav": "desk",
    }
    return render(request, "desk/hold.html", context)


@require_safe
@for_staff
def show_file(request: HttpRequest, public_id: str, file_id: str) -> FileResponse:
    """A file that came with it."""
    hold = get_object_or_404(desk_holds(signed_in(request.user)), public_id=public_id)
    return attachment(get_object_or_404(hold.files.all(), stored__public_id=file_id).stored)


@require_POST
@for_staff
def create_lift(request: HttpRequest, public_id: str) -> HttpResponse:
    user = signed_in(request.user)
    hold = get_object_or_404(desk_holds(user), public_id=public_id)
    let_go(hold_id=hold.pk, by=user, ruling=request.POST.get("ruling", ""))
    messages.success(request, "It is over, and what stood still goes on.")
    return redirect("desk-hold", public_id)


@require_POST
@for_staff
def create_uphold(request: HttpRequest, public_id: str) -> HttpResponse:
    user = signed_in(request.user)
    hold = get_object_or_404(desk_holds(user), public_id=public_id)
    uphold_hold(hold_id=hold.pk, ruling=request.POST.get("ruling", ""), by=user)
    messages.success(request, "The appeal is answered. It stands until its end.")
    return redirect("desk-hold", public_id)


ROUTES = [
    path("desk/holds/", list_holds, name="desk-holds"),
    path("desk/holds/<str:public_id>/", show_hold, name="desk-hold"),
    path("desk/holds/<str:public_id>/files/<str:file_id>/", show_file, name="desk-hold-file"),
    path("desk/holds/<str:public_id>/uphold/", create_uphold, name="desk-hold-uphold"),
    path("desk/holds/<str:public_id>/lift/", create_lift, name="desk-hold-lift"),
]
