"""What people type about postings."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings

from marketplace.common.forms import AmountField, clean_amount
from marketplace.common.money import to_major
from projects.postings import rules
from projects.postings.models import MOST_AWARDS, Posting
from projects.postings.selectors import Filters

CURRENCIES = [(code, code) for code in settings.CURRENCIES]


class PostingForm(forms.Form):
    """A posting as people write it."""

    title = forms.CharField(
        min_length=rules.SHORTEST_TITLE,
        max_length=rules.LONGEST_TITLE,
        label="What do you want done?",
        help_text="In one line. Example: A shop for handmade lamps, with card payments.",
    )
    description = forms.CharField(
        max_length=rules.LONGEST_DESCRIPTION,
        error_messages={"required": "Say what you want done. A draft can wait for that."},
        widget=forms.Textarea({"rows": 10}),
        help_text="What is there already, what should be there afterwards, how you will know "
        "that it is done. Markdown works.",
    )
    skills = forms.CharField(
        max_length=1_000,
        required=False,
        help_text=f"Separated by commas, at most {rules.MAX_SKILLS}. Example: Python, Web design.",
    )
    kind = forms.ChoiceField(
        choices=Posting.Kind.choices,
        initial=Posting.Kind.FIXED,
        label="Fixed price or hourly?",
        widget=forms.RadioSelect,
        help_text="Bids come with milestones and a price for the whole either way.",
    )
    visibility = forms.ChoiceField(
        choices=Posting.Visibility.choices,
        initial=Posting.Visibility.PUBLIC,
        label="Who finds it?",
        widget=forms.RadioSelect,
        help_text="You can change this while it is open. An address that you gave away stays "
        "known to whoever has it; an invite-only posting stays in sight of those who have bid or "
        "asked before.",
    )
    budget_least = AmountField(required=False, label="Budget from")
    budget_most = AmountField(required=False, label="Budget up to")
    currency = forms.ChoiceField(choices=CURRENCIES)
    awards = forms.IntegerField(
        min_value=1,
        max_value=MOST_AWARDS,
        initial=1,
        required=False,
        label="How many freelancers do you want?",
        help_text="Each of them gets a contract of their own. The posting stays open until so "
        "many have accepted your offer.",
    )
    wished_deadline = forms.DateField(
        required=False,
        label="Done by",
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    bids_close_at = forms.DateTimeField(
        required=False,
        label="Bids until",
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=f"At most {rules.LONGEST_BID_WINDOW.days} days ahead, in your time zone.",
    )

    def __init__(self, *args: Any, posting: Posting | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.posting = posting
        if self.data.get("then") == "draft":
            self.fields["description"].required = False
        if posting is not None and posting.status != Posting.Status.DRAFT:
            # What bids refer to stays as it was published.
            self.fields["kind"].disabled = self.fields["currency"].disabled = True
            self.fields["awards"].help_text = _on_awards(posting)
            self.fields[
                "bids_close_at"
            ].help_text += (
                " If bids close earlier, the time to choose stays as those who have bid were told."
            )

    @classmethod
    def of(cls, posting: Posting) -> "PostingForm":
        """The form as the posting stands."""
        return cls(initial=cls.kept(posting), posting=posting)

    @staticmethod
    def kept(posting: Posting) -> dict[str, Any]:
        amounts = {
            name: None if amount is None else to_major(amount, posting.currency)
            for name, amount in (
                ("budget_least", posting.budget_least),
                ("budget_most", posting.budget_most),
            )
        }
        return {
            "title": posting.title,
            "description": posting.description,
            "skills": ", ".join(posting.skills),
            "kind": posting.kind,
            "visibility": posting.visibility,
            "currency": posting.currency,
            "awards": posting.awards,
            "wished_deadline": posting.wished_deadline,
            "bids_close_at": posting.bids_close_at,
            **amounts,
        }

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        given["skills"] = given.get("skills", "").split(",")
        if given.get("awards") is None:
            given.pop("awards", None)
        for name in ("budget_least", "budget_most"):
            if name in given:
                given[name] = clean_amount(self, name, given.get("currency", ""))
        if self.posting is not None and "bids_close_at" in given:
            given["bids_close_at"] = _unless_unchanged(
                given["bids_close_at"], self.posting.bids_close_at
            )
        return given


def _on_awards(posting: Posting) -> str:
    """What another number would do to a posting that is open."""
    made = posting.awards_made
    if not made:
        return "Each gets a contract of their own. You can change this while the posting is open."
    return (
        f"Already awarded: {made}. You can ask for more. With {made} the posting is awarded, and "
        "the bids that are left are declined."
    )


def _unless_unchanged(moment: datetime | None, kept: datetime | None) -> datetime | None:
    """The field shows no seconds: leaving it alone must not move the moment."""
    if moment and kept and timedelta(0) <= kept - moment < timedelta(minutes=1):
        return kept
    return moment


class ReasonForm(forms.Form):
    """Why something ends."""

    reason = forms.CharField(max_length=rules.LONGEST_REASON)

    def __init__(self, *args: Any, needed: bool, help_text: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required, self.fields["reason"].help_text = needed, help_text


class BrowseForm(forms.Form):
    """What somebody looks for."""

    q = forms.CharField(
        max_length=200,
        required=False,
        label="Words",
        widget=forms.TextInput({"type": "search", "placeholder": "Search by words"}),
    )
    skill = forms.CharField(max_length=40, required=False)
    kind = forms.ChoiceField(
        required=False, choices=[("", "Any"), *Posting.Kind.choices], label="Budget kind"
    )
    currency = forms.ChoiceField(required=False, choices=[("", "Any"), *CURRENCIES])
    budget_least = AmountField(required=False, label="Budget from")
    budget_most = AmountField(required=False, label="Budget up to")
    days = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label="Posted",
        choices=[
            ("", "Any time"),
            ("1", "Last day"),
            ("7", "Last 7 days"),
            ("30", "Last 30 days"),
        ],
    )
    awards = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label="For how many",
        choices=[("", "Any number"), ("2", "Two or more"), ("5", "Five or more")],
    )
    order = forms.ChoiceField(
        required=False,
        choices=[("newest", "Newest first"), ("match", "Best match first")],
        help_text="",
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        given["order"] = given.get("order") or "newest"
        currency = given.get("currency", "")
        for name in ("budget_least", "budget_most"):
            if given.get(name) and not currency:
                self.add_error("currency", "Choose the currency of the budget.")
                return given
            if name in given:
                given[name] = clean_amount(self, name, currency)
        return given

    def filters(self) -> Filters:
        """Raises InvalidInput with the field at fault."""
        return Filters(**{k: v for k, v in self.cleaned_data.items() if k != "order"})
