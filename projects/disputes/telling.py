"""Telling the sides of a dispute, and the staff, what is on its page."""

from collections.abc import Iterable

from accounts.notifications.services import notify
from accounts.people.models import User
from marketplace.common.lifecycle import CLIENT
from marketplace.common.words import Words
from projects.contracts.roles import Actor
from projects.disputes.models import Dispute


def tell_side_of(dispute: Dispute, role: str, kind: str, text: Words, *, by: Actor) -> None:
    """Tell the client or the freelancer something that is on the dispute's page."""
    contract = dispute.milestone.contract
    to = contract.client if role == CLIENT else contract.freelancer
    notify(to=to, kind=kind, text=text, path=dispute.path, about=dispute.public_id, by=by)


def tell_staff(
    dispute: Dispute, people: Iterable[User], kind: str, text: Words, *, key: str = ""
) -> None:
    """Tell those at the desk of a ruling that is wanted; under a ``key`` each of them once."""
    for person in people:
        notify(
            to=person,
            kind=kind,
            text=text,
            path=dispute.desk_path,
            key=key,
            about=dispute.public_id,
        )
