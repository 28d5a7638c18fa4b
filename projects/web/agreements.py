"""Pages about offers and what was signed."""

import json
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access.confirming import confirm_by_password
from marketplace.common.clock import now
from marketplace.common.forms import PasswordField
from marketplace.common.http import refusals_on
from payments.payees.selectors import country_of
from payments.policies.fees import quote
from payments.policies.models import Policy
from payments.policies.selectors import policy_in_force
from projects.agreements import services, terms
from projects.agreements.changes.words import lines_of
from projects.agreements.sealing.document import seal_of
from projects.agreements.terms import (
    MOST_REVISIONS,
    MOST_YEARS_OF_SILENCE,
    USUAL_REVISIONS,
    Ownership,
)
from projects.agreements.words import rules_of
from projects.bids.differences import Line
from projects.bids.models import LIFECYCLE
from projects.bids.roles import awards_taken
from projects.bids.roles import role_in as role_in_bid
from projects.bids.selectors import bids_of
from projects.bids.validity import judge_running
from projects.confidentiality.selectors import has_promised
from projects.contracts.models import Agreement, Contract
from projects.contracts.selectors import agreement_asked_for, agreement_of, contracts_of
from projects.milestones.models import Milestone
from projects.web.agreement_files import CHECKER_SHA256
from projects.web.bid_cards import files_of
from projects.web.contract_page import ends_of, plan_of
from projects.web.signing import WHY_IT_IS_ASKED
from projects.web.simulations import try_url


class AwardForm(forms.Form):
    review_days = forms.IntegerField(label="Days to review a delivery")
    revisions = forms.IntegerField(
        label="Revisions included",
        min_value=0,
        max_value=MOST_REVISIONS,
        widget=forms.NumberInput({"inputmode": "numeric"}),
        help_text=(
            f"0 to {MOST_REVISIONS}: how often you may ask for changes, for each milestone, by the "
            "criteria that are not met."
        ),
    )
    ownership = forms.ChoiceField(
        label="Whose is the result?",
        choices=Ownership.choices,
        widget=forms.RadioSelect,
        help_text="The agreement says it in full; you both sign it.",
    )
    confidentiality_years = forms.IntegerField(
        label="Years of confidentiality",
        min_value=0,
        max_value=MOST_YEARS_OF_SILENCE,
        widget=forms.NumberInput({"inputmode": "numeric"}),
        help_text=(
            f"0 to {MOST_YEARS_OF_SILENCE}: for so long after the end both keep to themselves what "
            "they learn of each other; 0 binds nobody."
        ),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)
    password = PasswordField(help_text=f"{WHY_IT_IS_ASKED} The offer is your signature.")

    def __init__(self, *args, policy: Policy, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["review_days"]
        least, most = policy.review_period_least_days, policy.review_period_most_days
        field.min_value, field.max_value = least, most
        field.widget.attrs |= {"min": least, "max": most, "inputmode": "numeric"}
        field.help_text = (
            f"{least} to {most}. If you do not answer within it, the work is approved by itself."
        )


@require_http_methods(["GET", "HEAD", "POST"])
def create_award(request: HttpRequest, public_id: str) -> HttpResponse:
    bid = get_object_or_404(bids_of(request.user), public_id=public_id)
    LIFECYCLE.judge(bid, "offer", role=role_in_bid(bid, request.user))
    judge_running(bid)
    policy = policy_in_force()
    first = {
        "review_days": policy.review_period_days,
        "revisions": USUAL_REVISIONS,
        "ownership": Ownership.ON_PAYMENT,
        "confidentiality_years": 0,
        "version": bid.version,
    }
    form = AwardForm(
        request.POST if request.method == "POST" else None, policy=policy, initial=first
    )
    if request.method == "POST" and form.is_valid():
        asked = dict(form.cleaned_data)
        with refusals_on(form):
            asked["confirmed_with"] = confirm_by_password(request.user, asked.pop("password"))
            contract = services.award_bid(bid_id=bid.pk, by=request.user, **asked)
        if form.is_valid():
            return redirect("contract", contract.public_id)
    rules = {
        "currency": bid.currency,
        "review_days": policy.review_period_days,
        "policy": policy,
        "country": country_of(bid.freelancer_id),
    }
    context = {
        "bid": bid,
        "form": form,
        "policy": policy,
        "files": files_of(bid),
        "is_lapsed": bid.valid_until <= now(),
        "is_taken": awards_taken(bid) >= bid.posting.awards,
        "has_promised": has_promised(bid.posting, bid.freelancer),
        "nav": "work",
    }
    context["must_wait"] = (
        context["is_lapsed"] or context["is_taken"] or not context["has_promised"]
    )
    zone = terms.zone_of(bid.freelancer)
    parts = [
        part
        | {"quote": quote([part["amount"]], policy), "try_it": try_url(part, **rules)}
        | ({} if context["must_wait"] else ends_of(part, zone))
        for part in bid.plan
    ]
    context["plan"] = {"parts": parts, "total": quote([p["amount"] for p in parts], policy)}
    return render(request, "agreements/award.html", context, status=400 if form.errors else 200)


@require_safe
def show_agreement(request: HttpRequest, public_id: str) -> HttpResponse:
    contract = _contract(request, public_id)
    agreement = _agreement(request, contract)
    wording = json.loads(agreement.body)
    context = {
        "contract": contract,
        "agreement": agreement,
        "wording": wording,
        "versions": contract.agreements.order_by("version"),
        "changes": _changes(contract, wording),
        "limit_at": _limit_of(wording),
        "plan": plan_of(contract, wording, _milestones_of(agreement)),
        "rules": rules_of(wording),
        "seal": seal_of(agreement),
        "checker_sha256": CHECKER_SHA256,
        "nav": "work",
    }
    return render(request, "agreements/agreement.html", context)


@require_safe
def show_agreement_json(request: HttpRequest, public_id: str) -> HttpResponse:
    """The exact bytes whose SHA-256 both sides signed."""
    contract = _contract(request, public_id)
    agreement = _agreement(request, contract)
    response = HttpResponse(agreement.body.encode(), content_type="application/json")
    name = f"agreement-{contract.public_id}-v{agreement.version}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _agreement(request: HttpRequest, contract: Contract) -> Agreement:
    agreement = agreement_asked_for(contract, request.GET.get("version", ""))
    if agreement is None:
        raise Http404
    return agreement


def _milestones_of(agreement: Agreement) -> list[Milestone]:
    """What is made of it; of a version that another one has followed, nothing."""
    if agreement != agreement_of(agreement.contract):
        return []
    return list(agreement.contract.milestones.select_related("escrow__policy"))


def _changes(contract: Contract, wording: dict[str, Any]) -> list[Line]:
    """What this version changes of the one before it, by the titles of its milestones."""
    titles = dict(contract.milestones.values_list("position", "title"))
    return lines_of(wording.get("changes", []), titles=titles, currency=wording["currency"])


def _limit_of(wording: dict[str, Any]) -> datetime | None:
    """Until when the money that went on with this version was said to be held."""
    limit_at = wording.get("changed_by", {}).get("limit_at")
    return datetime.fromisoformat(limit_at) if limit_at else None


def _contract(request: HttpRequest, public_id: str) -> Contract:
    return get_object_or_404(contracts_of(request.user), public_id=public_id)
