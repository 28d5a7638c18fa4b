"""Forms that speak of criteria by their numbers."""

from typing import Any

from django import forms

from marketplace.common.etags import etag_of
from marketplace.common.http import refusals_on
from projects.milestones.criteria import refuse_if_changed


class _TagInput(forms.HiddenInput):
    tag = ""

    def format_value(self, value: Any) -> str:
        return value or self.tag


class CriteriaTagField(forms.CharField):
    """Which criteria the reader saw. What comes back refused shows those of now, and their tag."""

    widget = _TagInput

    def __init__(self) -> None:
        super().__init__(required=False, max_length=64)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return ""


class CriteriaForm(forms.Form):
    """It shows criteria, and refuses what was said of others, whatever else is wrong with it."""

    criteria_tag = CriteriaTagField()

    def __init__(self, *args: Any, criteria: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.criteria = criteria
        self.fields["criteria_tag"].widget.tag = etag_of(criteria)

    def clean_criteria_tag(self) -> str:
        tag: str = self.cleaned_data["criteria_tag"]
        with refusals_on(self):
            refuse_if_changed(self.criteria, tag)
        return tag
