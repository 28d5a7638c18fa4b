"""What a suspension means for contracts that run, and what the other side can choose."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.holds.models import Hold
from accounts.holds.selectors import suspensions_among
from accounts.parties.models import Party
from marketplace.common.lifecycle import CLIENT, FREELANCER
from projects.agreements.leaving.rules import Leaving
from projects.agreements.outlook import Prospects
from projects.contracts.models import Contract


@dataclass(frozen=True)
class Standstill:
    """A side of a contract is suspended, and the contract goes on.

    ``is_own``: it is the reader, who may choose as well. The choices are, in minor units: let it
    finish, with ``held`` waiting for the work as agreed; end it by agreement, with ``price_held``
    (without the client's fee) divided by what is done; where ``leaving`` is not None, end alone
    what is still to be worked on; or, as the client, hand the rest over by one of these.
    """

    hold: Hold
    is_own: bool
    held: int
    price_held: int
    leaving: Leaving | None
    can_hand_over: bool


def running_contracts_of(party: Party) -> QuerySet[Contract]:
    """Those that both have signed and that have not ended."""
    found = Contract.objects.filter(
        Q(client=party) | Q(freelancer=party), status=Contract.Status.ACTIVE
    )
    return found.select_related("client", "freelancer").order_by("pk")


def contracts_told_of(hold: Hold) -> QuerySet[Contract]:
    """Those that ran when it was placed, whose other sides were told; some may have ended since."""
    found = Contract.objects.filter(
        Q(client=hold.party) | Q(freelancer=hold.party), accepted_at__lte=hold.created_at
    )
    found = found.filter(Q(closed_at=None) | Q(closed_at__gt=hold.created_at))
    return found.select_related("client", "freelancer").order_by("pk")


def standstill_on(prospects: Prospects, role: str) -> Standstill | None:
    """What a side of this contract reads of a suspension of either; None where there is none."""
    contract = prospects.contract
    if role not in {CLIENT, FREELANCER} or contract.status != Contract.Status.ACTIVE:
        return None
    own, other = contract.client_id, contract.freelancer_id
    if role == FREELANCER:
        own, other = other, own
    found = suspensions_among([own, other])
    hold = found.get(other) or found.get(own)
    if hold is None:
        return None
    return Standstill(
        hold=hold,
        is_own=hold.party_id == own,
        held=prospects.total.held,
        price_held=prospects.total.price_held,
        leaving=prospects.leaving_of(role),
        can_hand_over=role == CLIENT,
    )
