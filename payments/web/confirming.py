"""A deed with money that waits for a second person of finance, as they answer it."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from accounts.people.selectors import signed_in
from marketplace.common.http import refusals_on
from payments.reconciliation.confirming import selectors
from payments.reconciliation.confirming.models import LIFECYCLE, ProposedDeed
from payments.reconciliation.confirming.services import confirm_deed, return_deed, role_of
from payments.reconciliation.deeds.services import LONGEST_REASON
from payments.web.reconciliation import for_readers


class ReturnForm(forms.Form):
    why = forms.CharField(
        label="Why it is not done",
        max_length=LONGEST_REASON,
        widget=forms.Textarea({"rows": 3}),
        help_text="Whoever wished it reads this, and so does whom it concerns.",
    )


@require_safe
@for_readers
def show_deed(request: HttpRequest, public_id: str) -> HttpResponse:
    return _page(request, _found(request, public_id), ReturnForm())


@require_POST
@for_readers
def create_confirmation(request: HttpRequest, public_id: str) -> HttpResponse:
    confirm_deed(proposed_id=_found(request, public_id).pk, by=signed_in(request.user))
    messages.success(request, "It is done, and noted with both your names.")
    return redirect("desk-deed", public_id)


@require_POST
@for_readers
def create_return(request: HttpRequest, public_id: str) -> HttpResponse:
    proposed, form = _found(request, public_id), ReturnForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            return_deed(proposed_id=proposed.pk, by=signed_in(request.user), **form.cleaned_data)
            messages.success(request, "Nothing has moved, and whoever wished it is told why.")
            return redirect("desk-deed", public_id)
    return _page(request, _found(request, public_id), form, status=400)


def _found(request: HttpRequest, public_id: str) -> ProposedDeed:
    return get_object_or_404(selectors.proposed_deeds(signed_in(request.user)), public_id=public_id)


def _page(
    request: HttpRequest, proposed: ProposedDeed, form: ReturnForm, status: int = 200
) -> HttpResponse:
    user = signed_in(request.user)
    steps = LIFECYCLE.open_to(role_of(user), proposed.status)
    refusal = selectors.why_not_confirmed_by(proposed, user) or selectors.why_it_is_gone(proposed)
    context = {
        "proposed": proposed,
        "what": proposed.what,
        "steps": steps,
        "refusal": refusal if steps else "",
        "form": form,
        "nav": "desk",
    }
    return render(request, "payments/reconciliation/deed.html", context, status=status)


ROUTES = [
    path("desk/deeds/<str:public_id>/", show_deed, name="desk-deed"),
    path("desk/deeds/<str:public_id>/confirm/", create_confirmation, name="desk-deed-confirm"),
    path("desk/deeds/<str:public_id>/return/", create_return, name="desk-deed-return"),
]
