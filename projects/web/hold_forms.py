"""What staff is asked for before something is let stand still."""

from typing import Any

from django import forms

from accounts.holds.models import Hold
from accounts.holds.rules import LONGEST_TEXT
from payments.policies.selectors import clocks_of_holds
from projects.postings.rules import LONGEST_REASON
from projects.web.dispute_forms import EvidenceField

_FOR = {
    Hold.Kind.PERSON: "for a person",
    Hold.Kind.POSTING: "for a posting",
    Hold.Kind.PAYOUTS: "for payouts",
}


class HoldGroundsForm(forms.Form):
    """Why, on what grounds and for how long."""

    reason = forms.CharField(
        max_length=LONGEST_TEXT,
        widget=forms.Textarea({"rows": 3}),
        help_text="Whom it concerns reads this.",
    )
    evidence = forms.CharField(
        label="What it rests on",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea({"rows": 3}),
        help_text="They read this too, and can appeal against it once.",
    )
    links = forms.CharField(
        label="Records",
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text="Ids of records, or addresses that begin with https://, one a line.",
    )
    files = EvidenceField()
    days = forms.IntegerField(label="Days at most", min_value=1)

    def __init__(self, *args: Any, kinds: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = " or ".join(f"{clocks_of_holds(k).most_days} {_FOR[Hold.Kind(k)]}" for k in kinds)
        self.fields["days"].help_text = f"At most {most}. Then it ends by itself."

    def clean_links(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["links"].splitlines() if line.strip()]


class SuspensionForm(HoldGroundsForm):
    """The same for a posting, whose reason stands on its page in one line."""

    reason = forms.CharField(max_length=LONGEST_REASON, help_text="The owner reads it.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, kinds=[Hold.Kind.POSTING], **kwargs)
