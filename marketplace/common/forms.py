"""Forms look alike because one renderer draws them."""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting

from marketplace.common.errors import InvalidInput
from marketplace.common.money import to_minor


class MilepostFormRenderer(TemplatesSetting):
    """Draws every form and field from ``templates/forms/``."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


class AmountInput(forms.TextInput):
    """Digits on a phone's keyboard; no spinner that changes money by accident."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off"} | (attrs or {}))


class AmountField(forms.CharField):
    """An amount as people write it; its form makes minor units of it, knowing the currency."""

    widget = AmountInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)


def clean_amount(form: forms.Form, name: str, currency: str) -> int | None:
    """The minor units of what stands in the field, or None with the refusal beside it."""
    text = form.cleaned_data.get(name)
    if not text:
        return None
    try:
        return to_minor(text, currency, param=name)
    except InvalidInput as refusal:
        form.add_error(name, refusal.message)
        return None


class PasswordField(forms.CharField):
    """The person's own password, asked again; nothing of it is shown when the form comes back."""

    widget = forms.PasswordInput({"autocomplete": "current-password"})

    def __init__(self, *, help_text: str, required: bool = True) -> None:
        super().__init__(
            label="Password", help_text=help_text, required=required, max_length=1_000, strip=False
        )


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once, as a list; what is wrong with one is said by whoever stores it."""

    widget = FilesInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_empty_file=True, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if not files:
            super().clean(None, initial)
        return [super(FilesField, self).clean(file, initial) for file in files]
