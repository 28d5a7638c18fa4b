"""What the lists of the desk are searched by."""

from django import forms


class DeskSearch(forms.Form):
    """Words, and whatever else a list adds; what is left out narrows nothing."""

    hint = ""

    words = forms.CharField(
        label="Words", required=False, max_length=200, widget=forms.TextInput({"type": "search"})
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].widget.attrs["placeholder"] = self.hint
