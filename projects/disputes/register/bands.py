"""Bands of amounts: each by its own bounds, in whole units of its currency. Pure.

"10000-100000" is from ten thousand up to, and without, a hundred thousand; "100000-" has no end.
A hundred of one currency is a working week, of another a cup of coffee: each has its own four.
"""

from itertools import pairwise

from marketplace.common.currencies import about_a_hundred
from marketplace.common.money import to_major


def bands_of(currency: str) -> list[str]:
    """The four of this currency, the lowest first."""
    first = about_a_hundred(currency)
    bounds = ["0", *(str(first * times) for times in (1, 10, 100)), ""]
    return [f"{low}-{high}" for low, high in pairwise(bounds)]


def band_of(amount: int, currency: str) -> str:
    """The one in which this amount lies; ``amount`` is in minor units."""
    whole = to_major(amount, currency)
    *below, last = bands_of(currency)
    return next((band for band in below if whole < int(band.partition("-")[2])), last)


def in_words(band: str) -> str:
    """'10000-100000' → '10,000 to 100,000'."""
    low, _, high = band.partition("-")
    if not high:
        return f"{int(low):,} and more"
    return f"{int(low):,} to {int(high):,}" if int(low) else f"Under {int(high):,}"
