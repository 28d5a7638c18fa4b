"""Pages about milestones: work in, money out."""

from typing import Any

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.common.errors import InvalidInput
from marketplace.common.files import attachment
from marketplace.common.forms import FilesField
from marketplace.common.http import refusals_on
from payments.escrow.facts import facts_now
from projects.contracts.roles import role_in
from projects.disputes.selectors import effect_of
from projects.milestones import services
from projects.milestones.criteria import LONGEST_HOW
from projects.milestones.deliveries import LONGEST_LINK, LONGEST_NOTE, MAX_LINKS
from projects.milestones.models import LIFECYCLE, Milestone
from projects.milestones.rules import judge_step
from projects.milestones.selectors import latest_delivery, milestones_of, submission_files_of
from projects.web.contracts import answer_contract
from projects.web.criteria import CriteriaForm

READ_AND_WRITE = ["GET", "HEAD", "POST"]


class SubmissionForm(CriteriaForm):
    """The answers to the criteria stand in fields of their own, ``met_1`` and ``how_1`` on."""

    note = forms.CharField(
        label="What you deliver",
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea({"rows": 6}),
        help_text="What else there is to say. Markdown works.",
    )
    links = forms.CharField(
        label="Links",
        required=False,
        max_length=MAX_LINKS * (LONGEST_LINK + 2),
        widget=forms.Textarea({"rows": 3, "placeholder": "https://…"}),
        help_text=f"One a line, at most {MAX_LINKS}.",
    )
    files = FilesField(label="Files", required=False)

    def __init__(self, *args: Any, criteria: list[str], **kwargs: Any) -> None:
        super().__init__(*args, criteria=criteria, **kwargs)
        for number in range(1, len(criteria) + 1):
            self.fields[f"met_{number}"] = forms.BooleanField(label="It is met", required=False)
            self.fields[f"how_{number}"] = forms.CharField(
                label="How, or what is missing", max_length=LONGEST_HOW
            )

    def questions(self) -> list[dict[str, Any]]:
        """Each criterion with the two fields of its answer."""
        return [
            {"criterion": words, "met": self[f"met_{number}"], "how": self[f"how_{number}"]}
            for number, words in enumerate(self.criteria, start=1)
        ]

    def delivery(self) -> dict[str, Any]:
        """What was filled in, as the deed takes it."""
        given = self.cleaned_data
        answers = [
            {"criterion": n, "met": given[f"met_{n}"], "how": given[f"how_{n}"]}
            for n in range(1, len(self.criteria) + 1)
        ]
        named = ("note", "links", "files", "criteria_tag")
        return {name: given[name] for name in named} | {"criteria": answers}

    def clean_links(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["links"].splitlines() if line.strip()]


class ReturnForm(CriteriaForm):
    not_met = forms.TypedMultipleChoiceField(
        label="Which criteria are not met?", coerce=int, widget=forms.CheckboxSelectMultiple
    )
    answer = forms.CharField(
        label="What is to be changed",
        max_length=LONGEST_NOTE,
        widget=forms.Textarea({"rows": 8}),
        help_text="Both sides keep this on record.",
    )

    def __init__(self, *args: Any, criteria: list[str], **kwargs: Any) -> None:
        super().__init__(*args, criteria=criteria, **kwargs)
        self.fields["not_met"].choices = list(enumerate(criteria, start=1))
        if not criteria:
            del self.fields["not_met"]


@require_POST
def create_start(request: HttpRequest, public_id: str) -> HttpResponse:
    milestone = _milestone(request, public_id)
    services.start_work(milestone_id=milestone.pk, by=request.user)
    return answer_contract(request, milestone.contract, "Started. The client has been told.")


@require_http_methods(READ_AND_WRITE)
def create_submission(request: HttpRequest, public_id: str) -> HttpResponse:
    milestone = _judged(request, public_id, "submit")
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    form = SubmissionForm(*given, criteria=milestone.criteria)
    if form.is_valid():
        with refusals_on(form):
            services.submit_work(milestone_id=milestone.pk, by=request.user, **form.delivery())
        if form.is_valid():
            return _back(milestone)
    latest = latest_delivery(milestone)
    return _page(request, milestone, "milestones/submit.html", form=form, latest=latest)


@require_http_methods(READ_AND_WRITE)
def create_return(request: HttpRequest, public_id: str) -> HttpResponse:
    milestone = _judged(request, public_id, "return")
    given = request.POST if request.method == "POST" else None
    form = ReturnForm(given, criteria=milestone.criteria)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            services.return_work(milestone_id=milestone.pk, by=request.user, **form.cleaned_data)
        if form.is_valid():
            return _back(milestone)
    latest = latest_delivery(milestone)
    return _page(request, milestone, "milestones/return.html", form=form, latest=latest)


@require_http_methods(READ_AND_WRITE)
def create_release(request: HttpRequest, public_id: str) -> HttpResponse:
    milestone = _judged(request, public_id, "release")
    if request.method == "POST":
        services.release_milestone(milestone_id=milestone.pk, by=request.user)
        return _back(milestone)
    facts = facts_now(milestone.escrow)
    effect = effect_of(milestone, facts.price_held)
    more = {"facts": facts, "effect": effect, "latest": latest_delivery(milestone)}
    return _page(request, milestone, "milestones/release.html", **more)


@require_http_methods(READ_AND_WRITE)
def create_cancellation(request: HttpRequest, public_id: str) -> HttpResponse:
    """``ground`` is the step by which it is ended; the page says who gets what."""
    asked = request.POST if request.method == "POST" else request.GET
    ground = asked.get("ground", "cancel")
    if ground not in services.GROUNDS:
        raise InvalidInput("There is no such way to cancel a milestone.", param="ground")
    milestone = _judged(request, public_id, ground)
    if request.method == "POST":
        services.cancel_milestone(milestone_id=milestone.pk, by=request.user, step=ground)
        return _back(milestone)
    label = LIFECYCLE.steps[ground].label
    return _page(request, milestone, "milestones/cancel.html", ground=ground, label=label)


@require_safe
def show_submission_file(request: HttpRequest, public_id: str, file_id: str) -> FileResponse:
    files = submission_files_of(request.user)
    found = get_object_or_404(files, submission__public_id=public_id, stored__public_id=file_id)
    return attachment(found.stored)


def _milestone(request: HttpRequest, public_id: str) -> Milestone:
    return get_object_or_404(milestones_of(request.user), public_id=public_id)


def _judged(request: HttpRequest, public_id: str, step: str) -> Milestone:
    """The milestone, if this person may make the step now: a page that cannot work is no page."""
    milestone = _milestone(request, public_id)
    judge_step(milestone, step, role_in(milestone.contract, request.user))
    return milestone


def _back(milestone: Milestone) -> HttpResponse:
    page = reverse("contract", args=[milestone.contract.public_id])
    return redirect(f"{page}#{milestone.public_id}")


def _page(request: HttpRequest, milestone: Milestone, template: str, **more: Any) -> HttpResponse:
    context = {
        "milestone": milestone,
        "contract": milestone.contract,
        "facts": facts_now(milestone.escrow),
        "nav": "work",
    }
    form = more.get("form")
    status = 400 if form is not None and form.errors else 200
    return render(request, template, context | more, status=status)
