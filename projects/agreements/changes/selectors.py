"""Which changes are proposed, and who may see them."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from accounts.people.models import User
from marketplace.common.answers import open_answers
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, WrongState
from projects.agreements.changes.models import LIFECYCLE, ChangeOrder
from projects.agreements.changes.planning import Effect, effect_of
from projects.contracts.models import Contract
from projects.contracts.selectors import contracts_of
from projects.disputes.models import Ruling


def changes_of(user: User | AnonymousUser) -> QuerySet[ChangeOrder]:
    """Change orders of this person's contracts, newest first."""
    return (
        ChangeOrder.objects.filter(contract__in=contracts_of(user).order_by())
        .select_related("contract__client", "contract__freelancer", "contract__policy", "counters")
        .order_by("-created_at", "-id")
    )


def standing_on(contracts: Iterable[int]) -> dict[int, ChangeOrder]:
    """The one that waits for an answer, by contract; one query for many."""
    found = ChangeOrder.objects.filter(
        contract__in=contracts, status=ChangeOrder.Status.PROPOSED
    ).select_related("contract__client", "contract__freelancer", "contract__policy")
    return {
        order.contract_id: order for order in found if order.state == ChangeOrder.Status.PROPOSED
    }


def over_change_ids(*, limit: int) -> list[int]:
    """Those that nobody answered in time, or whose contract has ended."""
    over = ChangeOrder.objects.filter(
        Q(answer_due_at__lte=now()) | ~Q(contract__status=Contract.Status.ACTIVE),
        status=ChangeOrder.Status.PROPOSED,
    ).order_by("answer_due_at")
    return list(over.values_list("pk", flat=True)[:limit])


def effect_now(order: ChangeOrder) -> tuple[Effect | None, str]:
    """What accepting it would do now, or why it cannot be accepted any more."""
    try:
        refuse_if_overtaken(order)
        return effect_of(order.contract, order.changes), ""
    except (InvalidInput, WrongState) as refusal:
        return None, str(refusal)


def refuse_if_overtaken(order: ChangeOrder) -> None:
    """Nobody is held to an end of the contract that they offered before they knew a decision on it.
    Raises WrongState.
    """
    decided = Ruling.objects.filter(
        dispute__milestone__contract=order.contract_id, created_at__gt=order.created_at
    )
    if order.is_ending and decided.exists():
        raise WrongState(
            "A dispute on this contract was decided since this was proposed, so it cannot be "
            "accepted any more. Whose it is can withdraw it, the other side decline it."
        )


def open_steps(order: ChangeOrder, role: str | None) -> list[str]:
    """What somebody of this role can do right now, in the table's order."""
    return open_answers(LIFECYCLE, order, role)
