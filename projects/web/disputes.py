"""Pages about disputes, for both sides of a contract."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.common.errors import InvalidInput, TooLarge, WrongState
from marketplace.common.files import attachment
from marketplace.common.http import refusals_on
from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import to_major
from payments.chargebacks.selectors import has_open_chargeback
from projects.contracts.roles import role_in
from projects.contracts.selectors import page_of
from projects.disputes import rules, services, stages
from projects.disputes.exhibits.selectors import exhibits_of
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
from projects.disputes.selectors import disputes_of, limit_of
from projects.disputes.silence.selectors import verdicts_on
from projects.disputes.words import arrival_in_words
from projects.milestones.amounts import price_held_of
from projects.milestones.models import Milestone
from projects.milestones.rules import is_over_limit, judge_step
from projects.milestones.selectors import latest_delivery, milestones_of
from projects.web.dispute_endings import ending_of
from projects.web.dispute_forms import DisputeForm, FigureForm, StatementForm
from projects.web.evidence import offer_of, shown_record
from projects.web.parts import PartForm
from projects.web.settlements import settling_on


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
    form = DisputeForm(request.POST, request.FILES, milestone=milestone)
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
    words = "Your answer is on file. Now you can settle it between yourselves."
    return _say(request, public_id, services.answer_dispute, words)


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
    words = "You have appealed. Another mediator decides, for good."
    return _say(request, public_id, appeal_ruling, words)


@require_POST
def create_statement(request: HttpRequest, public_id: str) -> HttpResponse:
    return _say(request, public_id, services.add_statement, "Your statement is on file.")


@require_safe
def show_file(request: HttpRequest, public_id: str, file_id: str) -> FileResponse:
    """A file that a side has put on record."""
    found = exhibits_of(request.user)
    shown = get_object_or_404(
        found, statement__dispute__public_id=public_id, stored__public_id=file_id
    )
    return attachment(shown.stored)


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


def _say(
    request: HttpRequest, public_id: str, deed: Callable[..., object], words: str
) -> HttpResponse:
    """Do what takes a statement: answer, add to the record, appeal. What comes too late is shown
    again, so that it is not lost.
    """
    dispute = get_object_or_404(disputes_of(request.user), public_id=public_id)
    form = StatementForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            deed(dispute_id=dispute.pk, by=request.user, **form.cleaned_data)
        except (InvalidInput, TooLarge, WrongState) as refusal:
            field = refusal.param if refusal.param in form.fields else None
            form.add_error(field, refusal.message)
            dispute = disputes_of(request.user).get(pk=dispute.pk)
            return _page(request, dispute, form, status=refusal.status)
    if not form.is_valid():
        return _page(request, dispute, form, status=400)
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
        "lost_files": bool(request.FILES),
        "asked": asked,
        "rest": None if asked.amount is None else price_held_of(milestone) - asked.amount,
        "is_too_late": is_over_limit(milestone),
        "is_short": stages.are_short_on(milestone),
        "answer_due_at": stages.end_of(stages.ANSWER, milestone),
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
    steps, expected = rules.open_steps(dispute, role), expected_shares(dispute)
    is_contested = dispute.is_open and has_open_chargeback(milestone.escrow)
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
        **settling_on(request, dispute, role or ""),
        "ruling": ruling_of(dispute),
        "limit": limit_of(dispute),
        "expected": expected,
        "arrival": expected and arrival_in_words(dispute, role or "", expected),
        "is_final": is_final(dispute),
        "is_contested": is_contested,
        "waits_for_bank": is_contested and waits_for_bank(dispute, is_contested=is_contested),
        "verdict": verdicts_on([dispute]).get(dispute.pk),
        "record": shown_record(dispute, file_route="dispute-file"),
        "evidence": offer_of(dispute, route="evidence", with_messages=True),
        "latest": latest_delivery(milestone),
        "form": form,
        "lost_files": bool(request.FILES),
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
    path("disputes/<str:public_id>/files/<str:file_id>/", show_file, name="dispute-file"),
    path("disputes/<str:public_id>/mediation/", create_mediation, name="dispute-mediation"),
    path("disputes/<str:public_id>/acceptance/", create_acceptance, name="dispute-acceptance"),
    path("disputes/<str:public_id>/appeal/", create_appeal, name="dispute-appeal"),
    path("disputes/<str:public_id>/sealed-offer/", create_figure, name="dispute-figure"),
]
