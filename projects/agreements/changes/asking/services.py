"""Changes with a name of their own: another date of delivery, and the end of the contract."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from marketplace.common.errors import InvalidInput
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.changes.planning import Wish
from projects.agreements.changes.services import propose_change
from projects.contracts.roles import Actor
from projects.milestones.models import Milestone


@transaction.atomic
def propose_extension(
    *, milestone_id: int, by: Actor, due_at: datetime, note: str = "", confirmed_with: str = ""
) -> ChangeOrder:
    """Ask for another date of delivery. Raises as ``propose_change`` does, InvalidInput with
    ``due_at`` as the field at fault.
    """
    milestone = Milestone.objects.get(pk=milestone_id)
    try:
        return propose_change(
            contract_id=milestone.contract_id,
            by=by,
            wishes=[Wish(milestone=milestone.public_id, due_at=due_at)],
            note=note,
            confirmed_with=confirmed_with,
        )
    except InvalidInput as refusal:
        if (refusal.param or "").startswith("changes[0]"):
            refusal.param = "due_at"
        raise


@transaction.atomic
def propose_ending(
    *,
    contract_id: int,
    by: Actor,
    parts: Sequence[tuple[str, int]] = (),
    note: str = "",
    confirmed_with: str = "",
) -> ChangeOrder:
    """Propose to end the contract: every open milestone ends, and the contract with them.

    ``parts`` says of which milestone how much of the price goes to the freelancer, in minor units;
    of the others all goes back. Raises as ``propose_change`` does, InvalidInput with
    ``parts[1].to_freelancer`` as the field at fault.
    """
    still_open = Milestone.objects.filter(contract=contract_id, closed_at=None).order_by("place")
    named = {public_id for public_id, _ in parts}
    others = [(one.public_id, 0) for one in still_open if one.public_id not in named]
    wishes = [
        Wish(milestone=public_id, to_freelancer=part) for public_id, part in (*parts, *others)
    ]
    try:
        return propose_change(
            contract_id=contract_id,
            by=by,
            wishes=wishes,
            note=note,
            confirmed_with=confirmed_with,
        )
    except InvalidInput as refusal:
        refusal.param = refusal.param and refusal.param.replace("changes", "parts", 1)
        raise
