"""Pages about invitations: of a posting, for its owner; of one's own, to bid or to decline."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.common.errors import NotAllowed
from marketplace.common.http import refusals_on
from marketplace.common.lifecycle import OWNER
from marketplace.common.pages import page_of
from projects.invitations import services
from projects.invitations.models import LIFECYCLE, Invitation
from projects.invitations.selectors import (
    invitations_of,
    invitations_to,
    invitations_visible_to,
    open_steps,
    role_in,
)
from projects.postings.models import Posting
from projects.postings.roles import role_in as role_on_posting
from projects.postings.selectors import postings_visible_to
from projects.web.posting_forms import ReasonForm

FORM = require_http_methods(["GET", "HEAD", "POST"])


class InvitationForm(forms.Form):
    whom = forms.CharField(
        label="Whom?",
        max_length=services.LONGEST_WHOM,
        help_text="Their e-mail address, or the address of their profile here.",
        widget=forms.TextInput({"autocapitalize": "none", "spellcheck": "false"}),
    )
    note = forms.CharField(
        label="A note to them",
        required=False,
        max_length=services.LONGEST_NOTE,
        widget=forms.Textarea({"rows": 3}),
        help_text="Why you ask them. Only they read it.",
    )


@FORM
def list_invitations(request: HttpRequest, public_id: str) -> HttpResponse:
    """Who is invited to a posting and what they answered, also for moderators; a POST invites."""
    posting = get_object_or_404(postings_visible_to(request.user), public_id=public_id)
    role = role_on_posting(posting, request.user)
    if role is None or (request.method == "POST" and role != OWNER):
        raise NotAllowed("Whom a client invites is between them.")
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_on(form):
            services.invite_person(posting_id=posting.pk, by=request.user, **form.cleaned_data)
            messages.success(request, "Invited.")
            return redirect("posting-invitations", public_id)
    return _show_list(request, posting, form)


def _show_list(request: HttpRequest, posting: Posting, form: InvitationForm) -> HttpResponse:
    page = page_of(request, invitations_to(posting))
    rows = [{"invitation": it, "steps": open_steps(it, request.user)} for it in page.items]
    is_owner = role_on_posting(posting, request.user) == OWNER
    context = {"posting": posting, "form": form, "page": page, "rows": rows}
    context |= {"is_owner": is_owner, "nav": "work"}
    status = 400 if form.errors else 200
    return render(request, "invitations/of_posting.html", context, status=status)


@require_safe
def list_own_invitations(request: HttpRequest) -> HttpResponse:
    """What they were asked to bid on."""
    page = page_of(request, invitations_of(request.user))
    rows = [
        {"invitation": it, "title": _title_of(it), "steps": open_steps(it, request.user)}
        for it in page.items
    ]
    return render(request, "invitations/mine.html", {"page": page, "rows": rows, "nav": "work"})


def _title_of(invitation: Any) -> str:
    """Of its posting, or what has become of it where its reader does not see that."""
    if invitation.shows_posting:
        return invitation.posting.title
    return "Taken back" if invitation.status == Invitation.Status.WITHDRAWN else "Out of sight"


@require_safe
def show_invitation(request: HttpRequest, public_id: str) -> HttpResponse:
    """One of them, where its notice leads to."""
    invitation = get_object_or_404(invitations_visible_to(request.user), public_id=public_id)
    context = {
        "invitation": invitation,
        "title": _title_of(invitation),
        "posting": invitation.posting,
        "is_owner": role_in(invitation, request.user) == OWNER,
        "steps": open_steps(invitation, request.user),
        "nav": "work",
    }
    return render(request, "invitations/invitation.html", context)


@FORM
def create_decline(request: HttpRequest, public_id: str) -> HttpResponse:
    invitation = get_object_or_404(invitations_visible_to(request.user), public_id=public_id)
    LIFECYCLE.judge(invitation, "decline", role=role_in(invitation, request.user))
    sent = request.POST if request.method == "POST" else None
    form = ReasonForm(sent, needed=False, help_text="The client reads it. You need not say why.")
    if form.is_valid():
        with refusals_on(form):
            services.decline_invitation(
                invitation_id=invitation.pk, by=request.user, **form.cleaned_data
            )
            messages.success(request, "Declined. The client is told.")
            return redirect("my-invitations")
    context = {"form": form, "invitation": invitation, "nav": "work"}
    status = 400 if form.errors else 200
    return render(request, "invitations/decline.html", context, status=status)


@require_POST
def create_withdrawal(request: HttpRequest, public_id: str) -> HttpResponse:
    invitation = get_object_or_404(invitations_visible_to(request.user), public_id=public_id)
    services.withdraw_invitation(invitation_id=invitation.pk, by=request.user)
    messages.success(request, "The invitation is withdrawn.")
    return redirect("posting-invitations", invitation.posting.public_id)


ROUTES = [
    path("my/invitations/", list_own_invitations, name="my-invitations"),
    path("postings/<str:public_id>/invitations/", list_invitations, name="posting-invitations"),
    path("invitations/<str:public_id>/", show_invitation, name="invitation"),
    path("invitations/<str:public_id>/decline/", create_decline, name="invitation-decline"),
    path("invitations/<str:public_id>/withdraw/", create_withdrawal, name="invitation-withdraw"),
]
