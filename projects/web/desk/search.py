"""What the lists of the desk are searched by, and the searches that somebody keeps of them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from accounts.people.filters.selectors import saved_filters_of
from accounts.people.selectors import signed_in


class DeskSearch(forms.Form):
    """Words, and whatever else a list adds; what is left out narrows nothing. ``page`` is the route
    of the list.
    """

    page = ""
    hint = ""

    words = forms.CharField(
        label="Words", required=False, max_length=200, widget=forms.TextInput({"type": "search"})
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].widget.attrs["placeholder"] = self.hint

    def narrow(self, rows: QuerySet, narrowed: Callable[..., QuerySet]) -> QuerySet:
        """What of the rows fits; nothing where the search itself is refused."""
        return narrowed(rows, **self.cleaned_data) if self.is_valid() else rows.none()

    @property
    def url(self) -> str:
        return reverse(self.page)

    @property
    def query(self) -> dict[str, str]:
        """What is asked, field by field, as the address of the list says it."""
        return {name: str(self.data[name]).strip() for name in self.changed_data}


def searched(request: HttpRequest, form: DeskSearch) -> dict[str, Any]:
    """What ``desk/_search.html`` shows: the search, and those that the reader has saved."""
    kept = saved_filters_of(signed_in(request.user), page=form.page)
    return {
        "form": form,
        "is_narrowed": form.has_changed(),
        "saved": [
            (one, f"{form.url}?{urlencode(one.query)}", one.query == form.query) for one in kept
        ],
    }
