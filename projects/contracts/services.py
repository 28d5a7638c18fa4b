"""What every deed on a contract takes first, and what it leaves behind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.notifications.services import News, notify_each
from accounts.parties.models import Party
from accounts.people.models import User
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from marketplace.common.words import Words
from projects.contracts.models import Contract, Event
from projects.contracts.roles import Actor, role_in
from projects.contracts.selectors import page_of


@dataclass(frozen=True)
class Trace:
    """What one deed leaves behind: a line of the timeline, and the same in words for the others.

    ``about`` is the thing it happened to; the detail is JSON.
    """

    contract: Contract
    about: Any
    text: Words
    detail: dict[str, Any] = field(default_factory=dict)


def lock_contract(contract_id: int) -> Contract:
    """With its parties and policy. Events that other deeds write about it need not wait for it."""
    locked = Contract.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("client", "freelancer", "policy").get(pk=contract_id)


def record(contract: Contract, kind: str, *, by: Actor, about: Any = None, **detail: Any) -> Event:
    """Write one line of the timeline. ``about`` is the thing it happened to; the detail is JSON."""
    event = _event(contract, kind, by=by, about=about or contract, detail=detail)
    event.save()
    return event


def record_and_tell(traces: Sequence[Trace], kind: str, *, by: Actor) -> None:
    """The same deed was done on many things: write the line of each, and tell the other sides."""
    Event.objects.bulk_create(
        _event(it.contract, kind, by=by, about=it.about, detail=it.detail) for it in traces
    )
    notify_each([news for it in traces for news in _news(it.contract, kind, it.text, by=by)])


def _event(contract: Contract, kind: str, *, by: Actor, about: Any, detail: dict) -> Event:
    return Event(
        contract=contract,
        kind=kind,
        by=by if isinstance(by, User) else None,
        role=role_in(contract, by) or "",
        about=about.public_id,
        title=str(about),
        detail=detail,
    )


def tell_side(contract: Contract, role: str, kind: str, text: Words, **more: str) -> None:
    """Tell one of the sides; ``more`` is as in News."""
    to = contract.client if role == CLIENT else contract.freelancer
    notify_each(
        [News(to=to, kind=kind, text=text, path=page_of(contract), title=contract.title, **more)]
    )


def tell_other_side(contract: Contract, kind: str, text: Words, *, by: Actor, **more: str) -> None:
    """Tell whoever did not do it: the other side, or both when the house acted; ``more`` is as in
    News.
    """
    notify_each(_news(contract, kind, text, by=by, **more))


def _news(contract: Contract, kind: str, text: Words, *, by: Actor, **more: str) -> list[News]:
    role = role_in(contract, by)
    to: list[Party] = {
        CLIENT: [contract.freelancer],
        FREELANCER: [contract.client],
    }.get(role or SYSTEM, [contract.client, contract.freelancer])
    path = page_of(contract)
    return [News(party, kind, text, path, title=contract.title, **more) for party in to]
