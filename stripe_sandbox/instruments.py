"""Test cards and bank accounts: the number, or a token, decides what happens.

All but the one that says so are Stripe's own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Instrument:
    number: str
    label: str
    token: str  # "chargeDeclined" is pm_card_chargeDeclined and tok_chargeDeclined
    code: str | None = None  # declined with this code …
    decline_code: str | None = None  # … and the issuer's reason
    message: str = ""
    kind: str = "card"  # or "us_bank_account", whose bank has its say days later
    attachable: bool = False  # … to a customer, although it will be declined
    authenticate: bool = False  # 3-D Secure is asked for
    off_session: str = "refused"  # where it is, with nobody there: or "once set up", "allowed"
    dispute: str | None = None  # the charge succeeds and is disputed for this reason
    inquiry: bool = False  # … and that is only a question at first
    suspected: bool = False  # the charge succeeds, and an early fraud warning follows
    bypass_pending: bool = False
    refund: str = "succeeded"  # or "fails later", "succeeds later", "asks its owner"
    brand: str = "visa"

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def fingerprint(self) -> str:
        return f"sandbox{self.last4}"


DECLINED = "Your card was declined."
TOO_LITTLE = "Your card has insufficient funds."
LOST = ("card_declined", "lost_card", DECLINED)
STOLEN = ("card_declined", "stolen_card", DECLINED)

# fmt: off
CARDS = {
    one.number: one
    for one in (
        Instrument("4242424242424242", "Succeeds", "visa"),
        Instrument("4000000000000002", "Is declined", "chargeDeclined",
                   "card_declined", "generic_decline", DECLINED),
        Instrument("4000000000009995", "Has insufficient funds", "chargeDeclinedInsufficientFunds",
                   "card_declined", "insufficient_funds", TOO_LITTLE),
        Instrument("4000000000003220", "Asks for 3-D Secure", "threeDSecure2Required",
                   authenticate=True),
        Instrument("4000000000000259", "Succeeds, then a chargeback", "createDispute",
                   dispute="fraudulent"),
        Instrument("4000000000005126", "Succeeds, a refund fails later", "refundFail",
                   refund="fails later"),
        Instrument("4000000000007726", "Succeeds, a refund is pending at first", "pendingRefund",
                   refund="succeeds later"),
        Instrument("4000000000000077", "Succeeds, available at once", "bypassPending",
                   bypass_pending=True),
        Instrument("5555555555554444", "Succeeds (Mastercard)", "mastercard", brand="mastercard"),
        Instrument("4000000000002685", "Succeeds, then a chargeback (not received)",
                   "createDisputeProductNotReceived", dispute="product_not_received"),
        Instrument("4000000000001976", "Succeeds, then an inquiry", "createDisputeInquiry",
                   dispute="fraudulent", inquiry=True),
        Instrument("4000000000005423", "Succeeds, then an early fraud warning",
                   "createIssuerFraudRecord", suspected=True),
        Instrument("4000000000009987", "Is declined (lost card)", "chargeDeclinedLostCard", *LOST),
        Instrument("4000000000009979", "Is declined (stolen card)", "chargeDeclinedStolenCard",
                   *STOLEN),
        Instrument("4000000000000069", "Has expired", "chargeDeclinedExpiredCard",
                   "expired_card", None, "Your card has expired."),
        Instrument("4000000000000127", "Has a wrong security code", "chargeDeclinedIncorrectCvc",
                   "incorrect_cvc", None, "Your card's security code is incorrect."),
        Instrument("4000000000000119", "Meets a processing error", "chargeDeclinedProcessingError",
                   "processing_error", None,
                   "An error occurred while processing your card. Try again in a little bit."),
        Instrument("4000000000000341", "Can be kept, but is declined", "chargeCustomerFail",
                   "card_declined", "generic_decline", DECLINED, attachable=True),
        Instrument("4000002760003184", "Asks for 3-D Secure each time", "authenticationRequired",
                   authenticate=True),
        Instrument("4000002500003155", "Asks for 3-D Secure until it is set up",
                   "authenticationRequiredOnSetup", authenticate=True, off_session="once set up"),
        Instrument("4000003800000446", "Asks for 3-D Secure while somebody is there",
                   "authenticationRequiredSetupForOffSession", authenticate=True,
                   off_session="allowed"),
        Instrument("4000008260003178", "Asks for 3-D Secure, then has insufficient funds",
                   "authenticationRequiredChargeDeclinedInsufficientFunds",
                   "card_declined", "insufficient_funds", TOO_LITTLE, authenticate=True),
    )
}
BANK_ACCOUNTS = {
    one.number: one
    for one in (
        Instrument("000123456789", "Is debited", "success", kind="us_bank_account"),
        Instrument("000111111113", "Is closed", "accountClosed", "account_closed", None,
                   "The customer's bank account has been closed.", kind="us_bank_account"),
        Instrument("000111111116", "Does not exist", "noAccount", "no_account", None,
                   "The customer's bank account could not be located.", kind="us_bank_account"),
        Instrument("000222222227", "Has insufficient funds", "insufficientFunds",
                   "insufficient_funds", None,
                   "The customer's account has insufficient funds to cover this payment.",
                   kind="us_bank_account"),
        Instrument("000333333335", "Forbids the debit", "debitNotAuthorized",
                   "debit_not_authorized", None,
                   "The customer has notified their bank that this payment was unauthorized.",
                   kind="us_bank_account"),
        # Not Stripe's: no card or account of theirs brings a refund that its owner must answer.
        Instrument("000444444440", "Is debited, a refund asks its owner", "refundAsksOwner",
                   kind="us_bank_account", refund="asks its owner"),
    )
}
# fmt: on
INSTRUMENTS = CARDS | BANK_ACCOUNTS
TOKENS = {f"pm_card_{one.token}": one for one in CARDS.values()} | {
    f"pm_usBankAccount_{one.token}": one for one in BANK_ACCOUNTS.values()
}

# What the pay page offers as buttons.
SHOWN = tuple(CARDS)[:8]
SHOWN_ACCOUNTS = tuple(BANK_ACCOUNTS)[:2]


def card_of(number: str) -> Instrument | None:
    return CARDS.get("".join(number.split()))


def spaced(number: str) -> str:
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))


def of_token(token: str) -> Instrument | None:
    """``pm_card_visa``, ``tok_visa``; the declined ones also as ``pm_card_visa_chargeDeclined``."""
    name = token.replace("tok_", "pm_card_", 1) if token.startswith("tok_") else token
    return TOKENS.get(name) or TOKENS.get(name.replace("pm_card_visa_", "pm_card_", 1))


def types_for(currency: str, allowed: list[str] | None) -> list[str]:
    """The kinds of instrument that may pay in a currency: bank accounts are debited in dollars."""
    every = ["card", "us_bank_account"] if currency == "usd" else ["card"]
    return every if allowed is None else [kind for kind in every if kind in allowed]
