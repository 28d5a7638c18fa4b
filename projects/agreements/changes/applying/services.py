"""What both sides have accepted is done: to the milestones, and to their money."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from projects.agreements.changes.planning import Change
from projects.agreements.proposals.services import drop_what_it_overtakes
from projects.contracts.models import Contract
from projects.milestones.adjusting.rules import time_until
from projects.milestones.adjusting.services import adjust_milestone
from projects.milestones.endings.services import cancel_by_agreement
from projects.milestones.models import Milestone
from projects.milestones.planning.services import plan_milestone


@transaction.atomic
def apply_changes(
    *, contract: Contract, milestones: Mapping[int, Milestone], changes: Sequence[Change]
) -> None:
    """Do each of them. The caller holds the locks and has judged them all; ``milestones`` are those
    of the contract by their position.
    """
    for change in changes:
        if "add" in change:
            _add(contract, change)
            continue
        pk = milestones[change["position"]].pk
        if "drop" in change:
            cancel_by_agreement(milestone_id=pk, to_freelancer=0)
        elif "end" in change:
            part = change["end"]["to_freelancer"]
            cancel_by_agreement(milestone_id=pk, to_freelancer=part, with_contract=True)
        elif set(change) == {"position", "place"}:
            continue  # what is proposed about its end stands: its money is the same
        else:
            _adjust(pk, change)
        drop_what_it_overtakes(pk)


@transaction.atomic
def arrange(*, contract: Contract, order: Sequence[int]) -> None:
    """Let its milestones stand as the newest wording has them, by their position; what was dropped
    stands behind them. The caller holds the locks of all that were there before.
    """
    found = list(contract.milestones.order_by("place"))
    known = {one.position: one for one in found}
    behind = [one for one in found if one.position not in order]
    for place, one in enumerate((*(known[position] for position in order), *behind), start=1):
        if one.place != place:
            one.place = place
            one.save(update_fields=["place"])


def _add(contract: Contract, change: Change) -> None:
    new = change["add"] | {"due_at": datetime.fromisoformat(change["add"]["due_at"])}
    time = time_until(new["due_at"])
    plan_milestone(
        contract=contract,
        position=change["position"],
        allowance=time.allowance,
        leeway=time.leeway,
        **new,
    )


def _adjust(milestone_id: int, change: Change) -> None:
    due_at = change.get("due_at", {}).get("to")
    adjust_milestone(
        milestone_id=milestone_id,
        amount=change.get("amount", {}).get("to"),
        due_at=datetime.fromisoformat(due_at) if due_at else None,
        criteria=change.get("criteria", {}).get("to"),
        revisions=change.get("revisions", {}).get("to"),
    )
