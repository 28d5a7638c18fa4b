"""Which parties a person may act for."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.parties.models import Membership, Party
from accounts.people.models import User


def parties_of(user: User | AnonymousUser) -> QuerySet[Party]:
    """The parties this person may act for; none for a visitor."""
    if not user.is_authenticated:
        return Party.objects.none()
    return Party.objects.filter(memberships__user=user)


def own_party_of(user: User) -> Party:
    """The party of the person alone, made at sign-up."""
    return Party.objects.get(memberships__user=user, kind=Party.Kind.PERSON)


def acts_for(user: User | AnonymousUser, party_id: int) -> bool:
    return party_id in party_ids_of(user)


def party_ids_of(user: User | AnonymousUser) -> frozenset[int]:
    """Asked many times in one request, read once."""
    if not user.is_authenticated:
        return frozenset()
    if not hasattr(user, "_party_ids"):
        user._party_ids = frozenset(user.memberships.values_list("party_id", flat=True))
    return user._party_ids


def people_of(party: Party) -> QuerySet[User]:
    """Those who are told what happens to the party."""
    return User.objects.filter(memberships__party=party, is_active=True)


def person_ids_of(*party_ids: int) -> list[int]:
    """Everybody who acts for any of these parties, by primary key."""
    return list(
        Membership.objects.filter(party__in=party_ids).values_list("user_id", flat=True).distinct()
    )


def people_of_each(parties: Iterable[Party]) -> dict[int, list[User]]:
    """The same of many parties, each by its primary key."""
    people: dict[int, list[User]] = {party.pk: [] for party in parties}
    places = Membership.objects.filter(party__in=people, user__is_active=True)
    for place in places.select_related("user").order_by("pk"):
        people[place.party_id].append(place.user)
    return people
