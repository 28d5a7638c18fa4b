"""Forms that speak of criteria by their numbers."""

from django import forms

from projects.milestones.criteria import tag_of


class _CriteriaTagInput(forms.HiddenInput):
    criteria: list[str] = []

    def format_value(self, value: object) -> str:
        """Of the criteria that are shown now, even where others were answered before."""
        return tag_of(self.criteria)


class CriteriaTagField(forms.CharField):
    """Says which criteria the reader saw; the deed refuses where they have been changed since."""

    widget = _CriteriaTagInput

    def __init__(self) -> None:
        super().__init__(required=False, max_length=64)

    def show(self, criteria: list[str]) -> None:
        """These are shown beside it."""
        self.widget.criteria = criteria
