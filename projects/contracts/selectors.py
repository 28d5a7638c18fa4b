"""Who may see which contracts: its two sides, and nobody else."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from accounts.holds.models import Hold
from accounts.holds.selectors import standing
from accounts.parties.selectors import party_ids_of
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from marketplace.common.lifecycle import CLIENT, FREELANCER
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from projects.contracts.models import Agreement, Contract, Event

SIDES = (CLIENT, FREELANCER)


def contracts_of(user: User | AnonymousUser) -> QuerySet[Contract]:
    """The contracts on which this person may act for a side, newest first."""
    parties = party_ids_of(user)
    suspensions = standing(Hold.Kind.PERSON).filter(closes_at__gt=now())
    return (
        Contract.objects.filter(Q(client__in=parties) | Q(freelancer__in=parties))
        .annotate(
            client_is_suspended=Exists(suspensions.filter(party=OuterRef("client"))),
            freelancer_is_suspended=Exists(suspensions.filter(party=OuterRef("freelancer"))),
        )
        .select_related("client", "freelancer", "policy", "posting", "bid")
        .defer("posting__search", "posting__description", "bid__letter", "bid__plan")
        .order_by("-created_at", "-id")
    )


def accountable_contracts(user: User | AnonymousUser) -> QuerySet[Contract]:
    """Those whose books this person may read: their own; all of them for who keeps the books."""
    if staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        return Contract.objects.select_related("client", "freelancer", "policy")
    return contracts_of(user)


def desk_contracts(user: User, *, words: str = "") -> QuerySet[Contract]:
    """All of them, the newest first, for whoever keeps the books: of these ``words``, the public id
    of one, of its milestones' money or of a payment, or a part of a title or a name.
    """
    if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        return Contract.objects.none()
    found = accountable_contracts(user).order_by("-created_at", "-id")
    if words := words.strip()[:200]:
        names = Q(client__name__icontains=words) | Q(freelancer__name__icontains=words)
        books = Escrow.objects.filter(
            Q(public_id=words)
            | Q(public_id__in=Payment.objects.filter(public_id=words).values("paid_for"))
        )
        ids = Q(public_id=words) | Q(public_id__in=books.values("book"))
        found = found.filter(ids | names | Q(title__icontains=words))
    return found


def filtered(user: User | AnonymousUser, *, side: str = "", status: str = "") -> QuerySet[Contract]:
    """Their contracts on which they are this side, in this state; empty words leave nothing out.

    Raises InvalidInput for a side or a state that there is not.
    """
    found, parties = contracts_of(user), party_ids_of(user)
    if side and side not in SIDES:
        raise InvalidInput("The side is client or freelancer.", param="side")
    if status and status not in Contract.Status.values:
        states = ", ".join(Contract.Status.values)
        raise InvalidInput(f"The status is one of {states}.", param="status")
    if side:
        found = found.filter(**{f"{side}__in": parties})
    return found.filter(status=status) if status else found


def with_price(contracts: QuerySet[Contract]) -> QuerySet[Contract]:
    """The contracts with ``price``, in minor units, read from the wording in force."""
    wording = (
        Agreement.objects.filter(contract=OuterRef("pk"))
        .order_by("-version")
        .annotate(wording=Cast("body", JSONField()))
        .annotate(agreed_price=Cast(KT("wording__price"), BigIntegerField()))
    )
    return contracts.annotate(price=Subquery(wording.values("agreed_price")[:1]))


def completed_counts(party_ids: Iterable[int]) -> dict[int, int]:
    """How many contracts each of these parties has brought to their end as the freelancer."""
    done = Contract.objects.filter(freelancer__in=set(party_ids), status=Contract.Status.COMPLETED)
    counts = done.order_by().values_list("freelancer").annotate(count=Count("pk"))
    return dict(counts.values_list("freelancer", "count"))


def timeline_of(contract: Contract) -> QuerySet[Event]:
    """What happened, oldest first."""
    return contract.events.select_related("by").order_by("created_at", "id")


def agreement_of(contract: Contract) -> Agreement:
    """The wording in force: the newest."""
    return contract.agreements.latest("version")


def agreement_asked_for(contract: Contract, version: str) -> Agreement | None:
    """That version as it was signed, by what somebody wrote; without one, the wording in force."""
    found = contract.agreements.select_related("seal", "client_signer", "freelancer_signer")
    if not version:
        return found.latest("version")
    number = int(version) if version.isdecimal() and len(version) < 5 else 0
    return found.filter(version=number).first()


def page_of(contract: Contract) -> str:
    """Where the contract is shown; every notice about it leads there."""
    return f"/contracts/{contract.public_id}/"
