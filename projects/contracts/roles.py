"""Who somebody is on a contract: never what they are in general."""

from django.contrib.auth.models import AnonymousUser

from accounts.parties.selectors import party_ids_of
from accounts.people.models import User
from accounts.people.selectors import staff_roles_of
from marketplace.common.lifecycle import CLIENT, FREELANCER, MEDIATOR, SYSTEM
from projects.contracts.models import Contract

# A person, or the house itself, which acts only when it is named.
Actor = User | AnonymousUser | str


def role_in(contract: Contract, by: Actor) -> str | None:
    """The side of the contract that this person may act for, or their place among the staff.

    Someone of the staff who is a side is that side: nobody decides their own dispute.
    """
    if by == SYSTEM:
        return SYSTEM
    if isinstance(by, str) or by.pk is None:
        return None
    parties = party_ids_of(by)
    if contract.client_id in parties:
        return CLIENT
    if contract.freelancer_id in parties:
        return FREELANCER
    return MEDIATOR if "mediator" in staff_roles_of(by) else None
