"""What both sides have openly proposed to each other, and what became of it. Sealed figures are no
part of it.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from django.utils import timezone

from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.words import lines_of
from projects.agreements.models import Proposal
from projects.agreements.proposals.words import terms_of
from projects.disputes.models import Dispute
from projects.milestones.models import Milestone


def proposed_on(
    dispute: Dispute, *, until: datetime | None = None
) -> dict[str, list[dict[str, Any]]]:
    """``proposals`` to end a milestone and ``changes`` of the agreement, the oldest first, in three
    queries; ``until`` then, where staff reads it for a decision, and no longer: what was answered
    later waits for its answer, but for what is about the disputed milestone and ended with it.

    Of the whole contract: what was said of another milestone may be about this one, which only a
    person can tell. A state is as it is written down, since a record says nothing of when it is
    read; ``difference`` has its days in UTC for the same reason.
    """
    milestone = dispute.milestone
    contract = milestone.contract
    proposals = Proposal.objects.filter(milestone__contract=contract)
    orders = ChangeOrder.objects.filter(contract=contract).select_related("counters", "proposed_by")
    if until is not None:
        proposals = proposals.filter(created_at__lte=until)
        orders = orders.filter(created_at__lte=until)
    titles = dict(contract.milestones.values_list("position", "title"))
    with timezone.override(UTC):
        return {
            "proposals": [
                _proposal(one) | _still_unanswered(one, one.milestone == milestone, until)
                for one in proposals.select_related("milestone", "into", "proposed_by").order_by(
                    "created_at", "pk"
                )
            ],
            "changes": [
                _change(one, titles, contract.currency)
                | _still_unanswered(one, _is_about(one, milestone), until)
                for one in orders.order_by("created_at", "pk")
            ],
        }


def ids_of(proposed: dict[str, list[dict[str, Any]]]) -> set[str]:
    """The public ids of all that ``proposed_on`` has found answered."""
    return {one["id"] for one in chain(*proposed.values()) if one["answered_at"]}


def _is_about(order: ChangeOrder, milestone: Milestone) -> bool:
    return any(change["position"] == milestone.position for change in order.changes)


def _still_unanswered(
    one: Proposal | ChangeOrder, is_own: bool, until: datetime | None
) -> dict[str, Any]:
    """What was said of it by then, where that is less than what is known now."""
    if is_own or until is None or one.closed_at is None or one.closed_at <= until:
        return {}
    return {"status": type(one).Status.PROPOSED.value, "answered_at": None}


def _proposal(one: Proposal) -> dict[str, Any]:
    return _said(one) | {
        "milestone": one.milestone.position,
        "title": one.milestone.title,
        "to_freelancer": one.to_freelancer,
        "into": one.into and one.into.position,
        "rolled": one.rolled,
        "terms": terms_of(one)["terms"],
    }


def _change(one: ChangeOrder, titles: dict[int, str], currency: str) -> dict[str, Any]:
    lines = lines_of(one.changes, titles=titles, currency=currency)
    return _said(one) | {
        "counters": one.counters and one.counters.public_id,
        "changes": one.changes,
        "difference": [asdict(line) for line in lines],
    }


def _said(one: Proposal | ChangeOrder) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "at": one.created_at,
        "role": one.proposed_by_role,
        "by": one.proposed_by.name,
        "note": one.note,
        "status": one.status,
        "answer_due_at": one.answer_due_at,
        "answered_at": one.closed_at,
    }
