"""How a dispute's end in money is told to one side."""

from marketplace.common.lifecycle import CLIENT
from marketplace.common.words import Money, Words
from payments.escrow.division import Shares


def shares_in_words(shares: Shares, currency: str, role: str) -> Words:
    """What it brings the reader and the other side, to the cent, after fees."""
    payee, payer = (Money(amount, currency) for amount in (shares.payee, shares.payer))
    if role == CLIENT:
        return Words("You get back %(back)s; the freelancer gets %(gets)s.", back=payer, gets=payee)
    return Words("You get %(gets)s; the client gets back %(back)s.", gets=payee, back=payer)
