"""Why a payout did not arrive, as the payee should read it: the code stays in the row."""

from marketplace.common.words import Words
from payments.payouts.models import Payout

REASONS = {
    "account_closed": Words("The bank says that the account is closed."),
    "account_frozen": Words("The bank says that the account is frozen."),
    "bank_account_restricted": Words("The bank does not let money into this account."),
    "bank_account_unusable": Words("The bank account at the payment provider cannot be used."),
    "bank_ownership_changed": Words("The bank says that the account has changed hands."),
    "could_not_process": Words("The bank could not process the payout."),
    "debit_not_authorized": Words("The bank does not let money into this account."),
    "declined": Words("The bank declined the payout."),
    "incorrect_account_holder_name": Words("The name on the account is not the one given."),
    "incorrect_account_holder_address": Words("The address on the account is not the one given."),
    "incorrect_account_type": Words("The bank account is of a kind that cannot be used."),
    "invalid_account_number": Words("The account number is not valid."),
    "invalid_currency": Words("The bank account does not take this currency."),
    "no_account": Words("The bank knows no account with these details."),
    "unsupported_card": Words("The card given for payouts is not supported."),
    # Ours, and the provider's answers before any bank was asked.
    "account_not_ready": Words("The payment provider needs more details from you first."),
    "account_replaced": Words("The money is at your account that was closed. Cancel this payout."),
    "balance_insufficient": Words(
        "The money has not reached our balance at the payment provider yet."
    ),
    "insufficient_capabilities_for_transfer": Words(
        "The payment provider needs more details from you first."
    ),
    "called_back": Words("You owe something after a chargeback, which comes first."),
    "payouts_not_allowed": Words("The payment provider needs more details from you first."),
}


# Why a transfer is not taken back from the payee's account.
REVERSALS = {
    code: Words("The money has left your account at the payment provider already.")
    for code in ("balance_insufficient", "insufficient_funds")
}


def reversal_reason_of(code: str) -> Words:
    """Why a payout could not be cancelled, for its payee's notice."""
    return REVERSALS.get(code, Words("The payment provider does not take the money back."))


def reason_of(code: str) -> Words:
    """Why it failed, for the payee's notice."""
    return REASONS.get(code, Words("The bank or the payment provider refused the payout."))


def reversal_reason_in_words(payout: Payout) -> str:
    """Why it could not be cancelled; empty where nobody tried in vain."""
    refused = payout.reversal_refused_at is not None
    return str(reversal_reason_of(payout.reversal_refusal)) if refused else ""


def reason_in_words(code: str) -> str:
    """A sentence for the payee; empty where there is no failure."""
    return str(reason_of(code)) if code else ""
