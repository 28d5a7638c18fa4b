"""A refund that the provider cannot make: finance pays it by other means, and says so here."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.people.selectors import signed_in
from marketplace.common.http import refusals_on
from payments.chargebacks.settling.services import LONGEST_REASON
from payments.reconciliation.confirming.services import settle_refund_or_propose
from payments.refunds.selectors import failed_refunds
from projects.contracts.selectors import accountable_contracts
from projects.web.desk.doors import for_staff


class SettleForm(forms.Form):
    reason = forms.CharField(
        label="How and when",
        max_length=LONGEST_REASON,
        widget=forms.Textarea({"rows": 3}),
        help_text="Such as the date and the reference of your transfer. The payer reads this.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff
def settle_refund(request: HttpRequest, public_id: str) -> HttpResponse:
    refund = get_object_or_404(failed_refunds(), public_id=public_id)
    form = SettleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            user = signed_in(request.user)
            waits = settle_refund_or_propose(refund_id=refund.pk, by=user, **form.cleaned_data)
            if waits is not None:
                messages.success(request, "Another person of finance has been asked to confirm it.")
                return redirect("desk-deed", waits.public_id)
            messages.success(request, "It is settled, and the payer has been told how.")
            return redirect("desk")
    books = accountable_contracts(signed_in(request.user))
    contract = books.filter(public_id=refund.book).first()
    context = {"refund": refund, "contract": contract, "form": form, "nav": "desk"}
    return render(request, "desk/refund.html", context, status=400 if form.errors else 200)
