"""Payouts that finance holds while somebody looks into them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.http import refusals_on
from marketplace.common.pages import page_of
from payments.payouts.holding import services
from payments.payouts.holding.selectors import desk_holds, payee_named
from payments.policies.selectors import policy_in_force
from projects.web.desk.doors import for_staff


class HoldForm(forms.Form):
    payee = forms.CharField(label="Payee", max_length=254, help_text="Their address or public id.")
    reason = forms.CharField(
        label="Reason",
        max_length=services.LONGEST_REASON,
        widget=forms.Textarea({"rows": 3}),
        help_text="The payee reads this.",
    )
    evidence = forms.CharField(
        label="What it rests on",
        max_length=services.LONGEST_REASON,
        widget=forms.Textarea({"rows": 3}),
        help_text="The payee reads this too, and answers to it.",
    )
    days = forms.IntegerField(label="Days at most", min_value=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = policy_in_force().payout_review_most_days
        self.fields["days"].help_text = f"From 1 to {most}. Then it ends by itself."


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff
def list_holds(request: HttpRequest) -> HttpResponse:
    """Every hold, the newest first; finance places one here."""
    user = signed_in(request.user)
    roles = staff_roles_of(user)
    if not roles & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        raise Http404
    form = HoldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            asked = dict(form.cleaned_data)
            services.place_hold(party_id=payee_named(asked.pop("payee")).pk, by=user, **asked)
            messages.success(request, "The payouts are held, and the payee has been told why.")
            return redirect("desk-holds")
    context = {
        "page": page_of(request, desk_holds(user)),
        "form": form if StaffRole.FINANCE in roles else None,
        "nav": "desk",
    }
    return render(request, "desk/holds.html", context, status=400 if form.errors else 200)


@require_POST
@for_staff
def create_lift(request: HttpRequest, public_id: str) -> HttpResponse:
    user = signed_in(request.user)
    hold = get_object_or_404(desk_holds(user), public_id=public_id)
    services.lift_hold(hold_id=hold.pk, by=user)
    messages.success(request, "The hold is lifted. What waited is on its way.")
    return redirect("desk-holds")
