"""How a dispute's end in money is told to one side."""

from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import in_words
from payments.escrow.division import Shares


def shares_in_words(shares: Shares, currency: str, role: str) -> str:
    """What it brings the reader and the other side, to the cent, after fees."""
    payee, payer = (in_words(amount, currency) for amount in (shares.payee, shares.payer))
    if role == CLIENT:
        return f"You get back {payer}; the freelancer gets {payee}."
    return f"You get {payee}; the client gets back {payer}."
