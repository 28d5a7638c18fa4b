"""The audit log, for everybody at the desk to read and search."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.people.selectors import people_named
from marketplace.common.audit import known_deeds, search_entries
from marketplace.common.http import refusals_on
from marketplace.common.models import AuditEntry
from marketplace.common.pages import page_of
from projects.web.desk.doors import for_staff
from projects.web.desk.search import DeskSearch, searched

LONGEST = 200


def _person(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput({"placeholder": "A name or public id"}),
    )


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
    by = _person("Done by")
    about = _person("Concerns")
    since = forms.DateField(
        label="From", required=False, widget=forms.DateInput({"type": "date"}), help_text="In UTC."
    )
    until = forms.DateField(label="To", required=False, widget=forms.DateInput({"type": "date"}))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deed"].choices = [
            ("", "Any"),
            *((deed, deed.capitalize()) for deed in known_deeds()),
        ]

    def clean_by(self) -> list[int] | None:
        return self._keys("by")

    def clean_about(self) -> list[int] | None:
        return self._keys("about")

    def _keys(self, name: str) -> list[int] | None:
        if not (words := self.cleaned_data[name]):
            return None
        with refusals_on(self):
            return people_named(words, param=name)
        return None


@require_safe
@for_staff
def list_entries(request: HttpRequest) -> HttpResponse:
    """What staff did, the newest first, or what of it fits."""
    form = AuditSearch(request.GET)
    found = AuditEntry.objects.none()
    if form.is_valid():
        with refusals_on(form):
            found = search_entries(reader=request.user, **form.cleaned_data)
    context = {
        **searched(request, form),
        "page": page_of(request, found, keys=("number",)),
        "nav": "desk",
    }
    return render(request, "desk/audit.html", context, status=200 if form.is_valid() else 400)
