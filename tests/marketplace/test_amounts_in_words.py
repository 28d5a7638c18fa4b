"""Amounts as people write them."""

import pytest

from marketplace.common.errors import InvalidInput
from marketplace.common.money import to_minor


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("1,000.01", "USD", 100_001),
        ("1 000.01", "USD", 100_001),
        ("12,345,678", "USD", 1_234_567_800),
        (" 5 ", "JPY", 5),
        ("1.005", "KWD", 1_005),
    ],
)
def test_thousands_may_be_set_apart(text, currency, amount):
    assert to_minor(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("12,50", "USD"),
        ("1,00,000", "USD"),
        ("1.000,50", "EUR"),
        (",5", "USD"),
        ("1.005", "USD"),
        ("0.5", "JPY"),
        ("", "USD"),
        ("ten", "USD"),
        ("NaN", "USD"),
        ("1e30", "USD"),
        ("1e999999999", "USD"),
        ("1e-999999999", "USD"),
        (f"12.{'0' * 30}1", "USD"),
        ("9" * 40, "USD"),
    ],
)
def test_what_could_mean_two_things_or_nothing_is_refused(text, currency):
    with pytest.raises(InvalidInput):
        to_minor(text, currency)
