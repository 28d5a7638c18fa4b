"""Why a payout did not arrive, as the payee should read it: the code stays in the row."""

REASONS = {
    "account_closed": "The bank says that the account is closed.",
    "account_frozen": "The bank says that the account is frozen.",
    "bank_account_restricted": "The bank does not let money into this account.",
    "bank_account_unusable": "The bank account at the payment provider cannot be used.",
    "bank_ownership_changed": "The bank says that the account has changed hands.",
    "could_not_process": "The bank could not process the payout.",
    "debit_not_authorized": "The bank does not let money into this account.",
    "declined": "The bank declined the payout.",
    "incorrect_account_holder_name": "The name on the account is not the one given.",
    "incorrect_account_holder_address": "The address on the account is not the one given.",
    "incorrect_account_type": "The bank account is of a kind that cannot be used.",
    "invalid_account_number": "The account number is not valid.",
    "invalid_currency": "The bank account does not take this currency.",
    "no_account": "The bank knows no account with these details.",
    "unsupported_card": "The card given for payouts is not supported.",
    # Ours, and the provider's answers before any bank was asked.
    "account_not_ready": "The payment provider needs more details from you first.",
    "account_replaced": "The money is at your account that was closed. Cancel this payout.",
    "balance_insufficient": "The money has not reached our balance at the payment provider yet.",
    "insufficient_capabilities_for_transfer": (
        "The payment provider needs more details from you first."
    ),
    "called_back": "You owe something after a chargeback, which comes first.",
    "payouts_not_allowed": "The payment provider needs more details from you first.",
}


def reason_in_words(code: str) -> str:
    """A sentence for the payee; empty where there is no failure."""
    if not code:
        return ""
    return REASONS.get(code, "The bank or the payment provider refused the payout.")
