"""The page on which the rules are tried before anybody signs. It only asks; nothing is written."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from marketplace.common.errors import DomainError, InvalidInput
from marketplace.common.forms import AmountField, clean_amount
from marketplace.common.money import to_major
from payments.payees.selectors import COUNTRIES
from payments.policies.models import Policy
from payments.policies.selectors import policy_asked_for
from projects.agreements.simulating.scenes import STAGES, Wish
from projects.agreements.simulating.stories import STORIES, Foretold, foretell

EXAMPLE = {"story": "silence", "price": "1000", "currency": "USD", "days": "14"}


class SimulationForm(forms.Form):
    """What is to happen, with figures of one's own."""

    use_required_attribute = False

    story = forms.ChoiceField(
        label="What happens", choices=[(name, story.title) for name, story in STORIES.items()]
    )
    price = AmountField(label="Price of the milestone")
    currency = forms.ChoiceField(choices=[(code, code) for code in settings.CURRENCIES])
    days = forms.IntegerField(label="Days to deliver", min_value=1, max_value=10_000)
    review_days = forms.IntegerField(label="Days to review", min_value=0, max_value=10_000)
    stage = forms.ChoiceField(
        label="Where it stands then",
        choices=list(STAGES.items()),
        required=False,
        help_text="For a cancellation, an ending by both, a dispute, who leaves.",
    )
    part = AmountField(
        label="The freelancer’s part of the price",
        required=False,
        help_text="For a part of the work, an ending by both, a dispute.",
    )
    second = AmountField(
        label="Price of another milestone",
        required=False,
        help_text="Where the whole contract ends: funded with the first, and as dear if left out.",
    )
    country = forms.ChoiceField(
        label="Country of the freelancer",
        choices=[("", "Any other"), *sorted(COUNTRIES.items(), key=lambda one: one[1])],
        required=False,
        help_text="The payment provider holds money for a time that depends on it.",
    )
    policy = forms.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        for name in ("price", "part", "second"):
            if name in given and "currency" in given:
                given[name] = clean_amount(self, name, given["currency"])
        return given

    def foretold(self, policy: Policy) -> Foretold | None:
        """None where something is wrong with it, which then stands beside its field."""
        if not self.is_valid():
            return None
        given = {name: value for name, value in self.cleaned_data.items() if name != "policy"}
        given |= {name: given[name] or 0 for name in ("part", "second")}
        given |= {"stage": given["stage"] or "funded"}
        try:
            return foretell(Wish(policy=policy, **given))
        except DomainError as refusal:
            param = refusal.param if isinstance(refusal, InvalidInput) else None
            self.add_error(param if param in self.fields else None, refusal.message)
            return None


@login_not_required
@require_safe
def show_simulation(request: HttpRequest) -> HttpResponse:
    """With the figures of the address, or with an example."""
    version = request.GET.get("policy", "")
    policy = policy_asked_for(int(version) if version.isdecimal() and len(version) < 9 else None)
    known = EXAMPLE | {"review_days": str(policy.review_period_days), "stage": "funded"}
    form = SimulationForm(known | request.GET.dict())
    found = form.foretold(policy)
    context = {
        "form": form,
        "policy": policy,
        "found": found,
        "story": STORIES[found.wish.story] if found else None,
        "bar": bar_of(found) if found else [],
        "nav": "rules",
    }
    return render(request, "rules/try.html", context)


def try_url(
    part: dict[str, Any], *, currency: str, review_days: int, policy: Policy, country: str
) -> str:
    """Where a milestone of a plan is tried, under the rules that its contract would have;
    ``country`` is the payee's, "" where unknown.
    """
    figures = {
        "story": "silence",
        "price": to_major(part["amount"], currency),
        "currency": currency,
        "days": part["days"],
        "review_days": review_days,
        "policy": policy.version,
    }
    # Where it makes no difference, nobody is told of it.
    if country in policy.holding_days_by_country:
        figures["country"] = country
    return f"{reverse('simulation')}?{urlencode(figures)}"


def bar_of(found: Foretold) -> list[dict[str, Any]]:
    """Who gets what of the client's money, as the parts of a bar 1,000 wide."""
    parts = [
        ("part-a", "To the freelancer", found.to_freelancer),
        ("part-c", "Fees of both", found.client_fee + found.freelancer_fee),
        ("part-b", "Back to the client", found.to_client),
    ]
    whole = max(1, sum(amount for _, _, amount in parts))
    bar, x = [], 0.0
    for look, label, amount in parts:
        width = 1000 * amount / whole
        bar.append({"look": look, "label": label, "amount": amount, "x": x, "width": width})
        x += width
    return bar


ROUTES = [path("rules/try/", show_simulation, name="simulation")]
