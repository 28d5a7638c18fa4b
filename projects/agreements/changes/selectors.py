"""Which changes are proposed, and who may see them."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.people.models import User
from marketplace.common.answers import open_answers
from marketplace.common.errors import InvalidInput, WrongState
from projects.agreements.changes.models import LIFECYCLE, ChangeOrder
from projects.agreements.changes.planning import Effect, effect_of
from projects.agreements.changes.standing import as_they_stand, over
from projects.contracts.models import Contract
from projects.contracts.selectors import contracts_of


def changes_of(user: User | AnonymousUser) -> QuerySet[ChangeOrder]:
    """Change orders of this person's contracts, newest first."""
    return (
        as_they_stand(ChangeOrder.objects.filter(contract__in=contracts_of(user).order_by()))
        .select_related("contract__client", "contract__freelancer", "contract__policy", "counters")
        .order_by("-created_at", "-id")
    )


def standing_on(contracts: Iterable[int]) -> dict[int, ChangeOrder]:
    """The one that waits for an answer, by contract; one query for many."""
    open_ones = ChangeOrder.objects.filter(
        contract__in=contracts, status=ChangeOrder.Status.PROPOSED
    )
    found = as_they_stand(open_ones).select_related(
        "contract__client", "contract__freelancer", "contract__policy", "counters"
    )
    return {
        order.contract_id: order for order in found if order.state == ChangeOrder.Status.PROPOSED
    }


def over_change_ids(*, limit: int) -> list[int]:
    """Those that nobody answered in time, whose contract has ended, or that were overtaken."""
    found = over().order_by("answer_due_at")
    return list(found.values_list("pk", flat=True)[:limit])


def titles_of(contract: Contract) -> dict[int, str]:
    """What its milestones are called, by their position: a change names them by that."""
    return dict(contract.milestones.values_list("position", "title"))


def effect_now(order: ChangeOrder) -> tuple[Effect | None, str]:
    """What accepting it would do now, or why it cannot be accepted any more."""
    try:
        return effect_of(order.contract, order.changes), ""
    except (InvalidInput, WrongState) as refusal:
        return None, str(refusal)


def open_steps(order: ChangeOrder, role: str | None) -> list[str]:
    """What somebody of this role can do right now, in the table's order."""
    return open_answers(LIFECYCLE, order, role)
