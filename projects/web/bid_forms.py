"""What people type about bids."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import QueryDict

from marketplace.common.clock import now
from projects.bids import terms
from projects.bids.counters.services import LONGEST_NOTE
from projects.bids.models import Bid
from projects.web.plan_forms import PlanForm

VALIDITIES = [(7, "7 days"), (14, "14 days"), (30, "30 days"), (60, "60 days")]


class BidForm(PlanForm):
    """The letter, the validity and the rows of the plan."""

    letter = forms.CharField(
        max_length=terms.LONGEST_LETTER,
        label="Your letter",
        widget=forms.Textarea({"rows": 8}),
        help_text="Why you, how you would go about it, what you need to know. Markdown works. "
        "Only the client reads it.",
    )
    valid_days = forms.TypedChoiceField(
        coerce=int,
        label="This bid is valid for",
        choices=VALIDITIES,
        initial=30,
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        currency: str,
        bid: Bid | None = None,
        typed: QueryDict | None = None,
    ) -> None:
        initial = {"letter": bid.letter, "valid_days": ""} if bid else None
        plan = bid.plan if bid else None
        super().__init__(data, currency=currency, plan=plan, initial=initial, typed=typed)
        self.bid = bid
        if bid is not None:
            self.fields["valid_days"] = forms.TypedChoiceField(
                coerce=int,
                empty_value=None,
                required=False,
                label="This bid is valid for",
                choices=[("", "As it was"), *VALIDITIES],
            )

    def terms(self) -> dict[str, Any]:
        """What the services take."""
        given = self.plan_terms() | {"letter": self.cleaned_data["letter"]}
        if days := self.cleaned_data["valid_days"]:
            given["valid_until"] = now() + timedelta(days=days)
        return given


class CounterForm(PlanForm):
    """Other terms for a bid, with a note."""

    note = forms.CharField(
        label="Note",
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea({"rows": 4}),
        help_text="Why you propose it. The other side reads it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for row in self.rows:  # both sides write here
            row.fields["title"].label = "What is delivered"

    def terms(self) -> dict[str, Any]:
        """What the services take."""
        return self.plan_terms() | {"note": self.cleaned_data["note"]}
