"""Forms about money."""

from django import forms

from payments.payees.selectors import COUNTRIES


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
