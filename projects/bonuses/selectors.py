"""Bonuses: who may see which, and of which nobody has been told."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.people.models import User
from marketplace.common.lifecycle import CLIENT
from payments.escrow.models import Escrow
from projects.bonuses.models import Bonus
from projects.contracts.models import Contract
from projects.contracts.selectors import contracts_of


def bonuses_of(user: User | AnonymousUser) -> QuerySet[Bonus]:
    """The bonuses on this person's contracts, of either side, newest first."""
    return (
        Bonus.objects.filter(contract__in=contracts_of(user).order_by())
        .select_related("contract__client", "contract__freelancer", "escrow__policy")
        .order_by("-created_at", "-id")
    )


def seen_on(contract: Contract, role: str | None) -> QuerySet[Bonus]:
    """The bonuses of a contract that this side reads of, newest first: paid ones, and to their
    giver those that wait to be paid.
    """
    states = [Escrow.Status.RELEASED, *(Escrow.LIVE if role == CLIENT else ())]
    found = Bonus.objects.filter(contract=contract, escrow__status__in=states)
    return found.select_related("contract__client", "escrow__policy").order_by("-created_at", "-id")


def unpaid_on(contracts: Iterable[int]) -> dict[int, list[Bonus]]:
    """Those that their giver has not paid yet, by contract, newest first; in one query."""
    found: dict[int, list[Bonus]] = {}
    waiting = Bonus.objects.filter(contract__in=contracts, escrow__status__in=Escrow.LIVE)
    for bonus in waiting.select_related("escrow").order_by("-pk"):
        found.setdefault(bonus.contract_id, []).append(bonus)
    return found


def untold_ids(*, limit: int) -> list[int]:
    """Bonuses that were paid below, and nobody has said so yet."""
    paid = Bonus.objects.filter(told_at=None, escrow__status=Escrow.Status.RELEASED)
    return list(paid.order_by("pk").values_list("pk", flat=True)[:limit])
