"""What became of the changes that were proposed, and why, for whoever reads of them afterwards."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from marketplace.common.clock import now
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.telling import name_of, overtaken_by
from projects.contracts.models import Event
from projects.disputes.rules import OTHER

S = ChangeOrder.Status

_ANSWERED = {
    S.ACCEPTED: "{answerer} accepted it: both have signed it.",
    S.DECLINED: "{answerer} declined it.",
    S.COUNTERED: "{answerer} proposed something else instead.",
    S.WITHDRAWN: "{proposer} withdrew it.",
}
# By the lines of the timeline that say so.
_LAPSED = {
    "change_lapsed": "{answerer} did not answer in time.",
    "change_dropped": "The contract ended before it was answered.",
    "change_overtaken": "It lapsed, {reason}.",
}
_KIND_OF = {"lapse": "change_lapsed", "drop": "change_dropped", "overtake": "change_overtaken"}


@dataclass(frozen=True)
class Outcome:
    """How one ended, in a sentence, and when; of one that waits both are empty. Nobody knows when
    where a moved sum has overtaken one, and that is not written down yet.
    """

    text: str = ""
    at: datetime | None = None


def outcomes_of(orders: Iterable[ChangeOrder]) -> dict[int, Outcome]:
    """By their keys; why they lapsed is asked of the timeline, at once for all of them."""
    found = list(orders)
    lapsed = [one for one in found if one.status == S.LAPSED]
    written = Event.objects.filter(
        contract__in={one.contract_id for one in lapsed},
        about__in=[one.public_id for one in lapsed],
        kind__in=_LAPSED,
    )
    told = {event.about: event for event in written} if lapsed else {}
    return {one.pk: _outcome(one, told.get(one.public_id)) for one in found}


def lapsing_step(order: ChangeOrder, *, who: str = "") -> str:
    """By which step of the table it lapses; ``who`` is the side that has ended what was left."""
    if order.is_moot and not who:
        return "drop"
    # One whose time was over has lapsed by itself, whether that was written down or not.
    return "lapse" if order.answer_due_at <= now() else "overtake"


def _outcome(order: ChangeOrder, told: Event | None) -> Outcome:
    if order.state == S.PROPOSED:
        return Outcome()
    if order.status == S.PROPOSED:
        return _not_written_yet(order)
    if order.status != S.LAPSED:
        return Outcome(_said(_ANSWERED[S(order.status)], order), order.closed_at)
    kind = told.kind if told else "change_lapsed"
    reason = told.detail.get("reason", "with what it was about") if told else ""
    return Outcome(_said(_LAPSED[kind], order, reason=reason), order.closed_at)


def _not_written_yet(order: ChangeOrder) -> Outcome:
    """It is seen to have lapsed, and no sweep has come by."""
    step = lapsing_step(order)
    at = {"lapse": order.answer_due_at, "drop": order.contract.closed_at}.get(step)
    reason = overtaken_by(order, who="")[0] if step == "overtake" else ""
    return Outcome(_said(_LAPSED[_KIND_OF[step]], order, reason=reason), at)


def _said(text: str, order: ChangeOrder, *, reason: str = "") -> str:
    contract, role = order.contract, order.proposed_by_role
    return text.format(
        proposer=name_of(contract, role), answerer=name_of(contract, OTHER[role]), reason=reason
    )
