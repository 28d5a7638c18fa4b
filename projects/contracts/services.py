"""What every deed on a contract leaves behind."""

from typing import Any

from accounts.notifications.services import notify
from accounts.parties.models import Party
from accounts.people.models import User
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from projects.contracts.models import Contract, Event
from projects.contracts.roles import Actor, role_in
from projects.contracts.selectors import page_of


def record(contract: Contract, kind: str, *, by: Actor, about: Any = None, **detail: Any) -> Event:
    """Write one line of the timeline. ``about`` is the thing it happened to; the detail is JSON."""
    about = about or contract
    return Event.objects.create(
        contract=contract,
        kind=kind,
        by=by if isinstance(by, User) else None,
        role=role_in(contract, by) or "",
        about=about.public_id,
        title=str(about),
        detail=detail,
    )


def tell_other_side(contract: Contract, kind: str, text: str, *, by: Actor, key: str = "") -> None:
    """Tell whoever did not do it: the other side, or both when the house acted."""
    role = role_in(contract, by)
    to: list[Party] = {
        CLIENT: [contract.freelancer],
        FREELANCER: [contract.client],
    }.get(role or SYSTEM, [contract.client, contract.freelancer])
    for party in to:
        notify(to=party, kind=kind, text=text, path=page_of(contract), key=key)
