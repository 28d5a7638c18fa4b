"""Currencies as Stripe counts them, and how a person reads an amount."""

from __future__ import annotations

from stripe_sandbox.errors import StripeError

# Stripe's own lists, which are not ISO 4217: ISK and UGX have no minor unit in
# the world but two decimals here, and must be whole.
ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
WHOLE_ONLY = frozenset({"isk", "ugx"})

CARD_FEE_BASIS_POINTS = 290
DEBIT_FEE_BASIS_POINTS = 80


def exponent(currency: str) -> int:
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def step(currency: str) -> int:
    """What an amount charged must be a multiple of."""
    if currency in THREE_DECIMAL:
        return 10
    return 100 if currency in WHOLE_ONLY else 1


def least_charge(currency: str) -> int:
    """Half a unit of the currency; fifty where there is nothing smaller than the unit."""
    return 500 if currency in THREE_DECIMAL else 50


def demand_chargeable(amount: int, currency: str, *, what: str, param: str) -> None:
    """Refuse what no card network takes; ``what`` it is that has the amount."""
    if amount < least_charge(currency):
        raise StripeError(
            f"The {what} must be at least {written(least_charge(currency), currency)}.",
            code="amount_too_small",
            param=param,
        )
    if amount % step(currency):
        raise StripeError(
            f"Amounts in {currency} have {exponent(currency)} decimals here, and must be a"
            f" multiple of {step(currency)}.",
            param=param,
        )


def card_fee(amount: int, currency: str) -> int:
    """2.9 % rounded half up, plus 30 cents, 300 fils, or nothing where there are no cents."""
    share = (amount * CARD_FEE_BASIS_POINTS + 5_000) // 10_000
    return share + {0: 0, 2: 30, 3: 300}[exponent(currency)]


def debit_fee(amount: int) -> int:
    """0.8 % of a debited bank account, rounded half up, and 5.00 USD at most."""
    return min((amount * DEBIT_FEE_BASIS_POINTS + 5_000) // 10_000, 500)


def dispute_fee(currency: str) -> int:
    """Fifteen units, or 1,500 where the unit is small."""
    return 15_000 if currency in THREE_DECIMAL else 1_500


def written(amount: int, currency: str) -> str:
    """1234567, usd → 12,345.67 USD"""
    places = exponent(currency)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    whole, part = (digits[:-places], "." + digits[-places:]) if places else (digits, "")
    return f"{sign}{int(whole):,}{part} {currency.upper()}"
