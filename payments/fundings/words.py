"""Why a payment did not go through, as the payer should read it: the code stays in the row."""

REASONS = {
    "generic_decline": "Your bank declined the card.",
    "card_declined": "Your bank declined the card.",
    "insufficient_funds": "There is not enough money on the card's account.",
    "lost_card": "Your bank declined the card.",
    "stolen_card": "Your bank declined the card.",
    "expired_card": "The card has expired.",
    "incorrect_cvc": "The card's security code is not right.",
    "processing_error": "Your bank could not be reached. Try again in a moment.",
    "payment_intent_authentication_failure": "The card's owner could not be confirmed.",
    "amount_too_small": "The amount is smaller than cards can carry.",
    "amount_too_large": "The amount is larger than cards can carry.",
}


def decline_in_words(code: str) -> str:
    """A sentence for the payer; empty where nothing went wrong."""
    return REASONS.get(code, "The payment did not go through.") if code else ""
