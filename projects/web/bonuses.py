"""Pages about bonuses: what one would cost, and its pay page."""

import secrets
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.common.forms import AmountField, clean_amount
from marketplace.common.http import refusals_on
from payments.fundings import services as fundings
from payments.policies.fees import quote
from projects.bonuses import services
from projects.bonuses.selectors import bonuses_of
from projects.contracts.models import LIFECYCLE, Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import contracts_of
from projects.web.contracts import answer_contract
from projects.web.funding import to_pay_page
from projects.web.parts import DRAWN


class BonusForm(forms.Form):
    """``once`` names this page: sent twice, it is one bonus."""

    amount = AmountField(label="Bonus", help_text="Before fees. Your own fee comes on top.")
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=services.LONGEST_NOTE,
        widget=forms.Textarea({"rows": 4}),
        help_text="What it is for. The freelancer reads it.",
    )
    once = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.contract = contract
        field = self.fields["amount"]
        field.currency = contract.currency
        url = reverse("bonus-create", args=[contract.public_id])
        field.widget.attrs |= DRAWN | {"hx-post": url, "hx-target": "#bonus"}

    def clean_amount(self) -> int | None:
        amount = clean_amount(self, "amount", self.contract.currency)
        if amount is not None:
            with refusals_on(self):
                return services.checked_bonus(amount, self.contract)
        return None


@require_http_methods(["GET", "HEAD", "POST"])
def create_bonus(request: HttpRequest, public_id: str) -> HttpResponse:
    """To the provider's pay page; or, with ``preview``, only what it would cost and bring."""
    contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
    LIFECYCLE.judge(contract, "give_bonus", role=role_in(contract, request.user))
    is_sent = request.method == "POST" and "preview" not in request.POST
    data = request.POST if request.method == "POST" else None
    form = BonusForm(data, contract=contract, initial={"once": secrets.token_urlsafe(16)})
    if not (is_sent and form.is_valid()):
        return _page(request, contract, form, status=400 if is_sent else 200)
    _, payment = services.give_bonus(
        contract_id=contract.pk,
        by=request.user,
        amount=form.cleaned_data["amount"],
        note=form.cleaned_data["note"],
        once=f"page:{request.user.pk}:{form.cleaned_data['once']}",
    )
    return to_pay_page(request, fundings.open_pay_page(payment_id=payment.pk))


@require_POST
def create_bonus_payment(request: HttpRequest, public_id: str) -> HttpResponse:
    bonus = get_object_or_404(bonuses_of(request.user), public_id=public_id)
    payment = services.pay_bonus(bonus_id=bonus.pk, by=request.user)
    return to_pay_page(request, fundings.open_pay_page(payment_id=payment.pk))


@require_POST
def create_bonus_withdrawal(request: HttpRequest, public_id: str) -> HttpResponse:
    bonus = get_object_or_404(bonuses_of(request.user), public_id=public_id)
    services.withdraw_bonus(bonus_id=bonus.pk, by=request.user)
    return answer_contract(request, bonus.contract, "Withdrawn. Nothing was paid.")


def _page(
    request: HttpRequest, contract: Contract, form: BonusForm, *, status: int
) -> HttpResponse:
    amount = form.cleaned_data.get("amount") if form.is_bound and form.is_valid() else None
    context = {
        "contract": contract,
        "form": form,
        "quote": None if amount is None else quote([amount], contract.policy),
        "refusal": next(iter(form.errors.get("amount", [])), "") if form.is_bound else "",
        "nav": "work",
    }
    if request.htmx and "preview" in request.POST:
        return render(request, "contracts/_bonus_quote.html", context)
    return render(request, "contracts/bonus.html", context, status=status)
