"""The people of a simulation: the same seed makes the same ones."""

import itertools
from dataclasses import dataclass
from random import Random

from accounts.access.services import create_token
from accounts.people.models import StaffRole, User
from accounts.people.services import create_person, grant_staff_roles, set_password
from marketplace.common.lifecycle import SYSTEM
from projects.management.simulation.http import PASSWORD, Instance, Person

_FIRST = "Amina Bruno Chiara Dmitri Elena Femi Greta Hamid Ingrid Jonas Kaito Leila Marco Nadia"
_LAST = "Abara Berg Costa Duarte Egede Fischer Garcia Hansen Ito Jansen Keller Lund Moreau Novak"
_COUNTRIES = ("DE", "FR", "IE", "NL", "ES", "SE")
# Where the payment provider holds money for ten days only.
_NEAR_LIMIT = "TH"


@dataclass
class Crowd:
    """Clients and freelancers who hold tokens, and of the staff two who decide disputes and two who
    decide appeals: the second of each confirms what the first one cannot decide alone. ``abroad``
    is a freelancer for whom the provider holds money for some days only.
    """

    clients: list[Person]
    freelancers: list[Person]
    mediators: list[Person]
    abroad: Person

    @property
    def payees(self) -> list[tuple[str, Person]]:
        """Everybody who is to be paid, beside the country of their bank."""
        countries = itertools.cycle(_COUNTRIES)
        return [*zip(countries, self.freelancers, strict=False), (_NEAR_LIMIT, self.abroad)]


def gather(instance: Instance, *, seed: int, contracts: int) -> Crowd:
    """Make the verified people and their tokens through the ORM; the rest goes over HTTP."""
    random = Random(f"people of {seed}")
    staff = [_user(random, seed, "staff", number) for number in range(4)]
    for one in staff:
        grant_staff_roles(user_id=one.pk, roles={StaffRole.MEDIATOR}, by=SYSTEM)
    sides = {
        side: [
            _person(instance, _user(random, seed, side, number))
            for number in range(max(2, contracts // share))
        ]
        for side, share in (("client", 4), ("freelancer", 3))
    }
    mediators = [_person(instance, one) for one in staff]
    abroad = _person(instance, _user(random, seed, "abroad", 0))
    return Crowd(sides["client"], sides["freelancer"], mediators, abroad)


def _user(random: Random, seed: int, side: str, number: int) -> User:
    name = f"{random.choice(_FIRST.split())} {random.choice(_LAST.split())}"
    email = f"{side}-{number}.seed-{seed}@simulation.example"
    known = User.objects.filter(email=email).first()
    if known is None:
        return create_person(email=email, name=name, password=PASSWORD, verified=True)
    return (
        known if known.has_usable_password() else set_password(user_id=known.pk, password=PASSWORD)
    )


def _person(instance: Instance, user: User) -> Person:
    user.auth_token_set.filter(name="simulation").delete()
    _, secret = create_token(user_id=user.pk, name="simulation", by=user, is_told=False)
    return Person(instance, user.name, secret)
