"""Pages about disputes, for both sides of a contract."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.common.forms import AmountField
from marketplace.common.http import refusals_on
from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import to_major
from projects.contracts.roles import role_in
from projects.contracts.selectors import page_of
from projects.disputes import rules, services
from projects.disputes.confirming.selectors import limit_of
from projects.disputes.history import record_of
from projects.disputes.models import Dispute
from projects.disputes.negotiating.services import ask_mediator
from projects.disputes.rulings.selectors import (
    expected_shares,
    is_final,
    ruling_of,
    waits_for_bank,
)
from projects.disputes.rulings.services import accept_ruling, appeal_ruling
from projects.disputes.sealed.selectors import own_figure_of
from projects.disputes.sealed.services import seal_figure, withdraw_figure
from projects.disputes.selectors import disputes_of
from projects.disputes.silence.selectors import verdicts_on
from projects.milestones.amounts import checked_ending, price_held_of
from projects.milestones.models import Milestone
from projects.milestones.rules import judge_step
from projects.milestones.selectors import latest_delivery, milestones_of
from projects.web.criteria import CriteriaForm
from projects.web.dispute_endings import ending_of
from projects.web.evidence import offer_of
from projects.web.parts import PartForm, clean_part, clean_words, draw_part


class DisputeForm(CriteriaForm):
    """Why there is a dispute, and how its opener would divide the price."""

    reason = forms.ChoiceField(
        label="What is it about?", choices=Dispute.Reason.choices, widget=forms.RadioSelect
    )
    not_met = forms.TypedMultipleChoiceField(
        label="Which criteria are not met?",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="One at least where the work is not as agreed.",
    )
    statement = forms.CharField(
        label="What happened",
        max_length=services.LONGEST_STATEMENT,
        widget=forms.Textarea({"rows": 8}),
        help_text="Facts and dates. The other side and a mediator read it; it cannot be changed.",
    )
    asked_for = AmountField(
        label="What the freelancer should get",
        help_text="A part of the price: from nothing to all of it. The rest goes back.",
    )

    def __init__(self, *args: Any, milestone: Milestone, **kwargs: Any) -> None:
        super().__init__(*args, criteria=milestone.criteria, **kwargs)
        self.milestone = milestone
        self.fields["not_met"].choices = list(enumerate(milestone.criteria, start=1))
        if not milestone.criteria:
            del self.fields["not_met"]
        url = reverse("dispute-create", args=[milestone.public_id])
        draw_part(self.fields["asked_for"], milestone, url=url, into="#division")

    def clean_statement(self) -> str:
        return clean_words(self, "statement")

    def clean_asked_for(self) -> int | None:
        return clean_part(self, "asked_for", self.milestone)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "not_met" in given and "reason" in given:
            with refusals_on(self):
                rules.checked_grounds(given["not_met"], self.milestone, given["reason"])
        return given


class StatementForm(forms.Form):
    statement = forms.CharField(
        label="Your statement",
        max_length=services.LONGEST_STATEMENT,
        widget=forms.Textarea({"rows": 6}),
        help_text="Both sides and the mediator read it. It cannot be changed afterwards.",
    )

    def clean_statement(self) -> str:
        return clean_words(self, "statement")


class FigureForm(forms.Form):
    """What one side would settle at, for nobody's eyes."""

    amount = AmountField(label="Your sealed figure")

    def __init__(self, *args: Any, milestone: Milestone, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.milestone = milestone
        self.fields["amount"].currency = milestone.currency

    def clean_amount(self) -> int | None:
        return clean_part(self, "amount", self.milestone, judge=checked_ending)


@require_http_methods(["GET", "HEAD", "POST"])
def create_dispute(request: HttpRequest, public_id: str) -> HttpResponse:
    milestone = get_object_or_404(milestones_of(request.user), public_id=public_id)
    role = role_in(milestone.contract, request.user)
    if request.method != "POST" or "preview" in request.POST:
        judge_step(milestone, "dispute", role)
        usual = 0 if role == CLIENT else price_held_of(milestone)
        first = {"asked_for": to_major(usual, milestone.currency)}
        form = DisputeForm(milestone=milestone, initial=first | _typed(request))
        return _draft(request, milestone, form)
    form = DisputeForm(request.POST, milestone=milestone)
    dispute = None
    if form.is_valid():
        with refusals_on(form):
            dispute = services.open_dispute(
                milestone_id=milestone.pk, by=request.user, **form.cleaned_data
            )
    if dispute is None:
        return _draft(request, milestone, form, status=400)
    messages.success(request, "The dispute is open. The other side has been told.")
    return redirect(dispute.path)


@require_safe
def show_dispute(request: HttpRequest, public_id: str) -> HttpResponse:
    dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
    return _page(request, dispute, StatementForm())


@require_POST
def create_answer(request: HttpRequest, public_id: str) -> HttpResponse:
    dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
    form = StatementForm(request.POST)
    if not form.is_valid():
        return _page(request, dispute, form, status=400)
    services.answer_dispute(dispute_id=dispute.pk, by=request.user, **form.cleaned_data)
    messages.success(request, "Your answer is on file. Now you can settle it between yourselves.")
    return redirect(dispute.path)


@require_POST
def create_mediation(request: HttpRequest, public_id: str) -> HttpResponse:
    dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
    dispute = ask_mediator(dispute_id=dispute.pk, by=request.user)
    is_asked_by_both = dispute.status == Dispute.Status.UNDER_REVIEW
    words = "A mediator takes over." if is_asked_by_both else "The other side has been told."
    messages.success(request, words)
    return redirect(dispute.path)


@require_POST
def create_acceptance(request: HttpRequest, public_id: str) -> HttpResponse:
    dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
    dispute = accept_ruling(dispute_id=dispute.pk, by=request.user)
    is_done = dispute.status == Dispute.Status.CLOSED
    words = "The decision is carried out." if is_done else "The other side has been told."
    messages.success(request, words)
    return redirect(dispute.path)


@require_POST
def create_appeal(request: HttpRequest, public_id: str) -> HttpResponse:
    dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
    form = StatementForm(request.POST)
    if not form.is_valid():
        return _page(request, dispute, form, status=400)
    appeal_ruling(dispute_id=dispute.pk, by=request.user, **form.cleaned_data)
    messages.success(request, "You have appealed. Another mediator decides, for good.")
    return redirect(dispute.path)


@require_POST
def create_statement(request: HttpRequest, public_id: str) -> HttpResponse:
    dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
    form = StatementForm(request.POST)
    if not form.is_valid():
        return _page(request, dispute, form, status=400)
    services.add_statement(dispute_id=dispute.pk, by=request.user, **form.cleaned_data)
    messages.success(request, "Your statement is on file.")
    return redirect(dispute.path)


@require_POST
def create_figure(request: HttpRequest, public_id: str) -> HttpResponse:
    """Seal a figure, or withdraw it: one form with two buttons."""
    dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
    if "withdraw" in request.POST:
        withdraw_figure(dispute_id=dispute.pk, by=request.user)
        messages.success(request, "Your figure is withdrawn: it is gone.")
        return redirect(dispute.path)
    rules.judge_step(dispute, "seal", role_in(dispute.milestone.contract, request.user))
    form = FigureForm(request.POST, milestone=dispute.milestone)
    if not form.is_valid():
        return _page(request, dispute, StatementForm(), figure_form=form, status=400)
    dispute = seal_figure(dispute_id=dispute.pk, by=request.user, **form.cleaned_data)
    is_settled = dispute.to_freelancer is not None
    words = (
        "Both figures have met: the dispute is settled." if is_settled else "Your figure is sealed."
    )
    messages.success(request, words)
    return redirect(dispute.path)


def _typed(request: HttpRequest) -> dict[str, Any]:
    """What stands in the form before a preview; boxes are a list."""
    return request.POST.dict() | {"not_met": request.POST.getlist("not_met")}


def _draft(
    request: HttpRequest, milestone: Milestone, form: DisputeForm, status: int = 200
) -> HttpResponse:
    asked = PartForm(form["asked_for"].value(), milestone=milestone)
    context = {
        "milestone": milestone,
        "contract": milestone.contract,
        "contract_page": page_of(milestone.contract),
        "form": form,
        "asked": asked,
        "rest": None if asked.amount is None else price_held_of(milestone) - asked.amount,
        "nav": "work",
    }
    if request.htmx and "preview" in request.POST:
        return render(request, "disputes/_division.html", context)
    return render(request, "disputes/create.html", context, status=status)


def _page(
    request: HttpRequest,
    dispute: Dispute,
    form: StatementForm,
    *,
    figure_form: FigureForm | None = None,
    status: int = 200,
) -> HttpResponse:
    milestone = dispute.milestone
    contract = milestone.contract
    role = role_in(contract, request.user)
    steps = rules.open_steps(dispute, role)
    context = {
        "dispute": dispute,
        "milestone": milestone,
        "contract": contract,
        "contract_page": page_of(contract),
        "role": role,
        "other": contract.freelancer if role == CLIENT else contract.client,
        "opener": contract.client if dispute.opened_by_role == CLIENT else contract.freelancer,
        "steps": steps,
        "is_waiting": "accept" not in steps,
        **ending_of(dispute),
        "ruling": ruling_of(dispute),
        "limit": limit_of(dispute),
        "expected": expected_shares(dispute),
        "is_final": is_final(dispute),
        "waits_for_bank": dispute.is_open and waits_for_bank(dispute),
        "verdict": verdicts_on([dispute]).get(dispute.pk),
        "record": record_of(dispute),
        "evidence": offer_of(dispute, route="evidence", with_messages=True),
        "latest": latest_delivery(milestone),
        "form": form,
        "figure": own_figure_of(dispute, role or ""),
        "figure_form": figure_form or FigureForm(milestone=milestone),
        "nav": "work",
    }
    return render(request, "disputes/show.html", context, status=status)


ROUTES = [
    path("milestones/<str:public_id>/dispute/", create_dispute, name="dispute-create"),
    path("disputes/<str:public_id>/", show_dispute, name="dispute"),
    path("disputes/<str:public_id>/answer/", create_answer, name="dispute-answer"),
    path(
        "disputes/<str:public_id>/statements/",
        create_statement,
        name="dispute-statements",
    ),
    path("disputes/<str:public_id>/mediation/", create_mediation, name="dispute-mediation"),
    path("disputes/<str:public_id>/acceptance/", create_acceptance, name="dispute-acceptance"),
    path("disputes/<str:public_id>/appeal/", create_appeal, name="dispute-appeal"),
    path("disputes/<str:public_id>/sealed-offer/", create_figure, name="dispute-figure"),
]
