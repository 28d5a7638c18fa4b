"""A contract in the middle of its work, as its two sides would end it."""

from collections.abc import Mapping

from accounts.people.models import User
from projects.agreements.changes.asking.services import propose_ending
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.outlook import prospects_of
from projects.contracts.models import Contract
from projects.contracts.roles import role_in
from projects.disputes.services import open_dispute
from projects.milestones.models import Milestone
from projects.milestones.services import submit_work
from tests.world import active_contract, fund


def contract_at_work(ada: User, ben: User) -> Contract:
    """Part 1 delivered, part 2 held, part 3 disputed, part 4 not funded; each of them 1,000.00."""
    contract = active_contract(ada, ben, [100_000] * 4)
    delivered, held, disputed, _ = contract.milestones.order_by("position")
    for milestone in (delivered, held, disputed):
        fund(milestone)
    submit_work(milestone_id=delivered.pk, by=ben, note="Here it is.")
    open_dispute(
        milestone_id=disputed.pk,
        by=ada,
        reason="not_as_agreed",
        statement="It is another thing.",
        asked_for=0,
    )
    return contract


def part(contract: Contract, position: int) -> Milestone:
    return contract.milestones.select_related("escrow__policy", "contract").get(position=position)


def to_end(contract: Contract, by: User, parts: Mapping[int, int] | None = None, **more: str):
    """``parts`` by the position of their milestone."""
    named = [(part(contract, at).public_id, amount) for at, amount in (parts or {}).items()]
    return propose_ending(contract_id=contract.pk, by=by, parts=named, **more)


def tag_for(contract: Contract, person: User) -> str:
    """What they read before they leave it; nothing where they cannot."""
    contract = Contract.objects.get(pk=contract.pk)
    leaving = prospects_of(contract).leaving_of(role_in(contract, person) or "")
    return leaving.tag if leaving else ""


def states_of(contract: Contract) -> list[str]:
    return list(contract.milestones.order_by("position").values_list("status", flat=True))


def changes_of(order: ChangeOrder) -> list[tuple[int, int, int]]:
    """Position, part and what was held, of each milestone that it ends."""
    return [
        (one["position"], one["end"]["to_freelancer"], one["end"]["held"]) for one in order.changes
    ]
