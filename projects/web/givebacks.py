"""Pages about released money that goes back: ask for it, give it, answer."""

import secrets
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.common.forms import AmountField, clean_amount
from marketplace.common.http import refusals_on
from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import in_words
from payments.escrow.givebacks.rules import checked_amount_back, given_back_by
from payments.escrow.models import Escrow
from projects.contracts.models import LIFECYCLE, Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import contracts_of
from projects.givebacks import services
from projects.givebacks.models import GiveBack
from projects.givebacks.selectors import givebacks_of, returnable
from projects.web.contracts import answer_contract
from projects.web.parts import DRAWN


class GiveBackForm(forms.Form):
    """``once`` names this page: sent twice, it is one."""

    of = forms.ChoiceField(label="Of what was released")
    amount = AmountField(label="Amount", help_text="A part of the price, before fees.")
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=services.LONGEST_NOTE,
        widget=forms.Textarea({"rows": 4}),
        help_text="Why. The other side reads it.",
    )
    once = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, contract: Contract, escrows: list[Escrow], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.escrows = {escrow.public_id: escrow for escrow in escrows}
        self.fields["of"].choices = [
            (name, f"{one.title}: {in_words(one.kept, one.currency)}")
            for name, one in self.escrows.items()
        ]
        field = self.fields["amount"]
        field.currency = contract.currency
        url = reverse("giveback-create", args=[contract.public_id])
        for drawn in (field, self.fields["of"]):
            drawn.widget.attrs |= DRAWN | {"hx-post": url, "hx-target": "#giveback"}

    @property
    def escrow(self) -> Escrow | None:
        return self.escrows.get(self.cleaned_data.get("of", ""))

    def clean_amount(self) -> int | None:
        escrow = self.escrow
        if escrow is None:
            return None  # refused beside the other field
        amount = clean_amount(self, "amount", escrow.currency)
        if amount is not None:
            with refusals_on(self):
                return checked_amount_back(amount, escrow)
        return None


@require_http_methods(["GET", "HEAD", "POST"])
def create_giveback(request: HttpRequest, public_id: str) -> HttpResponse:
    """The client asks, the freelancer gives; or, with ``preview``, only what it would mean."""
    contract = get_object_or_404(contracts_of(request.user), public_id=public_id)
    role = role_in(contract, request.user)
    is_client = role == CLIENT
    LIFECYCLE.judge(contract, "ask_back" if is_client else "give_back", role=role)
    is_sent = request.method == "POST" and "preview" not in request.POST
    form = GiveBackForm(
        request.POST if request.method == "POST" else None,
        contract=contract,
        escrows=list(returnable(contract)),
        initial={"once": secrets.token_urlsafe(16)},
    )
    if is_sent and form.is_valid():
        with refusals_on(form):
            deed = services.ask_back if is_client else services.give_back
            giveback = deed(
                contract_id=contract.pk,
                escrow_id=form.escrow.pk,
                by=request.user,
                amount=form.cleaned_data["amount"],
                note=form.cleaned_data["note"],
                once=f"page:{request.user.pk}:{form.cleaned_data['once']}",
            )
            said = "Asked. The freelancer has been told." if is_client else "Given back."
            messages.success(request, said)
            page = reverse("contract", args=[contract.public_id])
            return redirect(f"{page}#{giveback.public_id}")
    return _page(request, contract, form, is_client=is_client, status=400 if is_sent else 200)


@require_POST
def create_acceptance(request: HttpRequest, public_id: str) -> HttpResponse:
    return _answer(request, public_id, services.accept_giveback, "Given back.")


@require_POST
def create_decline(request: HttpRequest, public_id: str) -> HttpResponse:
    return _answer(request, public_id, services.decline_giveback, "Declined. Nothing has changed.")


@require_POST
def create_withdrawal(request: HttpRequest, public_id: str) -> HttpResponse:
    return _answer(request, public_id, services.withdraw_giveback, "Withdrawn.")


def _answer(
    request: HttpRequest, public_id: str, deed: Callable[..., GiveBack], said: str
) -> HttpResponse:
    giveback = get_object_or_404(givebacks_of(request.user), public_id=public_id)
    deed(giveback_id=giveback.pk, by=request.user)
    return answer_contract(request, giveback.contract, said)


def _page(
    request: HttpRequest, contract: Contract, form: GiveBackForm, *, is_client: bool, status: int
) -> HttpResponse:
    amount = form.cleaned_data.get("amount") if form.is_bound and form.is_valid() else None
    context = {
        "contract": contract,
        "form": form,
        "is_client": is_client,
        "back": None if amount is None else given_back_by(amount, form.escrow),
        "refusal": next(iter(form.errors.get("amount", [])), "") if form.is_bound else "",
        "nav": "work",
    }
    if request.htmx and "preview" in request.POST:
        return render(request, "givebacks/_effect.html", context)
    return render(request, "givebacks/give_back.html", context, status=status)
