"""Whose payouts are held, and by what."""

from datetime import datetime

from django.db.models import QuerySet

from accounts.parties.models import Party
from accounts.parties.selectors import own_party_of, parties_of
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.errors import InvalidInput
from payments.payouts.holding.models import PayoutHold


def holds_of(user: User) -> QuerySet[PayoutHold]:
    """Those on this person's parties, whether they stand or not."""
    return PayoutHold.objects.filter(party__in=parties_of(user)).select_related("party")


def standing_hold_on(party: Party | int) -> PayoutHold | None:
    """The one that stops this payee's payouts now."""
    return PayoutHold.objects.filter(party=party, lifted_at=None).first()


def desk_holds(user: User) -> QuerySet[PayoutHold]:
    """For finance, and for support to read: all but those on payees that they act for."""
    if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        return PayoutHold.objects.none()
    return PayoutHold.objects.exclude(party__in=parties_of(user)).select_related(
        "party", "placed_by", "lifted_by"
    )


def standing(holds: QuerySet[PayoutHold]) -> QuerySet[PayoutHold]:
    return holds.filter(lifted_at=None)


def due_hold_ids(at: datetime, *, limit: int) -> list[int]:
    """Those whose time is over."""
    return list(
        PayoutHold.objects.filter(lifted_at=None, ends_at__lte=at)
        .order_by("ends_at")
        .values_list("pk", flat=True)[:limit]
    )


def payee_named(name: str) -> Party:
    """The party of this public id, or of the person with this address. Raises InvalidInput."""
    name = name.strip()
    if party := Party.objects.filter(public_id=name).first():
        return party
    if person := User.objects.filter(email__iexact=name).first():
        return own_party_of(person)
    raise InvalidInput("Nobody has this address or id.", param="payee")
