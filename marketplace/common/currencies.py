"""How currencies are counted, by the world and by the payment provider."""

from babel.numbers import get_currency_precision, is_currency

# How the payment provider counts where it is not in hundredths.
_WHOLE_UNITS = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
_THOUSANDTHS = frozenset("BHD JOD KWD OMR TND".split())
# The least that it charges, in whole units, where that is more than a milestone is at least.
_LEAST_CHARGE = {"JPY": 50, "KRW": 1_000, "CZK": 15, "HUF": 175, "MXN": 10, "THB": 10}

# Charged in hundredths, but banks are sent whole units of these.
_PAID_OUT_WHOLE = frozenset("HUF TWD".split())
# The least that the provider sends to a bank, in whole units, where it is more than one; for one
# currency by the country of the bank.
_LEAST_PAYOUT = {
    "ALL": 3_000, "AMD": 12_100, "ARS": 4_600, "AZN": 50, "BAM": 50, "BDT": 20, "BOB": 200,
    "BTN": 2_500, "CHF": 5, "CLP": 23_000, "COP": 140_000, "DKK": 20, "IDR": 20_000,
    "KRW": 40_000, "MDL": 500, "MKD": 1_500, "MXN": 10, "MYR": 133, "NOK": 20, "PHP": 20,
    "PLN": 5, "SEK": 20, "THB": 600, "TWD": 800, "VND": 81_125,
}  # fmt: skip
_LEAST_PAYOUT_IN = {("USD", "EC"): 30, ("USD", "PA"): 50, ("USD", "SV"): 30}

# What is about as much as a hundred US dollars, in whole units, where a hundred are less than half
# of it or more than twice as much. Currencies move, and these do not follow.
_ABOUT_A_HUNDRED = {
    25: "BHD JOD KWD OMR",
    500: "AED AWG BOB BRL BYN CNY DKK FJD GEL GTQ HKD ILS MYR PEN PGK PLN QAR RON SAR SBD TMT TND "
    "TOP TTD WST XCD",
    1_000: "BWP CUP CZK ERN GHS HNL LSL MAD MDL MOP MVR MXN NAD NOK SCR SEK SLE STN SZL TJS UYU "
    "ZAR ZMW",
    5_000: "BDT BTN CVE DOP DZD EGP ETB GMD INR KES KGS MKD MRU MUR MZN NIO PHP RUB SRD THB TRY "
    "TWD UAH ZWG",
    10_000: "DJF GYD HTG JMD JPY LRD NPR VES VUV XPF",
    50_000: "AMD AOA CLP CRC HUF KMF KZT LKR PKR SDG XAF XOF",
    100_000: "ARS KRW MWK NGN RWF",
    500_000: "BIF CDF COP GNF KHR MGA MNT PYG SSP TZS",
    1_000_000: "IDR UZS",
    5_000_000: "VND",
}
_ABOUT = {code: units for units, codes in _ABOUT_A_HUNDRED.items() for code in codes.split()}


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


def about_a_hundred(currency: str) -> int:
    """A round number of whole units, about as much as a hundred US dollars: 10,000 for JPY.

    Of what is not listed, a hundred. For orders of magnitude; nothing is converted by it.
    """
    return _ABOUT.get(currency, 100)


def step(currency: str) -> int:
    """What an amount at the provider is a multiple of, in minor units: ten fils for KWD."""
    return 10 if currency in _THOUSANDTHS else 1


def least_charge(currency: str) -> int:
    """The least that a card can be charged, in minor units; 0 where any milestone is more."""
    return _LEAST_CHARGE.get(currency, 0) * 10 ** exponent(currency)


def payout_step(currency: str) -> int:
    """What a bank is sent a multiple of, in minor units: 100 for HUF, whose banks know no filler.

    What is left over waits for the next payout.
    """
    return 10 ** exponent(currency) if currency in _PAID_OUT_WHOLE else step(currency)


def least_payouts() -> dict[tuple[str, str], int]:
    """By currency and country of the bank, the least that it is sent, in minor units.

    An empty country stands for every other one; of what is not listed any amount is sent.
    """
    listed = {(currency, ""): units for currency, units in _LEAST_PAYOUT.items()}
    return {
        (currency, ""): payout_step(currency) for currency in _THOUSANDTHS | _PAID_OUT_WHOLE
    } | {
        (currency, country): units * 10 ** exponent(currency)
        for (currency, country), units in (listed | _LEAST_PAYOUT_IN).items()
    }


def least_payout(currency: str, country: str) -> int:
    """The least that a bank in this country is sent, in minor units."""
    known = least_payouts()
    return known.get((currency, country)) or known.get((currency, ""), 1)
