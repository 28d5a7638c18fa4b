"""What is written down of each deed with money (``money_deeds.py``)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


class Nothing(str):
    """Why there is no such thing for a deed."""

    __slots__ = ()


@dataclass(frozen=True)
class Deed:
    """``story`` sets the stage, yields, and does the deed.

    ``pages`` are routes with who reaches them ("ada milestone-fund"), the one where it is done or
    shown first. ``calls`` are routes of the API with their method. ``lines`` are the kinds of
    transfers that it books; a payout's say from where to where. ``notices`` are the kinds that
    people are told with. ``desk`` are the routes where staff sees or does it. ``says`` is what its
    places then say, one way or the other, where it moves nothing and changes a state alone.
    ``leaves`` are those of them, with who reads them, that name it before and no more once it is
    done, since nothing of it is left to be done or had there.
    """

    name: str
    story: Callable[..., Iterator[None]]
    pages: tuple[str, ...]
    calls: tuple[str, ...]
    lines: tuple[str, ...] | Nothing
    notices: tuple[str, ...] | Nothing
    desk: tuple[str, ...] | Nothing
    says: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()


RELEASED = ("release", "freelancer_fee", "client_fee")
BOOKS = ("desk-contracts", "contract-statement")
FAILED_REFUNDS = ("desk", "desk-refunds", "api-desk-refunds")
PAYOUTS = ("desk-payouts", "api-desk-payouts")
FAILED_PAYOUTS = ("desk", *PAYOUTS)
BANKS = ("desk-chargebacks", "desk-chargeback", "api-desk-chargeback")
ENDING = ("POST api-milestone-proposals", "POST api-proposal-accept")
ENDED = ("ending_proposed", "ending_accepted")
UNPAID = ("desk-payees", "api-desk-payees")
NO_MONEY = Nothing("No money moves.")
WHO_ASKED_KNOWS = Nothing("They asked for it, or were told that it is made; and hear how it ends.")
