"""What people type on the pages of this floor."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.notifications.preferences.kinds import OPTIONAL, How
from accounts.notifications.preferences.models import MailPreferences
from accounts.people.models import User, time_zones
from accounts.people.profile import COUNTRIES, MAX_SKILLS, checked_name
from marketplace.common.errors import DomainError
from marketplace.common.forms import AmountField, clean_amount
from marketplace.common.money import to_major

# The rest of the list are old names and technical ones.
_REGIONS = (
    "Africa/ America/ Antarctica/ Asia/ Atlantic/ Australia/ Europe/ Indian/ Pacific/ UTC".split()
)


def _zone_choices() -> list[tuple[str, str]]:
    zones = sorted(zone for zone in time_zones() if zone.startswith(tuple(_REGIONS)))
    return [(zone, zone.replace("_", " ")) for zone in zones]


class SignupForm(forms.Form):
    """What allauth's own form of address and password does not ask."""

    name = forms.CharField(
        max_length=80,
        label="Your name",
        help_text="As your clients or freelancers should see it.",
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    field_order = ("name", "email", "password1")

    def clean_name(self) -> str:
        try:
            return checked_name(self.cleaned_data["name"])
        except DomainError as refusal:
            raise ValidationError(refusal.message) from None

    def signup(self, request: HttpRequest, user: User) -> None:
        """Everything was done when the person was made (adapter.py)."""


class ProfileForm(forms.Form):
    """How a person presents themselves."""

    name = forms.CharField(max_length=80, widget=forms.TextInput({"autocomplete": "name"}))
    headline = forms.CharField(
        max_length=120,
        required=False,
        help_text="What you do, in one line. Example: Brand designer for small food makers.",
    )
    about = forms.CharField(
        max_length=5_000,
        required=False,
        widget=forms.Textarea({"rows": 8}),
        help_text="What you have done, how you work, what you look for. Markdown works.",
    )
    skills = forms.CharField(
        max_length=2_000,
        required=False,
        help_text=f"Separated by commas, at most {MAX_SKILLS}. Example: Illustration, Figma.",
    )
    rate = AmountField(required=False, label="Rate per hour")
    rate_currency = forms.ChoiceField(
        required=False,
        label="Currency",
        choices=[("", "–"), *((code, code) for code in settings.CURRENCIES)],
    )
    country = forms.ChoiceField(required=False, choices=[("", "–"), *COUNTRIES.items()])
    time_zone = forms.ChoiceField(
        choices=_zone_choices,
        help_text="Every time that you see is shown in this zone.",
    )
    language = forms.ChoiceField(
        choices=settings.LANGUAGES,
        help_text="Of your notices and our mails. The other pages are in English.",
    )

    @classmethod
    def of(cls, user: User) -> "ProfileForm":
        """The form as the person left it."""
        kept = {field: getattr(user, field) for field in cls.base_fields}
        kept["skills"] = ", ".join(user.skills)
        kept["rate"] = user.rate and to_major(user.rate, user.rate_currency)
        return cls(initial=kept)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        given["skills"] = given.get("skills", "").split(",")
        currency = given.get("rate_currency", "")
        if given.get("rate") and not currency:
            self.add_error("rate_currency", "Choose the currency of your rate.")
        elif "rate" in given:
            given["rate"] = clean_amount(self, "rate", currency)
        return given


class TokenForm(forms.Form):
    """A new token of the API."""

    name = forms.CharField(
        max_length=80,
        label="What is it for?",
        help_text="Example: our bookkeeping.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )


class MailPreferencesForm(forms.Form):
    """How each kind comes by email that need not, and whether it counts as unread here; when the
    others do not.
    """

    digest_hour = forms.TypedChoiceField(
        choices=[(hour, f"{hour:02}:00") for hour in range(24)],
        coerce=int,
        initial=8,
        label="Once a day at",
    )
    quiet_from = forms.TimeField(
        required=False, label="No mail from", widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    quiet_to = forms.TimeField(
        required=False, label="Until", widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, words in OPTIONAL.items():
            self.fields[kind] = forms.ChoiceField(choices=How.choices, label=words)
            here = forms.BooleanField(required=False, label=f"Count as unread: {words}")
            self.fields[_here(kind)] = here

    @classmethod
    def of(cls, chosen: MailPreferences) -> "MailPreferencesForm":
        """The form as the person left it."""
        hours = ("digest_hour", "quiet_from", "quiet_to")
        kinds = {kind: chosen.how(kind) for kind in OPTIONAL}
        here = {_here(kind): chosen.counts(kind) for kind in OPTIONAL}
        return cls(initial=kinds | here | {name: getattr(chosen, name) for name in hours})

    @property
    def kinds(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The fields of each kind, by email and here, in the order of the page."""
        return [(self[kind], self[_here(kind)]) for kind in OPTIONAL]

    @property
    def chosen(self) -> dict[str, Any]:
        """What was chosen, as the service takes it."""
        given = dict(self.cleaned_data)
        mail = {kind: given.pop(kind) for kind in OPTIONAL}
        in_app = {kind: given.pop(_here(kind)) for kind in OPTIONAL}
        return {"mail": mail, "in_app": in_app, **given}


def _here(kind: str) -> str:
    return f"{kind}-here"
