"""What a person may say about themselves: checked once, for pages and for the API."""

import unicodedata
from typing import Any

from babel import Locale
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.people.models import known_time_zone
from marketplace.common.errors import InvalidInput
from marketplace.common.money import checked_amount, known_currency
from marketplace.common.text import checked_line, checked_text

MAX_SKILLS = 30
MAX_SKILL = 40

# Two letters are countries; longer codes are continents and regions. Babel also names a few that
# are groups, parts of countries or made up.
_NOT_COUNTRIES = {*"EU EZ UN QO XA XB ZZ".split(), *"AC CP CQ DG EA IC TA".split()}
COUNTRIES: dict[str, str] = {
    code: name
    for code, name in sorted(Locale("en").territories.items(), key=lambda item: item[1])
    if len(code) == 2 and code.isalpha() and code not in _NOT_COUNTRIES
}


def checked_profile(given: dict[str, Any]) -> dict[str, Any]:
    """The given fields as they are to be stored. Raises InvalidInput with the field at fault."""
    unknown = set(given) - set(_CHECKS) - {"rate", "rate_currency"}
    if unknown:
        raise InvalidInput("A profile has no such field.", param=min(unknown))
    checked = {field: _CHECKS[field](value) for field, value in given.items() if field in _CHECKS}
    if "rate" in given or "rate_currency" in given:
        checked |= _checked_rate(given.get("rate"), given.get("rate_currency"))
    return checked


def checked_email(email: object, *, param: str = "email") -> str:
    """The address in small letters. Raises InvalidInput."""
    email = checked_line(email, param=param, longest=254).lower()
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInput("This is not an email address.", param=param) from None
    return email


def checked_name(name: object) -> str:
    """A name in any script. Raises InvalidInput."""
    name = checked_line(name, param="name", longest=80)
    kinds = [unicodedata.category(sign) for sign in name]
    if not any(kind.startswith("L") for kind in kinds):
        raise InvalidInput("A name has letters.", param="name")
    for sign, kind in zip(name, kinds, strict=True):
        if kind[0] not in "LM" and kind not in ("Nd", "Zs", "Pd", "Cf") and sign not in "'’.,·&()":
            raise InvalidInput(f"A name cannot contain “{sign}”.", param="name")
    return name


def checked_skills(skills: object) -> list[str]:
    """Trimmed, each once whatever its capitals, in the given order. Raises InvalidInput."""
    if not isinstance(skills, list):
        raise InvalidInput("Give the skills as a list.", param="skills")
    kept: dict[str, str] = {}
    for given in skills:
        skill = checked_line(given, param="skills", longest=MAX_SKILL, least=0)
        if skill:
            kept.setdefault(skill.casefold(), skill)
    if len(kept) > MAX_SKILLS:
        raise InvalidInput(f"At most {MAX_SKILLS} skills: choose your best.", param="skills")
    return list(kept.values())


def _checked_headline(text: object) -> str:
    return checked_line(text, param="headline", longest=120, least=0)


def _checked_about(text: object) -> str:
    return checked_text(text, param="about", longest=5_000)


def _checked_rate(rate: object, currency: object) -> dict[str, Any]:
    if rate is None:
        return {"rate": None, "rate_currency": ""}
    amount = checked_amount(rate, param="rate")
    return {"rate": amount, "rate_currency": known_currency(currency, param="rate_currency")}


def _checked_country(code: object) -> str:
    if code != "" and code not in COUNTRIES:
        raise InvalidInput("Choose a country of the list.", param="country")
    return str(code)


def _checked_time_zone(name: object) -> str:
    try:
        known_time_zone(name)
    except (ValidationError, TypeError):
        raise InvalidInput("Choose a time zone of the list.", param="time_zone") from None
    return str(name)


def _checked_language(code: object) -> str:
    if code not in dict(settings.LANGUAGES):
        raise InvalidInput("Choose a language of the list.", param="language")
    return str(code)


_CHECKS = {
    "name": checked_name,
    "headline": _checked_headline,
    "about": _checked_about,
    "skills": checked_skills,
    "country": _checked_country,
    "time_zone": _checked_time_zone,
    "language": _checked_language,
}
