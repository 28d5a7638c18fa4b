"""What the forms of disputes share: words for the record, and a part of a milestone's price.

Everything about the input is judged here, beside its field; what the deeds still refuse is the
wrong person or the wrong time, and that is a page of its own.
"""

from collections.abc import Callable
from typing import Any

from django import forms

from marketplace.common.forms import AmountField, clean_amount
from marketplace.common.http import refusals_on
from marketplace.common.text import checked_text
from projects.disputes.services import LONGEST_STATEMENT
from projects.milestones.amounts import checked_part
from projects.milestones.models import Milestone

# Passes a part of a milestone's price, or refuses it in words, about the field named ``param``.
Judge = Callable[..., int]

# Without a script, a button named "preview" does the same.
DRAWN = {
    "hx-trigger": "input changed delay:250ms",
    "hx-vals": '{"preview": "1"}',
    "hx-swap": "outerHTML",
    "hx-sync": "this:replace",
}


class PartForm(forms.Form):
    """The part alone, however it is called in the form that it was typed into."""

    part = AmountField()

    def __init__(self, text: object, *, milestone: Milestone, judge: Judge = checked_part) -> None:
        super().__init__({"part": "" if text is None else str(text)})
        self.milestone, self.judge = milestone, judge

    def clean_part(self) -> int | None:
        return clean_part(self, "part", self.milestone, judge=self.judge)

    @property
    def amount(self) -> int | None:
        """In minor units, or None with a refusal."""
        return self.cleaned_data.get("part") if self.is_valid() else None

    @property
    def refusal(self) -> str:
        return next(iter(self.errors.get("part", [])), "")


def clean_words(form: forms.Form, name: str) -> str:
    """The text in the field as it will stand in the record, or nothing with the refusal beside."""
    with refusals_on(form):
        return checked_text(form.cleaned_data[name], param=name, longest=LONGEST_STATEMENT, least=1)
    return ""


def clean_part(
    form: forms.Form, name: str, milestone: Milestone, *, judge: Judge = checked_part
) -> int | None:
    """The minor units of what stands in the field, or None with the refusal beside it.

    ``judge`` says which parts of the price can be meant here.
    """
    part = clean_amount(form, name, milestone.currency)
    if part is not None:
        with refusals_on(form):
            return judge(part, milestone, param=name)
    return None


def draw_part(field: Any, milestone: Milestone, *, url: str, into: str) -> None:
    """Let a form's field show its currency, and redraw ``into`` while it is typed."""
    field.currency = milestone.currency
    field.widget.attrs |= DRAWN | {"hx-post": url, "hx-target": into}
