"""Countries of connected accounts, and the currency that their banks take."""

from __future__ import annotations

# fmt: off
COUNTRIES = {
    "AU": ("Australia", "aud"), "AT": ("Austria", "eur"), "BH": ("Bahrain", "bhd"),
    "BE": ("Belgium", "eur"), "BR": ("Brazil", "brl"), "CA": ("Canada", "cad"),
    "HR": ("Croatia", "eur"), "CY": ("Cyprus", "eur"), "CZ": ("Czechia", "czk"),
    "DK": ("Denmark", "dkk"), "EE": ("Estonia", "eur"), "FI": ("Finland", "eur"),
    "FR": ("France", "eur"), "DE": ("Germany", "eur"), "GR": ("Greece", "eur"),
    "HK": ("Hong Kong", "hkd"), "HU": ("Hungary", "huf"), "IS": ("Iceland", "isk"),
    "IN": ("India", "inr"), "IE": ("Ireland", "eur"), "IT": ("Italy", "eur"),
    "JP": ("Japan", "jpy"), "JO": ("Jordan", "jod"), "KR": ("Korea", "krw"),
    "KW": ("Kuwait", "kwd"), "LV": ("Latvia", "eur"), "LT": ("Lithuania", "eur"),
    "LU": ("Luxembourg", "eur"), "MT": ("Malta", "eur"), "MX": ("Mexico", "mxn"),
    "NL": ("Netherlands", "eur"), "NZ": ("New Zealand", "nzd"), "NO": ("Norway", "nok"),
    "OM": ("Oman", "omr"), "PL": ("Poland", "pln"), "PT": ("Portugal", "eur"),
    "RO": ("Romania", "ron"), "SG": ("Singapore", "sgd"), "SK": ("Slovakia", "eur"),
    "SI": ("Slovenia", "eur"), "ES": ("Spain", "eur"), "SE": ("Sweden", "sek"),
    "CH": ("Switzerland", "chf"), "TH": ("Thailand", "thb"), "TN": ("Tunisia", "tnd"),
    "AE": ("United Arab Emirates", "aed"), "GB": ("United Kingdom", "gbp"),
    "US": ("United States", "usd"),
}
# fmt: on


def currency_of(country: str | None) -> str:
    return COUNTRIES.get(country or "US", COUNTRIES["US"])[1]
