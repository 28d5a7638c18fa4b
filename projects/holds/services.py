"""Holds of every kind, where all that they touch is in sight."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.holds import services as holds
from accounts.holds.models import Hold
from accounts.parties.models import Party
from accounts.people.models import User
from marketplace.common.errors import InvalidInput
from payments.payouts.holding.services import hold_payouts
from payments.payouts.holding.services import lift_hold as lift_payouts
from payments.policies.selectors import clocks_of_holds

_LETS_GO = {
    Hold.Kind.PERSON: holds.free_person,
    Hold.Kind.PAYOUTS: lift_payouts,
}


def place_on(party: Party, *, kind: str, by: User, **asked: Any) -> Hold:
    """Suspend a person or hold a payee's payouts; takes ``reason``, ``evidence``, ``days`` and
    ``links``. Raises NotAllowed, InvalidInput or WrongState.
    """
    if kind == Hold.Kind.PAYOUTS:
        return hold_payouts(party_id=party.pk, by=by, **asked)
    if kind != Hold.Kind.PERSON:  # a posting is suspended where it stands: on its page
        raise InvalidInput("Hold a person or payouts.", param="kind")
    return suspend_person(party_id=party.pk, by=by, **asked)


@transaction.atomic
def suspend_person(
    *,
    party_id: int,
    reason: str,
    evidence: str,
    days: int,
    by: User,
    links: Sequence[str] = (),
) -> Hold:
    """Nothing new for them for so many days; what runs goes on, and the other sides are told.

    Raises NotAllowed, InvalidInput or WrongState.
    """
    person = User.objects.filter(memberships__party=party_id, parties__kind="person").first()
    if person is None:
        raise InvalidInput("Only a person can be suspended.", param="who")
    return holds.suspend_person(
        person_id=person.pk,
        reason=reason,
        evidence=evidence,
        links=links,
        days=days,
        clocks=clocks_of_holds(Hold.Kind.PERSON),
        by=by,
    )


def let_go(*, hold_id: int, by: User | str, ruling: str = "") -> Hold:
    """It is over, whatever it holds: by staff at any time, by the clock at its end, or where nobody
    has answered an appeal in time. Raises NotAllowed or WrongState.
    """
    kind = Hold.objects.values_list("kind", flat=True).get(pk=hold_id)
    return _LETS_GO[Hold.Kind(kind)](hold_id=hold_id, by=by, ruling=ruling)
