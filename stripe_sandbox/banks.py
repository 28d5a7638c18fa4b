"""Test bank accounts: the number decides what becomes of a payout."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bank:
    number: str
    label: str
    failure_code: str | None = None
    failure_message: str | None = None
    fails_after_paid: bool = False
    keeps_requirements_due: bool = False
    reviewed_first: bool = False


# The three numbers with 7s, 8s and 9s are this sandbox's own; the others are Stripe's.
BANKS = {
    bank.number: bank
    for bank in (
        Bank("000123456789", "Receives payouts"),
        Bank(
            "000111111116",
            "Payouts fail: no such account",
            "no_account",
            "The bank account details on file are probably incorrect. No bank account could be"
            " located with those details.",
        ),
        Bank(
            "000111111113",
            "Payouts fail: account closed",
            "account_closed",
            "The bank account has been closed.",
        ),
        Bank(
            "000777777777",
            "Payouts are paid, and fail later",
            "account_frozen",
            "The bank account has been frozen.",
            fails_after_paid=True,
        ),
        Bank("000888888888", "Is looked at first", reviewed_first=True),
        Bank("000999999999", "Requirements stay due", keeps_requirements_due=True),
    )
}
GOOD = "000123456789"
