"""Pages about paying for a milestone: whole, in parts, and what is missing of it later."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from marketplace.common.forms import AmountField, clean_amount
from marketplace.common.http import refusals_on
from payments.escrow.division import charge_for
from payments.escrow.facts import facts_now
from payments.fundings import services as fundings
from payments.fundings.models import Payment
from projects.contracts.roles import role_in
from projects.milestones import services
from projects.milestones.amounts import checked_share
from projects.milestones.models import Milestone
from projects.milestones.rules import judge_step
from projects.milestones.selectors import milestones_of
from projects.web.parts import draw_part


class FundingForm(forms.Form):
    """A part of the price; nothing stands for all that is missing."""

    amount = AmountField(
        label="Part of the price",
        required=False,
        help_text="Your fee comes on top. Leave it empty to fund all that is missing.",
    )

    def __init__(self, *args: Any, milestone: Milestone, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.milestone = milestone
        url = reverse("milestone-fund", args=[milestone.public_id])
        draw_part(self.fields["amount"], milestone, url=url, into="#charge")

    def clean_amount(self) -> int | None:
        part = clean_amount(self, "amount", self.milestone.currency)
        if part is not None:
            with refusals_on(self):
                return checked_share(part, self.milestone, param="amount")
        return None


@require_http_methods(["GET", "HEAD", "POST"])
def create_funding(request: HttpRequest, public_id: str) -> HttpResponse:
    """To the provider's pay page, which is opened outside of any transaction; or, with
    ``preview``, only what a part would cost.
    """
    milestone = get_object_or_404(milestones_of(request.user), public_id=public_id)
    judge_step(milestone, "fund", role_in(milestone.contract, request.user))
    is_sent = request.method == "POST" and "preview" not in request.POST
    form = FundingForm(request.POST if request.method == "POST" else None, milestone=milestone)
    if not (is_sent and form.is_valid()):
        return _page(request, milestone, form, status=400 if is_sent else 200)
    payment = services.fund_milestone(
        milestone_id=milestone.pk, by=request.user, amount=form.cleaned_data["amount"]
    )
    return to_pay_page(request, fundings.open_pay_page(payment_id=payment.pk))


def to_pay_page(request: HttpRequest, payment: Payment) -> HttpResponse:
    if request.htmx:
        return HttpResponseClientRedirect(payment.url)
    response = redirect(payment.url)
    response.status_code = 303
    return response


def _page(
    request: HttpRequest, milestone: Milestone, form: FundingForm, *, status: int
) -> HttpResponse:
    facts = facts_now(milestone.escrow)
    is_read = form.is_bound and form.is_valid()
    part = form.cleaned_data["amount"] if is_read else None
    part = facts.price_to_fund if part is None else part
    context = {
        "milestone": milestone,
        "contract": milestone.contract,
        "facts": facts,
        "form": form,
        "part": part,
        "charge": charge_for(milestone.escrow, held=facts.held, part=part),
        "refusal": next(iter(form.errors.get("amount", [])), ""),
        "nav": "work",
    }
    if request.htmx and "preview" in request.POST:
        return render(request, "milestones/_charge.html", context)
    return render(request, "milestones/fund.html", context, status=status)
