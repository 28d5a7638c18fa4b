"""All components on one page, with their states: for whoever writes pages. Sandbox mode only."""

from datetime import timedelta
from types import SimpleNamespace

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.common.clock import now
from marketplace.common.forms import AmountField

_STATES = {
    "Posting": ["draft", "open", "awarded", "closed", "expired", "suspended"],
    "Bid": ["submitted", "shortlisted", "offered", "accepted", "declined", "withdrawn", "lapsed"],
    "Contract": ["offered", "active", "completed", "cancelled"],
    "Milestone": [
        *("planned", "funded", "submitted", "returned"),
        *("released", "disputed", "cancelled", "split"),
    ],
    "Payout": ["scheduled", "sending", "in_transit", "paid", "failed", "held"],
    "Dispute": ["opened", "negotiating", "under_review", "decided", "appealed", "closed"],
}


class _Sample(forms.Form):
    """Every kind of field."""

    title = forms.CharField(help_text="One line that says what is to be done.")
    kind = forms.ChoiceField(
        choices=[("fixed", "Fixed price"), ("hourly", "By the hour")], widget=forms.RadioSelect
    )
    price = AmountField(help_text="What you ask for all milestones together.")
    currency = forms.ChoiceField(choices=[("USD", "US dollar"), ("EUR", "Euro")])
    due = forms.DateField(widget=forms.DateInput({"type": "date"}), required=False)
    closes = forms.DateTimeField(
        widget=forms.DateTimeInput({"type": "datetime-local"}), required=False
    )
    about = forms.CharField(widget=forms.Textarea, label="Description", required=False)
    skills = forms.MultipleChoiceField(
        choices=[("py", "Python"), ("pg", "PostgreSQL"), ("ux", "Interface design")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    files = forms.FileField(required=False, help_text="Up to 25 MB each.")
    terms = forms.BooleanField(label="I have read what is agreed")

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["price"].currency = "USD"


@login_not_required
@require_safe
def show_components(request: HttpRequest) -> HttpResponse:
    if not settings.SANDBOX:
        raise Http404
    moment = now()
    filled = _Sample({"title": "Move our shop", "kind": "fixed", "price": "", "currency": "USD"})
    filled.add_error(None, "The milestones do not sum to the price.")
    return render(
        request,
        "components.html",
        {
            "states": _STATES,
            "soon": moment + timedelta(days=3, hours=2),
            "past": moment - timedelta(hours=5),
            "form": _Sample(auto_id="blank_%s"),
            "refused": filled,
            "steps": [
                {"label": "Agreed", "state": "done"},
                {"label": "Funded", "state": "done"},
                {"label": "In review", "state": "now"},
                {"label": "Released", "state": "next"},
                {"label": "Paid out", "state": "next"},
            ],
            "stopped": [
                {"label": "Agreed", "state": "done"},
                {"label": "Funded", "state": "done"},
                {"label": "Disputed", "state": "stopped"},
                {"label": "Decided", "state": "next"},
            ],
            "weeks": [12, 18, 9, 24, 31, 22, 40, 38, 52],
            "pairs": [
                {
                    "label": str(week),
                    "value": came,
                    "beside": went,
                    "text": f"{came} opened, {went} closed",
                }
                for week, came, went in ((45, 7, 3), (46, 4, 6), (47, 0, 2), (48, 5, 5))
            ],
            "months": [
                {"label": month, "value": value, "text": f"${value:,}.00"}
                for month, value in [
                    *(("Jun", 820), ("Jul", 1240), ("Aug", 460)),
                    *(("Sep", 1980), ("Oct", 1510), ("Nov", 2240)),
                ]
            ],
            "files": [
                SimpleNamespace(name="report.pdf", size=182_044, url="#", sha256="9f2b41c0" * 8),
                SimpleNamespace(name="screens.zip", size=3_402_117, url="#", sha256=""),
            ],
        },
    )
