"""The page on which a side asks for another date of delivery: a change of that alone."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.access.confirming import confirm_by_password
from marketplace.common.clock import end_of_day
from marketplace.common.forms import PasswordField
from marketplace.common.http import refusals_on
from marketplace.common.lifecycle import BOTH
from payments.escrow.facts import facts_now
from projects.agreements.changes.asking.services import propose_extension
from projects.agreements.changes.selectors import standing_on
from projects.contracts.models import LIFECYCLE as CONTRACT_LIFECYCLE
from projects.contracts.roles import role_in
from projects.milestones.models import LIFECYCLE
from projects.milestones.rules import due_of
from projects.milestones.selectors import milestones_of
from projects.web.change_forms import ProposalForm


class ExtensionForm(ProposalForm):
    """Another day, and why; unlike a whole change it has nothing to be looked at first."""

    due_at = forms.DateField(
        label="Due on",
        widget=forms.DateInput({"type": "date"}),
        help_text="To the end of that day, by your clock.",
    )
    field_order = ["due_at", "note", "password"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked: PasswordField = self.fields["password"]
        asked.required = True

    def clean_due_at(self) -> Any:
        return end_of_day(self.cleaned_data["due_at"], timezone.get_current_timezone())


@require_http_methods(["GET", "HEAD", "POST"])
def create_extension(request: HttpRequest, public_id: str) -> HttpResponse:
    milestone = get_object_or_404(milestones_of(request.user), public_id=public_id)
    contract = milestone.contract
    CONTRACT_LIFECYCLE.judge(contract, "propose_change", role=role_in(contract, request.user))
    LIFECYCLE.judge(milestone, "adjust", role=BOTH)
    page = reverse("contract", args=[contract.public_id])
    if standing := standing_on([contract.pk]).get(contract.pk):
        return redirect(f"{page}#{standing.public_id}")
    due_at = due_of(milestone)
    form = ExtensionForm(
        request.POST if request.method == "POST" else None,
        initial={"due_at": timezone.localtime(due_at).date()},
    )
    if request.method == "POST" and form.is_valid():
        wanted = dict(form.cleaned_data)
        with refusals_on(form):
            how = confirm_by_password(request.user, wanted.pop("password"))
            order = propose_extension(
                milestone_id=milestone.pk, by=request.user, confirmed_with=how, **wanted
            )
        if form.is_valid():
            messages.success(request, "Proposed. The other side has been told.")
            return redirect(f"{page}#{order.public_id}")
    context = {
        "milestone": milestone,
        "contract": contract,
        "facts": facts_now(milestone.escrow),
        "form": form,
        "due_at": due_at,
        "nav": "work",
    }
    status = 400 if form.errors else 200
    return render(request, "agreements/extend.html", context, status=status)


ROUTES = [path("milestones/<str:public_id>/extend/", create_extension, name="extension-create")]
