"""The audit log, for everybody at the desk to read and search."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.common.audit import known_deeds, search_entries
from marketplace.common.models import AuditEntry
from marketplace.common.pages import page_of
from projects.web.desk.doors import for_staff
from projects.web.desk.search import DeskSearch, searched


class AuditSearch(DeskSearch):
    page = "desk-audit"
    hint = "A name, a title, a reason"

    deed = forms.ChoiceField(label="Deed", required=False)
    subject = forms.CharField(
        label="Done to",
        required=False,
        max_length=60,
        widget=forms.TextInput({"placeholder": "A public id"}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deed"].choices = [
            ("", "Any"),
            *((deed, deed.capitalize()) for deed in known_deeds()),
        ]


@require_safe
@for_staff
def list_entries(request: HttpRequest) -> HttpResponse:
    """What staff did, the newest first, or what of it fits."""
    form = AuditSearch(request.GET)
    found = AuditEntry.objects.none()
    if form.is_valid():
        found = search_entries(reader=request.user, **form.cleaned_data)
    context = {
        **searched(request, form),
        "page": page_of(request, found, keys=("number",)),
        "nav": "desk",
    }
    return render(request, "desk/audit.html", context, status=200 if form.is_valid() else 400)
