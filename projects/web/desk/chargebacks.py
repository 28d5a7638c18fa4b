"""Chargebacks, for finance to answer and for support to read."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.people.models import StaffRole, User
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.http import refusals_on
from marketplace.common.pages import page_of
from payments.chargebacks.answering import services
from payments.chargebacks.models import LIFECYCLE, Chargeback
from payments.chargebacks.roles import role_in
from payments.chargebacks.selectors import desk_chargebacks, has_now, rolled_on
from payments.chargebacks.words import story_of, why_not_told
from payments.escrow.models import Escrow
from projects.web.desk.doors import for_staff


class EvidenceForm(forms.Form):
    evidence = forms.CharField(
        label="What the bank should know",
        max_length=services.LONGEST_EVIDENCE,
        widget=forms.Textarea({"rows": 8}),
        help_text="The agreement, the deliveries and their approval, in plain words. It is sent "
        "once and cannot be changed. Payer and payee read it on their account pages.",
    )


@require_safe
@for_staff
def list_chargebacks(request: HttpRequest) -> HttpResponse:
    """All of them, the newest first."""
    user = signed_in(request.user)
    if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        raise Http404
    page = page_of(request, desk_chargebacks(user), keys=("opened_at", "id"))
    return render(request, "desk/chargebacks.html", {"page": page, "nav": "desk"})


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff
def show_chargeback(request: HttpRequest, public_id: str) -> HttpResponse:
    """One of them; finance sends its evidence from here."""
    user = signed_in(request.user)
    chargeback = get_object_or_404(desk_chargebacks(user), public_id=public_id)
    form = EvidenceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            services.send_evidence(
                chargeback_id=chargeback.pk, by=user, text=form.cleaned_data["evidence"]
            )
            messages.success(request, "The evidence is with the bank.")
            return redirect("desk-chargeback", public_id)
    context = _shown(chargeback, user) | {"form": form, "nav": "desk"}
    return render(request, "desk/chargeback.html", context, status=400 if form.errors else 200)


@require_POST
@for_staff
def create_acceptance(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let the bank have it."""
    user = signed_in(request.user)
    chargeback = get_object_or_404(desk_chargebacks(user), public_id=public_id)
    services.accept_loss(chargeback_id=chargeback.pk, by=user)
    messages.success(request, "The bank keeps the money.")
    return redirect("desk-chargeback", public_id)


def _shown(chargeback: Chargeback, user: User) -> dict[str, Any]:
    steps = LIFECYCLE.open_to(role_in(chargeback, user), chargeback.status)
    if chargeback.answered_at or chargeback.answer or chargeback.is_overdue:
        steps = [step for step in steps if step != "answer"]
    has = has_now(chargeback)
    return {
        "chargeback": chargeback,
        "escrow": Escrow.objects.get(public_id=chargeback.payment.paid_for),
        "rolls": rolled_on(chargeback),
        "steps": steps,
        "problem": why_not_told(chargeback),
        "has": has,
        "story": story_of(chargeback, has),
        "movements": sorted(chargeback.movements.all(), key=lambda one: one.pk),
    }
