"""Every payout, and who cannot be paid out, for whoever keeps the money to find."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, Min, OuterRef, Q, QuerySet, Subquery, Sum

from accounts.parties.models import Party
from accounts.parties.selectors import party_ids_of
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.errors import InvalidInput
from payments.payees.models import ConnectedAccount
from payments.payouts.models import LIFECYCLE, Earning, Payout

_UNPAID = Earning.objects.filter(payout=None, recovery=None)


def desk_payouts(user: User) -> QuerySet[Payout]:
    """All of them, for finance and for support to read; for others there are none."""
    if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        return Payout.objects.none()
    return Payout.objects.select_related("party__connected_account").order_by("-pk")


def cancellable_payouts(user: User) -> QuerySet[Payout]:
    """Those of them that can be taken back, and that nobody has asked to be; not their own, which
    is no work of the desk's.
    """
    waits = LIFECYCLE.steps["cancel"].source
    others = desk_payouts(user).exclude(party__in=party_ids_of(user))
    return others.filter(status__in=waits, cancel_wished_at=None)


def narrowed(payouts: QuerySet[Payout], *, status: str = "", words: str = "") -> QuerySet[Payout]:
    """Those in this state, and of these ``words``: the public id of one or of its payee, its id at
    the provider, or a part of the payee's name. Empty words leave nothing out.

    Raises InvalidInput for a state that there is not.
    """
    if status and status not in Payout.Status.values:
        raise InvalidInput(
            f"The status is one of {', '.join(Payout.Status.values)}.", param="status"
        )
    if status:
        payouts = payouts.filter(status=status)
    if words := words.strip()[:200]:
        ids = Q(public_id=words) | Q(party__public_id=words) | Q(transfer_id=words)
        payouts = payouts.filter(ids | Q(party__name__icontains=words))
    return payouts


def payees_not_set_up(user: User) -> QuerySet[Party]:
    """Who has earned and cannot be paid out, for want of a finished account, whoever has waited
    longest first; for finance, and for support to read. ``since`` is when they first earned of it,
    and ``held_until`` when the provider's time to hold the first of it ends.
    """
    if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        return Party.objects.none()
    ready = ConnectedAccount.objects.filter(
        party=OuterRef("pk"), status=ConnectedAccount.Status.ACTIVE
    )
    theirs = _UNPAID.filter(party=OuterRef("pk")).order_by().values("party")
    since, until = (theirs.annotate(first=Min(time)) for time in ("earned_at", "limit_at"))
    return (
        Party.objects.filter(~Exists(ready), pk__in=_UNPAID.values("party"))
        .annotate(since=Subquery(since.values("first")), held_until=Subquery(until.values("first")))
        .select_related("connected_account")
        .order_by("since", "id")
    )


def with_unpaid(parties: Iterable[Party]) -> list[Party]:
    """Each with ``waits``: what they have earned and not got, a sum of each currency; one query."""
    found = list(parties)
    sums = _UNPAID.filter(party__in=found).order_by("currency").values("party", "currency")
    waits: dict[int, list[Any]] = {}
    for row in sums.annotate(amount=Sum("amount")):
        waits.setdefault(row["party"], []).append(row)
    for party in found:
        party.waits = waits.get(party.pk, [])  # type: ignore[attr-defined]
    return found
