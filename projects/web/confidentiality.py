"""Pages about what is confidential of a posting: what is accepted, and who has accepted it."""

from functools import partial

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.common.errors import NotThere
from marketplace.common.http import refusals_on
from marketplace.common.lifecycle import OWNER
from marketplace.common.pages import page_of
from projects.confidentiality.selectors import (
    acceptance_by,
    acceptances_of,
    acceptances_on,
    gate_of,
    may_accept,
    part_of,
)
from projects.confidentiality.services import (
    LONGEST_DETAILS,
    LONGEST_TEXT,
    accept_confidentiality,
    set_confidentiality,
)
from projects.postings.models import LIFECYCLE
from projects.postings.roles import open_steps, role_in
from projects.postings.selectors import postings_visible_to
from projects.web.signing import sign_page

FORM = require_http_methods(["GET", "HEAD", "POST"])


class ConfidentialityForm(forms.Form):
    text = forms.CharField(
        label="What is to be accepted",
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea({"rows": 8}),
        help_text="Plain words: what is to be kept secret, and for how long. Each accepts it with "
        "their password. Leave both fields empty, and nothing is confidential.",
    )
    details = forms.CharField(
        label="The details",
        max_length=LONGEST_DETAILS,
        required=False,
        widget=forms.Textarea({"rows": 12}),
        help_text="Shown to those who have accepted, with the files and the questions. Markdown "
        "works.",
    )


@FORM
def show_confidentiality(request: HttpRequest, public_id: str) -> HttpResponse:
    """The text: to be accepted, or as it was; for the client, with all who did."""
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    gate, is_owner = gate_of(posting, request.user), role_in(posting, request.user) == OWNER
    if gate.part is None:
        raise NotThere("Nothing about this posting is confidential.")
    found = acceptances_on(posting, request.user)
    context = {
        "posting": posting,
        "part": gate.part,
        "is_owner": is_owner,
        "mine": acceptance_by(posting, request.user, gate.part.text_sha256),
        "page": page_of(request, found),
        "may_edit": "edit" in open_steps(posting, request.user),
        "may_accept": may_accept(posting, request.user),
    }
    return sign_page(
        request,
        "confidentiality/show.html",
        context,
        deed=partial(
            accept_confidentiality, posting_id=posting.pk, sha256=request.POST.get("sha256", "")
        ),
        page=posting.path,
        said="Accepted. The details are open to you.",
    )


@FORM
def edit_confidentiality(request: HttpRequest, public_id: str) -> HttpResponse:
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    LIFECYCLE.judge(posting, "edit", role=role_in(posting, request.user))
    part = part_of(posting)
    standing = {"text": part.text, "details": part.details} if part else {}
    form = ConfidentialityForm(request.POST if request.method == "POST" else None, initial=standing)
    if form.is_valid():
        with refusals_on(form):
            part = set_confidentiality(posting_id=posting.pk, by=request.user, **form.cleaned_data)
            messages.success(
                request,
                "Saved. Whoever wants the details accepts your text first."
                if part
                else "Nothing about this posting is confidential.",
            )
            return redirect("posting", public_id)
    context = {"form": form, "posting": posting, "part": part, "nav": "work"}
    return render(request, "confidentiality/form.html", context, status=400 if form.errors else 200)


@require_safe
def show_acceptance(request: HttpRequest, public_id: str) -> HttpResponse:
    """One of them, for the person and the client: the words, their hash, when, and by whom."""
    acceptance = get_object_or_404(acceptances_of(request.user), public_id=public_id)
    context = {
        "acceptance": acceptance,
        "posting": acceptance.posting,
        "is_mine": acceptance.person_id == request.user.pk,
        "nav": "work",
    }
    return render(request, "confidentiality/acceptance.html", context)


ROUTES = [
    path("postings/<str:public_id>/confidentiality/", show_confidentiality, name="confidentiality"),
    path(
        "postings/<str:public_id>/confidentiality/edit/",
        edit_confidentiality,
        name="confidentiality-edit",
    ),
    path(
        "confidentiality-acceptances/<str:public_id>/",
        show_acceptance,
        name="confidentiality-acceptance",
    ),
]
