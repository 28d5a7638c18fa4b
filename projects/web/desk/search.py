"""What the lists of the desk are searched by."""

from collections.abc import Callable

from django import forms
from django.db.models import QuerySet


class DeskSearch(forms.Form):
    """Words, and whatever else a list adds; what is left out narrows nothing."""

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
