"""Amounts are whole numbers of a currency's minor unit; words and digits are for the edges only."""

import re
from decimal import Decimal

from babel.numbers import format_currency
from django.conf import settings
from django.db import models

from marketplace.common.currencies import exponent
from marketplace.common.errors import InvalidInput

# The largest amount that anything here may carry: exact in a JSON number (2^53) with room for the
# sum of a contract, and within what the provider takes in one payment (12 digits).
MAX_AMOUNT = 99_999_999_999

# Commas set thousands apart and nothing else.
_GROUPED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
# Few enough digits for Decimal to be exact about every amount that we carry.
_PLAIN = re.compile(r"[+-]?([0-9]{1,30}(\.[0-9]{0,12})?|\.[0-9]{1,12})")


class AmountField(models.BigIntegerField):
    """An amount in minor units; the currency stands beside it."""


class CurrencyField(models.CharField):
    """An ISO 4217 code in capitals."""

    def __init__(self, *args, **kwargs) -> None:
        kwargs["max_length"] = 3
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs


def known_currency(code: object, *, param: str = "currency") -> str:
    """The code, if this marketplace trades in it. Raises InvalidInput."""
    if code not in settings.CURRENCIES:
        offered = ", ".join(settings.CURRENCIES)
        raise InvalidInput(f"Choose one of these currencies: {offered}.", param=param)
    return str(code)


def checked_amount(amount: object, *, param: str = "amount", least: int = 1) -> int:
    """A whole number of minor units from ``least`` to MAX_AMOUNT. Raises InvalidInput."""
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise InvalidInput("Give the amount as a whole number of minor units.", param=param)
    if amount < least:
        raise InvalidInput(f"The amount must be at least {least} minor units.", param=param)
    if amount > MAX_AMOUNT:
        raise InvalidInput("That amount is larger than anything we can carry.", param=param)
    return amount


def to_minor(text: str | Decimal, currency: str, *, param: str = "amount") -> int:
    """'1,000.01' in USD → 100001. Raises InvalidInput, also for a fraction of a minor unit."""
    text = str(text).strip().replace(" ", "")
    if "," in text and not _GROUPED.fullmatch(text):
        # '12,50' would be read as 1,250: a hundred times what was meant.
        raise InvalidInput("Write the cents after a point, such as 12.50.", param=param)
    if not _PLAIN.fullmatch(text.replace(",", "")):
        # Neither 1e3 nor 1e999999999, which no arithmetic survives.
        raise InvalidInput("Write the amount as a number, such as 1200.50.", param=param)
    value = Decimal(text.replace(",", ""))
    if abs(value) > MAX_AMOUNT:
        raise InvalidInput("That amount is larger than anything we can carry.", param=param)
    minor = value.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        digits = exponent(currency)
        raise InvalidInput(
            f"{currency} has {digits} digits after the point, not more."
            if digits
            else f"{currency} has no digits after the point.",
            param=param,
        )
    return int(minor)


def to_major(amount: int, currency: str) -> Decimal:
    """100001 in USD → Decimal('1000.01')."""
    return Decimal(amount).scaleb(-exponent(currency))


def in_words(amount: int, currency: str, *, locale: str = "en") -> str:
    """100001 in USD → '$1,000.01'."""
    return format_currency(to_major(amount, currency), currency, locale=locale)
