"""How currencies are counted, by the world and by the payment provider."""

from babel.numbers import get_currency_precision, is_currency

# How the payment provider counts where it is not in hundredths.
_WHOLE_UNITS = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
_THOUSANDTHS = frozenset("BHD JOD KWD OMR TND".split())
# The least that it charges, in whole units, where that is more than a milestone is at least.
_LEAST_CHARGE = {"JPY": 50, "KRW": 1_000, "CZK": 15, "HUF": 175, "MXN": 10, "THB": 10}


def exponent(currency: str) -> int:
    """Digits after the point: 2 for USD, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency)


def is_carried(currency: str) -> bool:
    """Whether the world and the payment provider count this currency alike.

    "500" of one that they count apart (ISK, RSD) would be charged as 5.00.
    """
    if not is_currency(currency):
        return False
    provider = 0 if currency in _WHOLE_UNITS else 3 if currency in _THOUSANDTHS else 2
    return exponent(currency) == provider


def step(currency: str) -> int:
    """What an amount at the provider is a multiple of, in minor units: ten fils for KWD."""
    return 10 if currency in _THOUSANDTHS else 1


def least_charge(currency: str) -> int:
    """The least that a card can be charged, in minor units; 0 where any milestone is more."""
    return _LEAST_CHARGE.get(currency, 0) * 10 ** exponent(currency)
