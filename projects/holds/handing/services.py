"""A client hands over what a contract leaves undone: it is ended as ever, and a posting drafted."""

from collections.abc import Sequence

from django.db import transaction

from accounts.people.models import User
from marketplace.common.errors import NotAllowed
from marketplace.common.lifecycle import CLIENT
from marketplace.common.money import in_words
from marketplace.common.text import cut_line
from projects.agreements.changes.asking.services import propose_ending
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.leaving.services import leave_contract
from projects.contracts.models import Contract
from projects.contracts.roles import role_in
from projects.milestones.models import Milestone
from projects.postings.models import Posting
from projects.postings.rules import LONGEST_DESCRIPTION, LONGEST_TITLE
from projects.postings.services import create_posting

_BEGUN = "This continues work that was begun. What is left of it:"
_NO_ROOM = "There is more, which had no room here: see the agreement."


@transaction.atomic
def hand_over_by_leaving(*, contract_id: int, by: User, seen: str) -> Posting:
    """End alone what can be ended so, and draft a posting of it for somebody else, all or nothing.

    Raises NotAllowed for who is not the client, else as ``leave_contract`` does.
    """
    contract = _judged(contract_id, by)
    before = [one.pk for one in _open(contract)]
    leave_contract(contract_id=contract_id, by=by, seen=seen)
    ended = contract.milestones.filter(pk__in=before, closed_at__isnull=False)
    return _draft(contract, [(one, _unpaid(one)) for one in ended.order_by("place")], by=by)


@transaction.atomic
def hand_over_by_agreement(
    *,
    contract_id: int,
    by: User,
    parts: Sequence[tuple[str, int]] = (),
    note: str = "",
    confirmed_with: str = "",
) -> ChangeOrder:
    """Propose to end the contract with pay for what is done, and draft a posting of the rest.

    The draft is there at once and the client's alone, whatever becomes of the proposal. Raises
    NotAllowed for who is not the client, else as ``propose_ending`` does.
    """
    contract = _judged(contract_id, by)
    order = propose_ending(
        contract_id=contract_id, by=by, parts=parts, note=note, confirmed_with=confirmed_with
    )
    paid = {change["position"]: change["end"]["to_freelancer"] for change in order.changes}
    rest = [(one, _unpaid(one) - paid.get(one.position, 0)) for one in _open(contract)]
    _draft(contract, rest, by=by)
    return order


def _judged(contract_id: int, by: User) -> Contract:
    contract = Contract.objects.select_related("posting", "client", "freelancer").get(
        pk=contract_id
    )
    if role_in(contract, by) != CLIENT:
        raise NotAllowed("Only the client hands the work over to somebody else.")
    return contract


def _open(contract: Contract) -> list[Milestone]:
    found = contract.milestones.filter(closed_at=None).select_related("escrow")
    return list(found.order_by("place"))


def _unpaid(milestone: Milestone) -> int:
    """What of its price is not released, in minor units."""
    return milestone.escrow.amount - milestone.escrow.released


def _draft(contract: Contract, rest: Sequence[tuple[Milestone, int]], *, by: User) -> Posting:
    """As the first posting was, without its confidential part; the client edits it at leisure."""
    old, total = contract.posting, sum(amount for _, amount in rest)
    return create_posting(
        by=by,
        party=contract.client,
        title=cut_line(contract.title, LONGEST_TITLE),
        description=_described(contract, rest),
        skills=old.skills,
        visibility=old.visibility,
        currency=contract.currency,
        budget_most=total or None,
    )


def _described(contract: Contract, rest: Sequence[tuple[Milestone, int]]) -> str:
    """What is left, milestone by milestone, and then what the first posting said; what has no room
    is left out, and the last line says so.
    """
    told = [_BEGUN]
    for milestone, amount in rest:
        left = in_words(amount, contract.currency)
        lines = [f"## {milestone.title}", f"{left} of it are not paid."]
        lines += [f"- {criterion}" for criterion in milestone.criteria]
        told.append("\n\n".join(lines[:2]) + "\n\n" + "\n".join(lines[2:]))
    told.append(contract.posting.description)
    kept = ""
    for text in told:
        if len(kept) + len(text) + len(_NO_ROOM) + 4 > LONGEST_DESCRIPTION:
            return f"{kept}\n\n{_NO_ROOM}"
        kept = f"{kept}\n\n{text}".strip()
    return kept
