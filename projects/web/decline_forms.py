"""How somebody says why not: one of a few reasons, and a sentence."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import TextChoices

from marketplace.common.reasons import LONGEST_NOTE


class DeclineForm(forms.Form):
    """``reasons`` are what one side may choose from; the other one reads it all."""

    note = forms.CharField(
        label="In a sentence",
        max_length=LONGEST_NOTE,
        required=False,
        help_text="Needed with “Another reason”. The other side reads it.",
    )

    def __init__(self, *args: Any, reasons: Iterable[TextChoices], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"] = forms.ChoiceField(
            label="Why?",
            choices=[(why.value, why.label) for why in reasons],
            widget=forms.RadioSelect,
        )
        self.order_fields(["reason", "note"])
