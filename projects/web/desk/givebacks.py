"""Released money that goes back, for finance and support to find and to read."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.pages import page_of
from payments.escrow.givebacks.rules import given_back_by
from payments.escrow.givebacks.selectors import way_back_of
from payments.statements.words import kind_in_words
from projects.givebacks.models import GiveBack
from projects.givebacks.selectors import desk_givebacks, narrowed
from projects.web.desk.doors import for_staff
from projects.web.desk.search import DeskSearch, searched


class GiveBackSearch(DeskSearch):
    page = "desk-givebacks"
    hint = "A name, a title, a public id"

    status = forms.ChoiceField(
        label="State", required=False, choices=[("", "Any"), *GiveBack.Status.choices]
    )


@require_safe
@for_staff
def list_givebacks(request: HttpRequest) -> HttpResponse:
    """All that was asked back or given back, the newest first, or what of it fits."""
    user = signed_in(request.user)
    if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        raise Http404
    form = GiveBackSearch(request.GET)
    found = form.narrow(desk_givebacks(user), narrowed)
    context = {
        **searched(request, form),
        "page": page_of(request, found),
        "nav": "desk",
    }
    return render(request, "desk/givebacks.html", context, status=200 if form.is_valid() else 400)


@require_safe
@for_staff
def show_giveback(request: HttpRequest, public_id: str) -> HttpResponse:
    """One of them, and which way its money went."""
    giveback = get_object_or_404(desk_givebacks(signed_in(request.user)), public_id=public_id)
    way = way_back_of(giveback.escrow, giveback.public_id)
    is_asked = giveback.state == GiveBack.Status.ASKED and giveback.amount <= giveback.escrow.kept
    context = {
        "giveback": giveback,
        "way": way,
        "came": [(kind_in_words(line), line) for line in way.came],
        "would_go": given_back_by(giveback.amount, giveback.escrow) if is_asked else None,
        "nav": "desk",
    }
    return render(request, "desk/giveback.html", context)
