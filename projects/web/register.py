"""The public register of decisions."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.common.clock import now
from marketplace.common.pages import Page, page_of
from projects.disputes.models import Dispute
from projects.disputes.register.bands import in_words
from projects.disputes.register.models import RegisterEntry
from projects.disputes.register.selectors import (
    bands_to_ask_for,
    latest_quarter,
    published,
    published_from,
    quarter_of,
    sums_of,
)
from projects.disputes.register.words import (
    BAND_OF_NOTHING,
    COLUMNS,
    GROUNDS,
    NO_SUCH_BAND,
    SMALL_CELLS,
    WITHHELD,
    facts_in_words,
    quarter_name,
    withheld_in_words,
)
from projects.postings.models import Posting


class Filter(forms.ChoiceField):
    """One of a few, or any; what is none of them is not repeated, however long it is."""

    default_error_messages = {"invalid_choice": "There is no such choice."}

    def __init__(self, choices: Iterable[Any], label: str | None = None) -> None:
        super().__init__(required=False, choices=[("", "Any"), *choices], label=label)


class RegisterForm(forms.Form):
    """Which decisions somebody looks for."""

    reason = Filter(Dispute.Reason.choices)
    outcome = Filter(RegisterEntry.Outcome.choices)
    kind = Filter(Posting.Kind.choices, label="Kind of work")
    currency = Filter((code, code) for code in settings.CURRENCIES)
    # The same numbers are bands of several currencies: there are some once it is known of which.
    band = Filter([], label="Amount")

    def __init__(self, asked: QueryDict) -> None:
        super().__init__(asked)
        currency, band = asked.get("currency"), self.fields["band"]
        assert isinstance(band, Filter)
        if currency in settings.CURRENCIES:
            own = [(one, in_words(one)) for one in bands_to_ask_for(currency)]
            band.choices = [("", "Any"), *own]
            band.error_messages["invalid_choice"] = NO_SUCH_BAND
        else:
            band.help_text = "Of one currency: choose it first."
            band.error_messages["invalid_choice"] = BAND_OF_NOTHING


@login_not_required
@require_safe
def show_register(request: HttpRequest) -> HttpResponse:
    """What was decided, in groups, with what they come to."""
    form = RegisterForm(request.GET)
    page, sums = Page([]), []
    if form.is_valid():
        found = published(**form.cleaned_data)
        page, sums = page_of(request, found, keys=("quarter", "id")), sums_of(found)
    latest = latest_quarter()
    context = {
        "form": form,
        "is_narrowed": any(form.data.get(name) for name in form.fields),
        "page": page,
        "rows": [_row(entry) for entry in page.items],
        "sums": sums,
        "outcomes": RegisterEntry.Outcome.labels,
        "latest": quarter_name(latest) if latest else "",
        "next_at": published_from(quarter_of(now())),
        "rule": SMALL_CELLS,
        "withheld": WITHHELD,
        "columns": COLUMNS,
        "nav": "rules",
    }
    status = 400 if form.errors else 200
    return render(request, "rules/decisions.html", context, status=status)


def _row(entry: RegisterEntry) -> dict[str, Any]:
    return {
        "entry": entry,
        "quarter": quarter_name(entry.quarter),
        "ground": GROUNDS.get(entry.ground, ""),
        "band": f"{in_words(entry.band)} {entry.currency}" if entry.band else "",
        "facts": facts_in_words(entry),
        "withheld": withheld_in_words(entry),
        "is_divided": entry.outcome == RegisterEntry.Outcome.DIVIDED,
        "rest": 1000 - entry.share_median,
    }
