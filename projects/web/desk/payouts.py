"""Every payout and how it stands, for finance and support to find."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.pages import page_of
from payments.payouts.finding.selectors import desk_payouts, narrowed
from payments.payouts.models import Payout
from projects.web.desk.doors import for_staff
from projects.web.desk.search import DeskSearch, searched


class PayoutSearch(DeskSearch):
    page = "desk-payouts"
    hint = "A payee, a public id, an id at the provider"

    status = forms.ChoiceField(
        label="State", required=False, choices=[("", "Any"), *Payout.Status.choices]
    )


@require_safe
@for_staff
def list_payouts(request: HttpRequest) -> HttpResponse:
    """All of them, the newest first, or what of them fits."""
    user = signed_in(request.user)
    if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        raise Http404
    form = PayoutSearch(request.GET)
    found = form.narrow(desk_payouts(user), narrowed)
    context = {
        **searched(request, form),
        "page": page_of(request, found, keys=("id",)),
        "nav": "desk",
    }
    return render(request, "desk/payouts.html", context, status=200 if form.is_valid() else 400)
