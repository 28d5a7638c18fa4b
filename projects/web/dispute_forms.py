"""What a side of a dispute fills in."""

from typing import Any

from django import forms
from django.urls import reverse

from marketplace.common.attachments import limits_in_words
from marketplace.common.forms import AmountField, FilesField
from marketplace.common.http import refusals_on
from projects.disputes import rules
from projects.disputes.models import Dispute
from projects.disputes.services import LONGEST_STATEMENT
from projects.milestones.amounts import checked_ending
from projects.milestones.models import Milestone
from projects.web.criteria import CriteriaForm
from projects.web.parts import clean_part, clean_words, draw_part


class EvidenceField(FilesField):
    """What proves it: on record with what is said, for whoever reads that."""

    def __init__(self) -> None:
        super().__init__(label="Files that show it", required=False, help_text=limits_in_words())


class DisputeForm(CriteriaForm):
    """Why there is a dispute, and how its opener would divide the price."""

    reason = forms.ChoiceField(
        label="What is it about?", choices=Dispute.Reason.choices, widget=forms.RadioSelect
    )
    not_met = forms.TypedMultipleChoiceField(
        label="Which criteria are not met?",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="One at least where the work is not as agreed.",
    )
    statement = forms.CharField(
        label="What happened",
        max_length=LONGEST_STATEMENT,
        widget=forms.Textarea({"rows": 8}),
        help_text="Facts and dates. The other side and a mediator read it; it cannot be changed.",
    )
    files = EvidenceField()
    asked_for = AmountField(
        label="What the freelancer should get",
        help_text="A part of the price: from nothing to all of it. The rest goes back.",
    )

    def __init__(self, *args: Any, milestone: Milestone, **kwargs: Any) -> None:
        super().__init__(*args, criteria=milestone.criteria, **kwargs)
        self.milestone = milestone
        self.fields["not_met"].choices = list(enumerate(milestone.criteria, start=1))
        if not milestone.criteria:
            del self.fields["not_met"]
        url = reverse("dispute-create", args=[milestone.public_id])
        draw_part(self.fields["asked_for"], milestone, url=url, into="#division")

    def clean_statement(self) -> str:
        return clean_words(self, "statement")

    def clean_asked_for(self) -> int | None:
        return clean_part(self, "asked_for", self.milestone)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "not_met" in given and "reason" in given:
            with refusals_on(self):
                rules.checked_grounds(given["not_met"], self.milestone, given["reason"])
        return given


class StatementForm(forms.Form):
    statement = forms.CharField(
        label="Your statement",
        max_length=LONGEST_STATEMENT,
        widget=forms.Textarea({"rows": 6}),
        help_text="Both sides and the mediator read it. It cannot be changed afterwards.",
    )
    files = EvidenceField()

    def clean_statement(self) -> str:
        return clean_words(self, "statement")


class FigureForm(forms.Form):
    """What one side would settle at, for nobody's eyes."""

    amount = AmountField(label="Your sealed figure")

    def __init__(self, *args: Any, milestone: Milestone, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.milestone = milestone
        self.fields["amount"].currency = milestone.currency

    def clean_amount(self) -> int | None:
        return clean_part(self, "amount", self.milestone, judge=checked_ending)
