"""What people type about bids."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from marketplace.common.attachments import limits_in_words
from marketplace.common.clock import now
from marketplace.common.forms import FilesField
from projects.bids import terms
from projects.bids.counters.services import LONGEST_NOTE
from projects.bids.files.selectors import files_in, with_files
from projects.bids.models import Bid
from projects.bids.validity import LEAST_RENEWAL, renewable_until
from projects.screening.models import ScreeningQuestion
from projects.web.plan_forms import PlanForm
from projects.web.screening_forms import answer_fields, answers_given

VALIDITIES = [(7, "7 days"), (14, "14 days"), (30, "30 days"), (60, "60 days")]


class BidForm(PlanForm):
    """The letter, the files, the validity and the rows of the plan."""

    letter = forms.CharField(
        max_length=terms.LONGEST_LETTER,
        label="Your letter",
        widget=forms.Textarea({"rows": 8}),
        help_text="Why you, how you would go about it, what you need to know. Markdown works. "
        "Only the client reads it.",
    )
    remove_files = forms.MultipleChoiceField(
        required=False,
        label="Take off",
        widget=forms.CheckboxSelectMultiple,
        help_text="The client can still read them with the earlier wording.",
    )
    files = FilesField(required=False, label="Files")
    valid_days = forms.TypedChoiceField(
        coerce=int,
        label="This bid is valid for",
        choices=VALIDITIES,
        initial=30,
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict | None = None,
        *,
        currency: str,
        bid: Bid | None = None,
        questions: Sequence[ScreeningQuestion] = (),
        typed: QueryDict | None = None,
    ) -> None:
        initial = {"letter": bid.letter, "valid_days": ""} if bid else None
        plan = bid.plan if bid else None
        super().__init__(data, files, currency=currency, plan=plan, initial=initial, typed=typed)
        self.bid, self.questions = bid, questions
        self._answers = answer_fields(questions, answers=bid.answers if bid else {}, typed=typed)
        self.fields |= self._answers
        self._name_files(typed)
        if bid is not None:
            self.fields["valid_days"] = forms.TypedChoiceField(
                coerce=int,
                empty_value=None,
                required=False,
                label="This bid is valid for",
                choices=[("", "As it was"), *VALIDITIES],
            )

    @property
    def answers(self) -> list[forms.BoundField]:
        """The fields of the screening questions."""
        return [self[name] for name in self._answers]

    @property
    def asked(self) -> str:
        """The ids of the questions that it shows; they come back with what is typed."""
        return " ".join(question.public_id for question in self.questions)

    def _name_files(self, typed: QueryDict | None) -> None:
        """Those that stand, to be taken off; how much may come."""
        standing = []
        if self.bid is not None:
            with_files(self.bid)
            standing = [(file.stored.public_id, file.stored.name) for file in files_in(self.bid)]
        if standing:
            self.fields["remove_files"].choices = standing
            if typed is not None:
                self.initial["remove_files"] = typed.getlist("remove_files")
            self.fields["files"].label = "More files"
        else:
            del self.fields["remove_files"]
        self.fields["files"].help_text = limits_in_words() + (
            " A file takes the place of the one of the same name; those of earlier wordings count."
            if standing
            else ""
        )

    def clean(self) -> dict[str, Any]:
        """Who opened it before the questions changed has not read what they would answer."""
        given = super().clean()
        if self.data.get("asked", "") != self.asked:
            self.add_error(None, "The questions were changed meanwhile: read them again.")
        return given

    def terms(self) -> dict[str, Any]:
        """What the services take."""
        names = {"letter", "files", "remove_files"} & set(self.fields)
        given = self.plan_terms() | {name: self.cleaned_data[name] for name in names}
        given["answers"] = answers_given(self.questions, self.cleaned_data)
        if days := self.cleaned_data["valid_days"]:
            given["valid_until"] = now() + timedelta(days=days)
        return given


class RenewalForm(forms.Form):
    """For how much longer a bid stands: only what is allowed is there to choose."""

    def __init__(self, data: QueryDict | None = None, *, bid: Bid) -> None:
        super().__init__(data)
        moment, latest = now(), renewable_until(bid)
        self._moments = {
            str(days): moment + timedelta(days=days)
            for days, _ in VALIDITIES
            if bid.valid_until + LEAST_RENEWAL <= moment + timedelta(days=days) <= latest
        }
        words = [(str(days), f"for {label} from now") for days, label in VALIDITIES]
        if latest == bid.posting.choose_by:
            self._moments["end"] = latest
            words.append(("end", "as long as the client may choose"))
        self.fields["valid_until"] = forms.ChoiceField(
            label="Let it stand",
            choices=[(value, word) for value, word in words if value in self._moments],
            widget=forms.RadioSelect,
        )

    def moment(self) -> datetime:
        """What the services take."""
        return self._moments[self.cleaned_data["valid_until"]]


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
