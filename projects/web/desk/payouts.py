"""Every payout and how it stands, for finance and support to find."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.errors import ProviderUnreachable
from marketplace.common.http import refusals_on
from marketplace.common.pages import page_of
from payments.payouts.attesting.services import (
    LONGEST_ID,
    LONGEST_REASON,
    Outcome,
    attempt_of,
    outcomes_of,
)
from payments.payouts.cancelling.services import LONGEST_REASON as CANCELLING_LONGEST
from payments.payouts.cancelling.services import cancel_payout
from payments.payouts.finding.selectors import cancellable_payouts, desk_payouts, narrowed
from payments.payouts.models import Payout
from payments.payouts.selectors import payouts_to_attest
from payments.reconciliation.confirming.models import ProposedDeed
from payments.reconciliation.confirming.services import attest_payout_or_propose
from projects.web.desk.doors import for_staff, for_who_keeps_the_money
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


class AttestForm(forms.Form):
    outcome = forms.ChoiceField(
        label="What became of it", choices=Outcome.choices, widget=forms.RadioSelect
    )
    bank_payout = forms.CharField(
        label="Id of the bank payout",
        max_length=LONGEST_ID,
        required=False,
        help_text="As the provider’s desk names it: po_… Only where it arrived and is not known.",
    )
    reason = forms.CharField(
        label="From where you know",
        max_length=LONGEST_REASON,
        widget=forms.Textarea({"rows": 3}),
        help_text="Such as what the provider’s desk says, or the payee’s bank. The payee reads it.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_who_keeps_the_money
def attest(request: HttpRequest, public_id: str) -> HttpResponse:
    """What became of one whose account was closed."""
    payout = get_object_or_404(payouts_to_attest(), public_id=public_id)
    form, attempt = AttestForm(request.POST or None), attempt_of(payout)
    form.fields["outcome"].choices = [(one.value, one.label) for one in outcomes_of(payout)]
    if attempt.remote_id:
        del form.fields["bank_payout"]
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            waits = attest_payout_or_propose(
                payout_id=payout.pk, by=signed_in(request.user), **form.cleaned_data
            )
            if waits is not None:
                messages.success(request, "Another person of finance has been asked to confirm it.")
                return redirect("desk-deed", waits.public_id)
            messages.success(request, "It is noted, and the payee has been told.")
            return redirect("desk")
    waiting = payout.proposed_deeds.filter(status=ProposedDeed.Status.PROPOSED)
    context = {
        "payout": payout,
        "attempt": attempt,
        "waiting": waiting.select_related("by").first(),
        "form": form,
        "nav": "desk",
    }
    return render(request, "desk/payout.html", context, status=400 if form.errors else 200)


class CancelForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        max_length=CANCELLING_LONGEST,
        widget=forms.Textarea({"rows": 3}),
        help_text="The payee reads it, in the notice and in their log.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """One that waits or has failed is taken back, for a reason that its payee reads."""
    user = signed_in(request.user)
    payout = get_object_or_404(cancellable_payouts(user), public_id=public_id)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            try:
                cancel_payout(payout_id=payout.pk, by=user, **form.cleaned_data)
                messages.success(request, "It is cancelled, and the payee has been told.")
            except ProviderUnreachable as later:  # the wish is noted, and nothing is left to do
                messages.info(request, later.message)
            return redirect("desk-payouts")
    context = {"payout": payout, "form": form, "nav": "desk"}
    return render(request, "desk/payout_cancel.html", context, status=400 if form.errors else 200)


ROUTES = [
    path("desk/payouts/", list_payouts, name="desk-payouts"),
    path("desk/payouts/<str:public_id>/cancel/", cancel, name="desk-payout-cancel"),
    path("desk/payouts/<str:public_id>/attest/", attest, name="desk-payout-attest"),
]
