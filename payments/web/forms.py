"""Forms about money."""

from django import forms

from payments.payees.selectors import COUNTRIES
from payments.payouts.plans.models import PayoutPlan


class PlanForm(forms.Form):
    every = forms.ChoiceField(
        label="What has cleared goes to my bank",
        choices=PayoutPlan.Every.choices,
        help_text="Days begin at midnight UTC. You can ask for a payout at any time besides.",
        error_messages={"invalid_choice": "Choose one of the offered ways."},
    )


class SetupForm(forms.Form):
    country = forms.ChoiceField(
        label="Country of your bank account",
        choices=[("", "Choose…"), *sorted(COUNTRIES.items(), key=lambda one: one[1])],
        help_text="It cannot be changed later.",
        error_messages={
            "required": "Choose your country.",
            "invalid_choice": "Choose a country of the list.",
        },
    )
