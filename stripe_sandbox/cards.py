"""Test cards: the number decides what happens. All but the marked ones are Stripe's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    number: str
    label: str
    code: str | None = None  # declined with this code …
    decline_code: str | None = None  # … and the issuer's reason
    message: str = ""
    authenticate: bool = False
    dispute: str | None = None  # the charge succeeds and is disputed for this reason
    inquiry: bool = False
    bypass_pending: bool = False
    refund: str = "succeeded"  # or "fails later", "succeeds later"
    brand: str = "visa"
    network: str = "visa"

    @property
    def last4(self) -> str:
        return self.number[-4:]


DECLINED = "Your card was declined."

# fmt: off
CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242", "Succeeds"),
        Card("4000000000000002", "Is declined", "card_declined", "generic_decline", DECLINED),
        Card("4000000000009995", "Has insufficient funds", "card_declined", "insufficient_funds",
             "Your card has insufficient funds."),
        Card("4000000000003220", "Asks for 3-D Secure", authenticate=True),
        Card("4000000000000259", "Succeeds, then a chargeback", dispute="fraudulent"),
        Card("4000000000005126", "Succeeds, a refund fails later", refund="fails later"),
        Card("4000000000007726", "Succeeds, a refund is pending at first", refund="succeeds later"),
        Card("4000000000000077", "Succeeds, available at once", bypass_pending=True),
        Card("5555555555554444", "Succeeds (Mastercard)", brand="mastercard", network="mastercard"),
        Card("4000000000002685", "Succeeds, then a chargeback (not received)",
             dispute="product_not_received"),
        Card("4000000000009987", "Is declined (lost card)", "card_declined", "lost_card", DECLINED),
        Card("4000000000009979", "Is declined (stolen card)", "card_declined", "stolen_card",
             DECLINED),
        Card("4000000000000069", "Has expired", "expired_card", None, "Your card has expired."),
        Card("4000000000000127", "Has a wrong security code", "incorrect_cvc", None,
             "Your card's security code is incorrect."),
        Card("4000000000000119", "Meets a processing error", "processing_error", None,
             "An error occurred while processing your card. Try again in a little bit."),
    )
}
# fmt: on

# What the pay page offers as buttons.
SHOWN = tuple(CARDS)[:8]


def card_of(number: str) -> Card | None:
    return CARDS.get("".join(number.split()))


def spaced(number: str) -> str:
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))
