"""Who hears of a change: the timeline, and the other side."""

from marketplace.common.lifecycle import CLIENT
from marketplace.common.words import Words
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.words import counted, in_short
from projects.contracts.models import Contract
from projects.contracts.roles import Actor
from projects.contracts.services import record, tell_side

_CHANGE = {
    "change_proposed": Words("%(who)s proposes to change: “%(title)s”, %(changes)s."),
    "change_countered": Words("%(who)s proposes something else instead: “%(title)s”, %(changes)s."),
    "change_accepted": Words("%(who)s has accepted your change of “%(title)s”: %(changes)s."),
    "change_declined": Words(
        "%(who)s has declined your change of “%(title)s”. Nothing has changed."
    ),
    "change_withdrawn": Words(
        "%(who)s has withdrawn the change of “%(title)s”. Nothing has changed."
    ),
    "change_overtaken": Words(
        "The change of “%(title)s” has lapsed, since %(who)s has ended what was still to be worked "
        "on."
    ),
    "change_lapsed": Words("The change of “%(title)s” has lapsed. Nothing has changed."),
}
# The same where it would end the whole contract.
_ENDING = {
    "change_proposed": Words("%(who)s proposes to end: “%(title)s”, %(changes)s."),
    "change_countered": _CHANGE["change_countered"],
    "change_accepted": Words("%(who)s has accepted your ending of “%(title)s”: %(changes)s."),
    "change_declined": Words(
        "%(who)s has declined your ending of “%(title)s”. Nothing has changed."
    ),
    "change_withdrawn": Words(
        "%(who)s has withdrawn the ending of “%(title)s”. Nothing has changed."
    ),
    "change_overtaken": Words(
        "The ending of “%(title)s” has lapsed, since %(who)s has ended what was still to be worked "
        "on."
    ),
    "change_lapsed": Words("The ending of “%(title)s” has lapsed. Nothing has changed."),
}
_DECIDED = Words(
    "A dispute on “%(title)s” was decided: the proposal from before to end it has lapsed. Either "
    "side can make another."
)
_MOVED = Words(
    "The money of “%(title)s” has moved: the proposal from before to end it has lapsed. Either "
    "side can make another."
)
ANSWER_BY = Words("Answer by %(due)s; after that it lapses and nothing has changed.")


def record_order(order: ChangeOrder, kind: str, *, by: Actor, **detail: str) -> None:
    record(order.contract, kind, by=by, about=order, terms=in_short(order.changes), **detail)


def name_of(contract: Contract, role: str) -> str:
    return contract.client.name if role == CLIENT else contract.freelancer.name


def said_of(order: ChangeOrder, kind: str, *, who: str = "") -> Words:
    """What is told of it; ``who`` is the name of the side that did it."""
    said = (_ENDING if order.is_ending else _CHANGE)[kind]
    return said.filled(who=who, title=order.contract.title, changes=counted(order.changes))


def overtaken_by(order: ChangeOrder, *, who: str) -> tuple[str, Words]:
    """Since what it has lapsed, for the timeline, and what both are told: ``who`` has ended what
    was left, or, of an ending, a dispute was decided, or money has moved.
    """
    if who:
        since = f"since {who} has ended what was still to be worked on"
        return since, said_of(order, "change_overtaken", who=who)
    is_decided = bool(order.__dict__.get("was_decided"))
    since = "since a dispute was decided" if is_decided else "since the money has moved"
    return since, (_DECIDED if is_decided else _MOVED).filled(title=order.contract.title)


def tell_of(order: ChangeOrder, role: str, kind: str, text: Words) -> None:
    """Notify the side of this role; it is called off where the order's reason has gone."""
    tell_side(order.contract, role, kind, text, about=order.public_id)
