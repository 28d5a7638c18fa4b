"""The platform's own money at the provider: put in for costs that precede fees, or taken out, and
what the provider keeps for itself apart from any payment.
"""

from itertools import takewhile

from django.db import transaction

from payments.gateway import books
from payments.gateway.base import RemoteMovement
from payments.incoming.selectors import is_booked, own_funds_key
from payments.ledger import chart
from payments.ledger.services import Move, move_money

# Top-ups, and what the platform paid out to its own bank.
OWN_MOVEMENTS = ("topup", "payout", "payout_failure", "payout_cancel")
# Fees of its own bill, such as for accounts and payouts.
COSTS = ("stripe_fee", "stripe_fx_fee", "tax_fee")


def book_own_funds() -> int:
    """Book what we put in at the provider or took out, each movement once; how many were new.

    Not atomic. Newest first: everything before one that is booked is booked. What moved nothing is
    nothing to be booked. Raises GatewayRefused or GatewayUnknown.
    """
    new: list[RemoteMovement] = []
    for kind in (*OWN_MOVEMENTS, *COSTS):
        new += takewhile(lambda one: not is_booked(one), books.movements(kind))
    moved = [movement for movement in reversed(new) if movement.net]
    for movement in moved:
        _book_own_movement(movement)
    return len(moved)


@transaction.atomic
def _book_own_movement(movement: RemoteMovement) -> None:
    currency = movement.currency
    is_cost = movement.kind in COSTS
    ours = chart.provider_costs(currency) if is_cost else chart.own_funds(currency)
    ends = [chart.provider(currency), ours]
    source, target = ends if movement.net > 0 else reversed(ends)
    move_money(
        Move(
            "provider_fee" if is_cost else "own_funds",
            source,
            target,
            abs(movement.net),
            currency,
        ),
        key=own_funds_key(movement),
    )
