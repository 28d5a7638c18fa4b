"""Pages about contracts."""

import json
from functools import partial
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.common.http import answer, refusals_on
from marketplace.common.lifecycle import CLIENT
from marketplace.common.pages import page_of
from projects.agreements import services
from projects.agreements.outlook import prospects_of_each
from projects.agreements.turns import turn_of
from projects.bids.counters.selectors import waiting_for
from projects.bids.selectors import postings_to_award
from projects.confidentiality.selectors import gate_of
from projects.contracts.models import FREELANCERS_REASONS, LIFECYCLE, Contract
from projects.contracts.roles import role_in
from projects.contracts.selectors import (
    SIDES,
    agreement_of,
    contracts_of,
    filtered,
    timeline_of,
    with_price,
)
from projects.invitations.selectors import unanswered_by
from projects.messages.selectors import unread_of_each
from projects.web.contract_page import context_of, lines_of, plan_of
from projects.web.decline_forms import DeclineForm
from projects.web.signing import sign_page

# So many postings with bids stand above one's contracts.
FEW = 3


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        max_length=300,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text="The other side reads it.",
    )


@require_safe
def list_contracts(request: HttpRequest) -> HttpResponse:
    side, status = request.GET.get("side", ""), request.GET.get("status", "")
    found = filtered(request.user, side="" if side == "all" else side, status=status)
    page = page_of(request, with_price(found))
    prospects = prospects_of_each(page.items)
    unread = unread_of_each([contract.bid_id for contract in page.items], request.user)
    rows = []
    for contract in page.items:
        role = str(role_in(contract, request.user))
        other = contract.freelancer if role == CLIENT else contract.client
        turn = turn_of(prospects[contract.pk], role)
        row = {"contract": contract, "role": role, "other": other, "turn": turn}
        rows.append(row | {"unread": unread.get(contract.bid_id, 0)})
    sides = [("all", "All"), ("client", "As client"), ("freelancer", "As freelancer")]
    context = {
        "rows": rows,
        "page": page,
        "side": side or "all",
        "tabs": [(name, label, name == (side or "all")) for name, label in sides],
        "is_filtered": bool(status) or side in SIDES,
        "to_award": [] if request.GET else postings_to_award(request.user, limit=FEW),
        "to_answer": [] if request.GET else waiting_for(request.user, limit=FEW),
        "invited_to": [] if request.GET else unanswered_by(request.user, limit=FEW),
        "status": status,
        "statuses": Contract.Status.choices,
        "nav": "work",
    }
    return render(request, "contracts/contracts.html", context)


@require_safe
def show_contract(request: HttpRequest, public_id: str) -> HttpResponse:
    contract = _contract(request, public_id)
    template = "contracts/_contract.html" if request.htmx else "contracts/contract.html"
    return render(request, template, context_of(request, contract))


@require_safe
def show_timeline(request: HttpRequest, public_id: str) -> HttpResponse:
    contract = _contract(request, public_id)
    page = page_of(request, timeline_of(contract))
    context = {
        "contract": contract,
        "page": page,
        "events": lines_of(contract, page.items),
        "nav": "work",
    }
    return render(request, "contracts/timeline.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create_acceptance(request: HttpRequest, public_id: str) -> HttpResponse:
    """The offer once more, to be signed."""
    contract = _contract(request, public_id)
    LIFECYCLE.judge(contract, "accept", role=role_in(contract, request.user))
    wording = json.loads(agreement_of(contract).body)
    return sign_page(
        request,
        "agreements/sign_offer.html",
        {
            "contract": contract,
            "wording": wording,
            "plan": plan_of(contract, wording),
            "gate": gate_of(contract.posting, request.user),
        },
        deed=partial(services.accept_offer, contract_id=contract.pk),
        page=reverse("contract", args=[public_id]),
        said="Accepted. The agreement is signed by both.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def create_decline(request: HttpRequest, public_id: str) -> HttpResponse:
    form = DeclineForm(_sent(request), reasons=FREELANCERS_REASONS)
    return _end_offer(request, public_id, "decline", services.decline_offer, form)


@require_http_methods(["GET", "HEAD", "POST"])
def create_withdrawal(request: HttpRequest, public_id: str) -> HttpResponse:
    form = ReasonForm(_sent(request))
    return _end_offer(request, public_id, "withdraw", services.withdraw_offer, form)


def _sent(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _end_offer(
    request: HttpRequest, public_id: str, step: str, deed: Any, form: forms.Form
) -> HttpResponse:
    contract = _contract(request, public_id)
    LIFECYCLE.judge(contract, step, role=role_in(contract, request.user))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            deed(contract_id=contract.pk, by=request.user, **form.cleaned_data)
        if form.is_valid():
            return redirect("contract", contract.public_id)
    context = {"contract": contract, "form": form, "step": step, "nav": "work"}
    status = 400 if form.errors else 200
    return render(request, "contracts/end_offer.html", context, status=status)


def answer_contract(request: HttpRequest, contract: Contract, said: str) -> HttpResponse:
    """The contract as it stands after a deed: its fragment for htmx, else its page."""
    page = reverse("contract", args=[contract.public_id])
    context = {}
    if request.htmx:
        context = context_of(request, contracts_of(request.user).get(pk=contract.pk))
    return answer(request, "contracts/_contract.html", context, page=page, said=said)


def _contract(request: HttpRequest, public_id: str) -> Contract:
    return get_object_or_404(with_price(contracts_of(request.user)), public_id=public_id)
