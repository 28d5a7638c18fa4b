"""What went back after release: who may see which, and what can still be given back."""

from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import F, QuerySet

from accounts.people.models import User
from marketplace.common.clock import now
from payments.escrow.models import Escrow
from projects.contracts.models import Contract
from projects.contracts.selectors import contracts_of
from projects.givebacks.models import LIFECYCLE, GiveBack


def givebacks_of(user: User | AnonymousUser) -> QuerySet[GiveBack]:
    """Those on this person's contracts, of either side, newest first."""
    return (
        GiveBack.objects.filter(contract__in=contracts_of(user).order_by())
        .select_related("contract__client", "contract__freelancer", "escrow__policy")
        .order_by("-created_at", "-id")
    )


def givebacks_on(contract: Contract) -> QuerySet[GiveBack]:
    """Those of one contract, newest first."""
    found = GiveBack.objects.filter(contract=contract)
    return found.select_related("contract", "escrow__policy").order_by("-created_at", "-id")


def asked_on(contracts: Iterable[int]) -> dict[int, list[GiveBack]]:
    """Those that wait for an answer, by contract, the first to lapse first; one query for many."""
    found: dict[int, list[GiveBack]] = {}
    asked = GiveBack.objects.filter(contract__in=contracts, status=GiveBack.Status.ASKED)
    for giveback in asked.select_related("escrow__policy").order_by("answer_due_at", "pk"):
        if giveback.state == GiveBack.Status.ASKED:
            found.setdefault(giveback.contract_id, []).append(giveback)
    return found


def returnable(contract: Contract) -> QuerySet[Escrow]:
    """What of this contract has ended and was released, and can still be given back."""
    since = now() - timedelta(days=contract.policy.giveback_days)
    found = Escrow.objects.filter(
        book=contract.public_id, closed_at__gt=since, released__gt=F("given_back")
    )
    return found.select_related("policy").order_by("closed_at", "pk")


def escrow_id_of(contract: Contract, public_id: str) -> int:
    """What of this contract is meant; 0 where it is nothing of it."""
    found = Escrow.objects.filter(book=contract.public_id, public_id=public_id)
    return found.values_list("pk", flat=True).first() or 0


def open_steps(giveback: GiveBack, role: str | None) -> list[str]:
    """What somebody of this role can do right now, in the table's order."""
    return LIFECYCLE.open_to(role, giveback.state)


def overdue_ids(*, late_by: timedelta = timedelta(0), limit: int) -> list[int]:
    """Asked for, and not answered in time."""
    due = GiveBack.objects.filter(
        status=GiveBack.Status.ASKED, answer_due_at__lte=now() - late_by
    ).order_by("answer_due_at")
    return list(due.values_list("pk", flat=True)[:limit])
