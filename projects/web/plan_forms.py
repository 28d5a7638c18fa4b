"""What people type as a plan: rows of milestones, below whatever else is asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from marketplace.common.errors import DomainError, InvalidInput
from marketplace.common.forms import AmountField, clean_amount
from marketplace.common.money import to_major, to_minor
from payments.policies.fees import Quote
from projects.bids import terms
from projects.bids.selectors import quote_of

ROWS = 2
F = TypeVar("F", bound="PlanForm")


class MilestoneForm(forms.Form):
    """One row of a plan; a row left blank is no milestone."""

    use_required_attribute = False

    title = forms.CharField(max_length=terms.LONGEST_MILESTONE_TITLE, label="What you deliver")
    amount = AmountField()
    days = forms.IntegerField(
        min_value=1,
        max_value=terms.MAX_DAYS,
        label="Due on day",
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    criteria = forms.CharField(
        required=False,
        max_length=terms.MAX_CRITERIA * (terms.LONGEST_CRITERION + 2),
        label="Done when",
        widget=forms.Textarea({"rows": 2, "class": "short"}),
        help_text="One criterion a line.",
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        # Drawn inside the frame of the field (templates/forms/field.html).
        self.fields["amount"].currency = currency

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "amount" in given:
            given["amount"] = clean_amount(self, "amount", self.currency)
        given["criteria"] = [
            line.strip() for line in given.get("criteria", "").splitlines() if line.strip()
        ]
        return given


class PlanForm(forms.Form):
    """The rows of a plan, beside the fields of whoever inherits. The price is their sum."""

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict | None = None,
        *,
        currency: str,
        plan: list[dict[str, Any]] | None = None,
        initial: dict[str, Any] | None = None,
        typed: QueryDict | None = None,
    ) -> None:
        """``data`` is judged; ``typed`` is only shown again, as it was typed. ``plan`` stands."""
        if typed is not None:
            initial = {name: typed.get(name, "") for name in self.base_fields}
        super().__init__(data, files, initial=initial)
        self.currency, self.plan, self.typed = currency, plan or [], typed
        self.rows = [self._row(place) for place in range(self._row_count())]

    def _row_count(self) -> int:
        """As many as were sent, and one more where that is asked for; always within the limit."""
        sent = self.data if self.is_bound else self.typed
        if sent is not None:
            names = [key.split("-") for key in sent if key.startswith("row-")]
            places = [int(n[1]) for n in names if n[1].isdecimal() and len(n[1]) <= 2]
            count = max(places, default=ROWS - 1) + 1 + (sent.get("then") == "row")
        else:
            count = max(ROWS, len(self.plan))
        return min(max(count, 1), terms.MAX_MILESTONES)

    def _row(self, place: int) -> MilestoneForm:
        prefix, initial = f"row-{place}", None
        if self.typed is not None:
            initial = {
                name: self.typed.get(f"{prefix}-{name}", "") for name in MilestoneForm.base_fields
            }
        elif place < len(self.plan):
            initial = _kept_row(self.plan[place], self.currency)
        # A row that was left empty is no milestone and is not judged.
        names = [f"{prefix}-{name}" for name in MilestoneForm.base_fields]
        is_filled = self.is_bound and any(self.data.get(name, "").strip() for name in names)
        return MilestoneForm(
            self.data if is_filled else None,
            prefix=prefix,
            initial=initial if not self.is_bound else None,
            currency=self.currency,
        )

    @property
    def filled_rows(self) -> list[MilestoneForm]:
        """Those that say something, in their order: the plan."""
        return [row for row in self.rows if row.is_bound]

    @property
    def can_grow(self) -> bool:
        return len(self.rows) < terms.MAX_MILESTONES

    def is_valid(self) -> bool:
        is_valid = super().is_valid()
        rows_are_valid = [row.is_valid() for row in self.filled_rows]
        return is_valid and all(rows_are_valid)

    def clean(self) -> dict[str, Any]:
        if not self.filled_rows:
            self.add_error(None, "Plan at least one milestone.")
        return self.cleaned_data

    def plan_terms(self) -> dict[str, Any]:
        """What the services take of the rows. The last milestone ends the bid."""
        plan = [row.cleaned_data for row in self.filled_rows]
        return {
            "price": sum(milestone["amount"] for milestone in plan),
            "days": max(milestone["days"] for milestone in plan),
            "plan": plan,
        }

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Put ``plan[1].amount`` beside the amount of the second row that was filled."""
        try:
            yield
        except DomainError as refusal:
            place, _, field = (refusal.param or "").removeprefix("plan[").partition("].")
            rows = self.filled_rows
            if field in MilestoneForm.base_fields and place.isdecimal() and int(place) < len(rows):
                rows[int(place)].add_error(field, refusal.message)
            else:
                known = refusal.param if refusal.param in self.fields else None
                self.add_error(known, refusal.message)

    def quote(self) -> tuple[Quote | None, str]:
        """Both nets of the amounts as they stand, or None and what is wrong with them."""
        typed = [row["amount"].value() for row in self.rows]
        return quote_of_typed([str(text) for text in typed if text], self.currency)


def form_as_sent(form: type[F], request: HttpRequest, **of_what: Any) -> F:
    """Judged when it is sent; when it only grows by a row or is looked at, shown as typed."""
    if request.method != "POST":
        return form(**of_what)
    if request.POST.get("then") in ("row", "preview"):
        return form(typed=request.POST, **of_what)
    return form(request.POST, request.FILES, **of_what)


def quote_of_typed(texts: list[str], currency: str) -> tuple[Quote | None, str]:
    """The quote of amounts as they are typed, or None and what is wrong with them."""
    texts = [text for text in texts if text.strip()]
    if not texts:
        return None, ""
    try:
        return quote_of(terms.checked_amounts([to_minor(t, currency) for t in texts], currency)), ""
    except InvalidInput as refusal:
        return None, refusal.message


def _kept_row(milestone: dict[str, Any], currency: str) -> dict[str, Any]:
    return milestone | {
        "amount": to_major(milestone["amount"], currency),
        "criteria": "\n".join(milestone["criteria"]),
    }
