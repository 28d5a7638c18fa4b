"""Texts that mediators keep for their decisions."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from accounts.people.models import StaffRole
from accounts.people.selectors import signed_in, staff_roles_of
from marketplace.common.http import refusals_on
from projects.disputes.rulings.pronouncing.services import LONGEST_RULE
from projects.disputes.services import LONGEST_STATEMENT
from projects.disputes.templates.selectors import FIELDS, filled_in, templates_for
from projects.disputes.templates.services import (
    LONGEST_NAME,
    delete_template,
    edit_template,
    write_template,
)
from projects.web.desk.doors import for_staff


class TemplateForm(forms.Form):
    """The fields of a decision that a text can be kept for; empty ones are left alone."""

    name = forms.CharField(label="Name", max_length=LONGEST_NAME)
    facts = forms.CharField(
        label="Facts found",
        max_length=LONGEST_STATEMENT,
        required=False,
        widget=forms.Textarea({"rows": 4}),
    )
    rule = forms.CharField(label="Rule applied", max_length=LONGEST_RULE, required=False)
    reasons = forms.CharField(
        label="Reasons",
        max_length=LONGEST_STATEMENT,
        required=False,
        widget=forms.Textarea({"rows": 4}),
    )


def offered_templates(request: HttpRequest) -> list[tuple[str, str]]:
    """What a mediator can choose from while they write a decision."""
    return [(one.public_id, one.name) for one in templates_for(request.user)]


def with_template(request: HttpRequest, typed: dict[str, Any], public_id: str) -> dict[str, Any]:
    """What is typed, with the texts of the template in the fields that are empty; the reader is
    told where one had no room, or where there is no such template any more.
    """
    found = (one for one in templates_for(request.user) if one.public_id == public_id)
    template = next(found, None)
    if template is None:
        messages.error(request, "This template is there no longer. What you have written stays.")
        return typed
    filled, left_out = filled_in(template, typed)
    if left_out:
        messages.info(request, "What you have written stays. Empty a field to have its template.")
    return filled


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff
def list_templates(request: HttpRequest) -> HttpResponse:
    """All of them, and a form for a new one."""
    reader = signed_in(request.user)
    if StaffRole.MEDIATOR not in staff_roles_of(reader):
        raise Http404
    form = TemplateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            write_template(by=reader, **form.cleaned_data)
            messages.success(request, "It is kept for all mediators.")
            return redirect("desk-templates")
    context = {"templates": templates_for(reader), "form": form, "nav": "desk"}
    return render(request, "desk/templates.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_staff
def show_template(request: HttpRequest, public_id: str) -> HttpResponse:
    """One of them, to be changed or thrown away."""
    template = get_object_or_404(templates_for(request.user), public_id=public_id)
    initial = {name: getattr(template, name) for name in ("name", *FIELDS)}
    form = TemplateForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            edit_template(template_id=template.pk, by=signed_in(request.user), **form.cleaned_data)
            messages.success(request, "It is changed for all mediators.")
            return redirect("desk-templates")
    context = {"template": template, "form": form, "nav": "desk"}
    return render(request, "desk/template.html", context, status=400 if form.errors else 200)


@require_POST
@for_staff
def create_deletion(request: HttpRequest, public_id: str) -> HttpResponse:
    template = get_object_or_404(templates_for(request.user), public_id=public_id)
    delete_template(template_id=template.pk, by=signed_in(request.user))
    messages.success(request, "It is gone. What was decided with it stays.")
    return redirect("desk-templates")


ROUTES = [
    path("desk/templates/", list_templates, name="desk-templates"),
    path("desk/templates/<str:public_id>/", show_template, name="desk-template"),
    path("desk/templates/<str:public_id>/delete/", create_deletion, name="desk-template-delete"),
]
