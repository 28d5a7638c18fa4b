"""Chargebacks: which are open, on what, and which are to be looked after."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, Min, OuterRef, QuerySet, Sum

from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from payments.chargebacks.models import (
    ASKED,
    CONTESTED,
    Chargeback,
    ChargebackMovement,
    ChargebackNews,
    ChargebackShare,
)
from payments.escrow.clawback import Elsewhere, Taken
from payments.escrow.models import Escrow, Roll
from payments.escrow.selectors import origins_of_each, ways_of
from payments.refunds.covering.services import STANDING
from payments.refunds.models import Refund


def has_open_chargeback(escrow: Escrow) -> bool:
    """Whether a payer's bank wants money of it back and nothing is decided yet; no inquiry does."""
    if "_is_contested" in vars(escrow):
        return vars(escrow)["_is_contested"]
    paid_for = origins_of_each([escrow.public_id])[escrow.public_id]
    return Chargeback.objects.filter(payment__paid_for__in=paid_for, status__in=CONTESTED).exists()


def look_for_open_chargebacks(escrows: Sequence[Escrow]) -> None:
    """Ask for many at once, in a few queries: ``has_open_chargeback`` then knows it of each."""
    origins = origins_of_each(escrow.public_id for escrow in escrows)
    asked = {name for names in origins.values() for name in names}
    contested = set(
        Chargeback.objects.filter(payment__paid_for__in=asked, status__in=CONTESTED).values_list(
            "payment__paid_for", flat=True
        )
    )
    for escrow in escrows:
        vars(escrow)["_is_contested"] = not contested.isdisjoint(origins[escrow.public_id])


def contested_ids() -> list[str]:
    """The public ids of the escrows with an open chargeback, to be left out of a query: those that
    were paid for, and those into which their money has gone on.
    """
    contested = Chargeback.objects.filter(status__in=CONTESTED)
    ways = ways_of(contested.values_list("payment__paid_for", flat=True))
    further = {roll.target.public_id for way in ways.values() for roll in way}
    return sorted(further | set(ways))


@dataclass(frozen=True)
class RolledOn:
    """One step of the way that a payment's money went on, and how much of what went on by it banks
    have, in minor units.
    """

    roll: Roll
    taken_back: int


def rolled_on(chargeback: Chargeback) -> list[RolledOn]:
    """The steps of the way of its payment's money, in order."""
    paid_for = chargeback.payment.paid_for
    way = ways_of([paid_for])[paid_for]
    before = origins_of_each(roll.source.public_id for roll in way)
    names = {name for of in before.values() for name in of}
    shares = list(
        ChargebackShare.objects.filter(movement__chargeback__payment__paid_for__in=names)
        .order_by()
        .values_list("movement__chargeback__payment__paid_for", "escrow__public_id")
        .annotate(taken=Sum(F("held") + F("released")))
    )
    found = []
    for roll in way:
        here = before[roll.source.public_id]
        beyond = [taken for paid, at, taken in shares if paid in here and at not in here]
        found.append(RolledOn(roll, sum(beyond)))
    return found


def chargebacks_of_each(escrows: Iterable[Escrow]) -> dict[str, list[Chargeback]]:
    """Those that concern these escrows, by their public id, oldest first: inquiries are out, since
    they change nothing for either side. Also those of payments whose money was rolled there.
    """
    origins = origins_of_each(escrow.public_id for escrow in escrows)
    concerning = (
        Chargeback.objects.filter(payment__paid_for__in={n for of in origins.values() for n in of})
        .exclude(status=Chargeback.Status.INQUIRY)
        .select_related("payment")
        .prefetch_related("movements")
        .order_by("opened_at", "pk")
    )
    by_paid_for: dict[str, list[Chargeback]] = {}
    for one in concerning:
        by_paid_for.setdefault(one.payment.paid_for, []).append(one)
    found = {}
    for name, paid_for in origins.items():
        if its := [one for origin in paid_for for one in by_paid_for.get(origin, [])]:
            found[name] = sorted(its, key=lambda one: (one.opened_at, one.pk))
    return found


def standing_of(chargeback: Chargeback, *, without: ChargebackMovement | None = None) -> Taken:
    """What the bank has of it now, and where it came from; ``without`` one of its movements."""
    parts = ("refunds", "held", "released", "owed", "lost")
    counted = chargeback.movements.exclude(pk__in=[without.pk] if without else [])
    sums = counted.aggregate(**{part: Sum(part, default=0) for part in parts})
    shares = ChargebackShare.objects.filter(movement__in=counted).values("escrow")
    elsewhere = shares.annotate(
        h=Sum("held"), r=Sum("released"), o=Sum("owed"), first=Min("pk")
    ).order_by("first")
    return Taken(
        **sums,
        elsewhere=tuple(Elsewhere(*one) for one in elsewhere.values_list("escrow", "h", "r", "o")),
    )


def has_now(chargeback: Chargeback) -> Taken:
    """The same from movements that were fetched with it: no query."""
    movements = list(chargeback.movements.all())
    return Taken(
        **{
            part: sum(getattr(movement, part) for movement in movements)
            for part in ("refunds", "held", "released", "owed", "lost")
        }
    )


def to_be_answered() -> QuerySet[Chargeback]:
    """For the desk, the first to fall due first."""
    asked = Chargeback.objects.filter(status__in=ASKED, answered_at=None)
    return asked.select_related("payment__payer").order_by("due_at", "pk")


def desk_chargebacks(user: User) -> QuerySet[Chargeback]:
    """For finance, and for support to read, with all that moved; for others there are none."""
    if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        return Chargeback.objects.none()
    found = Chargeback.objects.select_related("payment__payer", "answered_by")
    return found.prefetch_related("movements")


def due_chargeback_ids(at: datetime, *, limit: int) -> list[int]:
    """To be asked about: of some no letter comes, and some wait for our answer to arrive. First
    those that cover a refund since: the payer would wait for what they have.
    """
    late = list(
        late_covers(Refund.objects.all()).order_by("pk").values_list("pk", flat=True)[:limit]
    )
    due = Chargeback.objects.filter(next_check_at__lte=at).exclude(pk__in=late)
    due_ids = due.order_by("next_check_at").values_list("pk", flat=True)
    return late + list(due_ids[: limit - len(late)])


def late_covers(refunds: QuerySet[Refund]) -> QuerySet[Chargeback]:
    """By which payers have what these refunds were to bring them: each was made before the bank
    took the money, and was refused since.
    """
    waiting = refunds.filter(
        STANDING, payment=OuterRef("chargeback__payment"), created_at__lte=OuterRef("booked_at")
    )
    taken = ChargebackMovement.objects.filter(
        Exists(waiting), chargeback=OuterRef("pk"), amount__gt=0
    )
    frozen = Chargeback.objects.filter(Exists(taken), payment__charged_back_at__isnull=False)
    has = Sum(F("movements__released") + F("movements__lost"))
    return frozen.annotate(has=has).filter(has__gt=0)


def booked_withdrawals(remote_ids: Iterable[str]) -> set[str]:
    """Which of these movements of the provider's balance are in our books as a chargeback's."""
    booked = ChargebackMovement.objects.filter(remote_id__in=list(remote_ids))
    return set(booked.values_list("remote_id", flat=True))


def untold_news_ids(*, limit: int) -> list[int]:
    """What banks did and nobody has told of yet, in the order in which it happened."""
    untold = ChargebackNews.objects.filter(told_at=None).order_by("pk")
    return list(untold.values_list("pk", flat=True)[:limit])
