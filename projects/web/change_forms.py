"""What one side would like changed: a part of the form for each milestone, and for new ones."""

import re
from typing import Any

from django import forms
from django.utils import timezone

from marketplace.common.clock import end_of_day
from marketplace.common.errors import DomainError
from marketplace.common.forms import AmountField, PasswordField, clean_amount
from marketplace.common.money import to_major
from projects.agreements.changes.planning import Wish
from projects.agreements.changes.reading import CHANGED, changeable, tag_of
from projects.agreements.changes.services import LONGEST_NOTE
from projects.agreements.terms import MOST_REVISIONS
from projects.bids.terms import LONGEST_CRITERION, LONGEST_MILESTONE_TITLE, MAX_CRITERIA
from projects.contracts.models import Contract
from projects.milestones.models import Milestone
from projects.milestones.rules import due_of
from projects.web.signing import WHY_IT_IS_ASKED

# Rows for what is new; more of it is another change.
NEW_ROWS = 2
_PLACE = re.compile(r"changes\[(\d+)\](?:\.(\w+))?")
_FIELDS = {"due_at": "due_on"}


class PartForm(forms.Form):
    """One milestone as it would be; what is left as it stands is not changed."""

    use_required_attribute = False

    title = forms.CharField(
        required=False, max_length=LONGEST_MILESTONE_TITLE, label="What is delivered"
    )
    amount = AmountField(required=False, label="Price")
    due_on = forms.DateField(
        required=False, label="Due on", widget=forms.DateInput({"type": "date"})
    )
    criteria = forms.CharField(
        required=False,
        max_length=MAX_CRITERIA * (LONGEST_CRITERION + 2),
        label="Done when",
        widget=forms.Textarea({"rows": 3, "class": "short"}),
        help_text="One criterion a line.",
    )
    revisions = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_REVISIONS,
        label="Revisions included",
        help_text="How often changes may be asked for, with those that were asked for already.",
    )
    place = forms.IntegerField(
        required=False,
        min_value=1,
        label="Place",
        help_text="In the order of the milestones; the others make room.",
    )
    drop = forms.BooleanField(
        required=False, label="Drop it: it is cancelled, and what is held for it goes back"
    )

    def __init__(
        self, *args: Any, currency: str, milestone: Milestone | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.currency, self.milestone = currency, milestone
        self.fields["amount"].currency = currency
        del self.fields["title" if milestone else "drop"]
        if milestone is None or milestone.revisions is None:
            del self.fields["revisions"]

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        given["amount"] = clean_amount(self, "amount", self.currency)
        given["criteria"] = [
            line.strip() for line in given.get("criteria", "").splitlines() if line.strip()
        ]
        return given

    def wish(self) -> Wish | None:
        """What is wanted here; None where nothing is."""
        given, one = self.cleaned_data, self.milestone
        day = given.get("due_on")
        due_at = end_of_day(day, timezone.get_current_timezone()) if day else None
        if one is None:
            if not any(given.values()):
                return None
            return Wish(
                title=given["title"],
                amount=given["amount"],
                due_at=due_at,
                criteria=given["criteria"],
                place=given["place"],
            )
        if given["drop"]:
            return Wish(milestone=one.public_id, drop=True)
        is_other_day = due_at and due_at.date() != timezone.localtime(due_of(one)).date()
        wish = Wish(
            milestone=one.public_id,
            amount=_other(given["amount"], one.amount),
            due_at=due_at if is_other_day else None,
            criteria=_other(given["criteria"], one.criteria),
            revisions=_other(given.get("revisions"), one.revisions),
            place=_other(given["place"], one.place),
        )
        return wish if wish != Wish(milestone=one.public_id) else None


class ProposalForm(forms.Form):
    """Why something is proposed, and the signature of whoever proposes it."""

    note = forms.CharField(
        label="Note",
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea({"rows": 4}),
        help_text="Why you propose it. The other side reads it, and whoever decides a dispute.",
    )
    # Asked for by whoever sends it off; a look at what it brings is valid without.
    password = PasswordField(
        required=False, help_text=f"{WHY_IT_IS_ASKED} Accepted, your proposal is your signature."
    )


class SeenForm(ProposalForm):
    """A proposal about what stands: ``seen`` says by its tag of what it was filled in, and it is
    shown anew where that stands otherwise since.
    """

    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, tag: str) -> None:
        super().__init__(data, initial={"seen": tag})
        self.tag = tag

    @property
    def is_stale(self) -> bool:
        """Whether it was filled in of something else; of one that is valid."""
        return self.cleaned_data["seen"] not in ("", self.tag)

    def show_anew(self) -> None:
        """Say so. Sent again, it is of what stands now, with what it would bring beside it."""
        self.add_error(None, CHANGED)
        self.data = self.data.copy()
        self.data["seen"] = self.tag


class ChangeForm(SeenForm):
    """All of it, with a note: whatever was not touched comes back as it was shown, and would be a
    change where it stands otherwise since.
    """

    def __init__(self, data: Any = None, *, contract: Contract) -> None:
        found = changeable(contract.milestones.select_related("escrow__policy"))
        super().__init__(data, tag=tag_of(found))
        self.known = [
            PartForm(
                data,
                prefix=one.public_id,
                currency=contract.currency,
                milestone=one,
                initial=_standing(one),
            )
            for one in found
        ]
        self.new = [
            PartForm(data, prefix=f"new-{number}", currency=contract.currency)
            for number in range(NEW_ROWS)
        ]
        self.wished: list[PartForm] = []

    def is_valid(self) -> bool:
        """Each part too: a refusal stands beside its own field."""
        parts = [part.is_valid() for part in (*self.known, *self.new)]
        return super().is_valid() and all(parts)

    def wishes(self) -> list[Wish]:
        """In the order in which the refusals number them."""
        found = [(part, part.wish()) for part in (*self.known, *self.new)]
        self.wished = [part for part, wish in found if wish]
        return [wish for _, wish in found if wish]

    def refuse(self, refusal: DomainError) -> None:
        """Put it beside the field that it is about."""
        at = _PLACE.fullmatch(refusal.param or "")
        if at is None:
            name = refusal.param if refusal.param in self.fields else None
            self.add_error(name, refusal.message)
            return
        part = self.wished[int(at[1])]
        field = _FIELDS.get(at[2], at[2])
        part.add_error(field if field in part.fields else None, refusal.message)


def _other(given: Any, stands: Any) -> Any:
    return given if given != stands else None


def _standing(milestone: Milestone) -> dict[str, Any]:
    return {
        "amount": to_major(milestone.amount, milestone.currency),
        "due_on": timezone.localtime(due_of(milestone)).date(),
        "criteria": "\n".join(milestone.criteria),
        "revisions": milestone.revisions,
        "place": milestone.place,
    }
