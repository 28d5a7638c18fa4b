"""The page that releases a part of a milestone's price while the rest stays held."""

import secrets
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from marketplace.common.forms import AmountField
from payments.escrow.facts import facts_now
from projects.contracts.roles import role_in
from projects.disputes.selectors import effect_of
from projects.milestones.amounts import checked_release
from projects.milestones.models import Milestone
from projects.milestones.parts import services
from projects.milestones.rules import judge_step
from projects.milestones.selectors import milestones_of
from projects.web.parts import clean_part, draw_part


class PartReleaseForm(forms.Form):
    """``once`` names this page: sent twice, it releases once."""

    amount = AmountField(
        label="Part of the price", help_text="Before fees. The rest stays held for the work."
    )
    once = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, milestone: Milestone, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.milestone = milestone
        url = reverse("milestone-release-part", args=[milestone.public_id])
        draw_part(self.fields["amount"], milestone, url=url, into="#part")

    def clean_amount(self) -> int | None:
        return clean_part(self, "amount", self.milestone, judge=checked_release)


@require_http_methods(["GET", "HEAD", "POST"])
def create_part_release(request: HttpRequest, public_id: str) -> HttpResponse:
    """Release a part; or, with ``preview``, only show what it would bring."""
    milestone = get_object_or_404(milestones_of(request.user), public_id=public_id)
    judge_step(milestone, "release_part", role_in(milestone.contract, request.user))
    is_sent = request.method == "POST" and "preview" not in request.POST
    data = request.POST if request.method == "POST" else None
    form = PartReleaseForm(data, milestone=milestone, initial={"once": secrets.token_urlsafe(16)})
    if is_sent and form.is_valid():
        services.release_part(
            milestone_id=milestone.pk,
            by=request.user,
            amount=form.cleaned_data["amount"],
            once=f"page:{request.user.pk}:{form.cleaned_data['once']}",
        )
        page = reverse("contract", args=[milestone.contract.public_id])
        return redirect(f"{page}#{milestone.public_id}")
    return _page(request, milestone, form, status=400 if is_sent else 200)


def _page(
    request: HttpRequest, milestone: Milestone, form: PartReleaseForm, *, status: int
) -> HttpResponse:
    part = form.cleaned_data.get("amount") if form.is_bound and form.is_valid() else None
    context = {
        "milestone": milestone,
        "contract": milestone.contract,
        "facts": facts_now(milestone.escrow),
        "form": form,
        "effect": None if part is None else effect_of(milestone, part),
        "refusal": next(iter(form.errors.get("amount", [])), "") if form.is_bound else "",
        "nav": "work",
    }
    if request.htmx and "preview" in request.POST:
        return render(request, "milestones/_part.html", context)
    return render(request, "milestones/release_part.html", context, status=status)
