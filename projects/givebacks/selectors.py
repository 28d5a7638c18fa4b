"""What went back after release: who may see which, and what can still be given back."""

from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import F, Q, QuerySet

from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from payments.escrow.models import Escrow
from projects.contracts.models import Contract
from projects.contracts.selectors import contracts_of
from projects.givebacks.models import LIFECYCLE, GiveBack

S = GiveBack.Status


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


def desk_givebacks(user: User) -> QuerySet[GiveBack]:
    """All of them, for finance and for support to read; for others there are none."""
    if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        return GiveBack.objects.none()
    return GiveBack.objects.select_related(
        "contract__client", "contract__freelancer", "escrow__policy", "escrow__payee", "made_by"
    ).order_by("-created_at", "-id")


def narrowed(
    givebacks: QuerySet[GiveBack], *, status: str = "", words: str = ""
) -> QuerySet[GiveBack]:
    """Those in this state, as people see it, and of these ``words``: the public id of one, of its
    contract or of what was paid for, or a part of a title or a name. Empty words leave nothing out.

    Raises InvalidInput for a state that there is not.
    """
    if status and status not in S.values:
        raise InvalidInput(f"The status is one of {', '.join(S.values)}.", param="status")
    is_over = Q(status=S.ASKED, answer_due_at__lte=now())
    if status == S.LAPSED:
        givebacks = givebacks.filter(Q(status=status) | is_over)
    elif status:
        givebacks = givebacks.filter(status=status).exclude(is_over)
    if words := words.strip()[:200]:
        ids = Q(public_id=words) | Q(contract__public_id=words) | Q(escrow__public_id=words)
        names = Q(contract__client__name__icontains=words) | Q(
            contract__freelancer__name__icontains=words
        )
        givebacks = givebacks.filter(ids | names | Q(escrow__title__icontains=words))
    return givebacks


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
