"""Where the money of a piece of work is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, OuterRef, Subquery, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from payments.escrow.division import Shares
from payments.escrow.models import Escrow, Part, Roll
from payments.fundings.models import OPEN, Payment
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import balance_of
from payments.payees.selectors import country_of
from payments.payouts.models import Earning

# The deeds that close an escrow which held money, as their keys name them: each has one of these.
_CLOSING = ("release", "refund", "split", "last")


@dataclass(frozen=True)
class Closing:
    """What the deed that closed an escrow has divided, by the books.

    ``refunds`` are the public ids of those that bring the payer's share.
    """

    shares: Shares
    refunds: tuple[str, ...]


def held_in(escrow: Escrow) -> int:
    """What is held right now, the payer's fee included, in minor units."""
    return balance_of(chart.escrow(escrow.public_id))


def limit_of(escrow: Escrow, *, paid_at: datetime) -> datetime:
    """Until when the provider holds what was paid then, by the payee's country."""
    days = escrow.policy.holding_days_in(country_of(escrow.payee_id))
    return paid_at + timedelta(days=days)


def origins_of_each(names: Iterable[str]) -> dict[str, list[str]]:
    """Each of these escrows, and after it those whose rest was rolled into it, on whatever way.

    By public id. One query where nothing was rolled, another for each step of the way.
    """
    found = {name: [name] for name in names}
    heirs: dict[str, list[str]] = {name: [name] for name in found}  # whose origins it is
    while heirs:
        rolls = Roll.objects.filter(target__public_id__in=list(heirs)).order_by("pk")
        further: dict[str, list[str]] = {}
        for source, target in rolls.values_list("source__public_id", "target__public_id"):
            further[source] = heirs[target]
            for heir in heirs[target]:
                found[heir].append(source)
        # One that was asked for itself may be an origin of another, too.
        heirs = further
    return found


def ways_of(names: Iterable[str]) -> dict[str, list[Roll]]:
    """The rolls by which money paid into each of these has gone on, in order, by public id."""
    found: dict[str, list[Roll]] = {name: [] for name in names}
    ends: dict[str, list[str]] = {name: [name] for name in found}
    while ends:
        rolls = Roll.objects.filter(source__public_id__in=list(ends)).order_by("pk")
        further: dict[str, list[str]] = {}
        for roll in rolls.select_related("source", "target"):
            for name in ends[roll.source.public_id]:
                found[name].append(roll)
                further.setdefault(roll.target.public_id, []).append(name)
        ends = further
    return found


def heir_of(name: str) -> str:
    """Where the money paid into this escrow is, or was last: itself where it was never rolled."""
    way = ways_of([name])[name]
    return way[-1].target.public_id if way else name


def open_payments_of_each(escrows: Iterable[Escrow]) -> dict[str, Payment]:
    """The payments that wait for their payer, by the public id of the escrow they fill."""
    names = [escrow.public_id for escrow in escrows if escrow.status in Escrow.LIVE]
    found = Payment.objects.filter(paid_for__in=names, status__in=OPEN)
    return {payment.paid_for: payment for payment in found}


def earnings_of_each(escrows: Iterable[Escrow]) -> dict[str, list[Earning]]:
    """What each escrow brought its payee, part by part, by its public id; those that brought
    nothing are out.
    """
    found: dict[str, list[Earning]] = {}
    names = [escrow.public_id for escrow in escrows if escrow.released]
    for earning in Earning.objects.filter(earned_by__in=names).order_by("pk"):
        found.setdefault(earning.earned_by, []).append(earning)
    return found


def last_released(escrow: str) -> Combinable:
    """For annotations: what of the price its last release brought, by the path to an escrow."""
    parts = Part.objects.filter(escrow=OuterRef(escrow)).order_by().values("escrow")
    before = Subquery(parts.annotate(total=Sum("amount")).values("total"))
    return F(f"{escrow}__released") - Coalesce(before, Value(0))


def closings_of_each(names: Iterable[str]) -> dict[str, Closing]:
    """How each of these escrows was closed, by public id, in one query.

    What went back by another deed, before or after, is not in it. Those that are open, or held
    nothing in the end, are out.
    """
    keys = {key: name for name in names for key in closing_keys_of(name)}
    moves: dict[str, list[Transfer]] = {}
    for move in Transfer.objects.filter(key__in=keys).select_related("target").order_by("id"):
        moves.setdefault(keys[move.key], []).append(move)
    return {name: _closing_of(found) for name, found in moves.items()}


def closing_keys_of(name: str) -> list[str]:
    """The keys of the ledger of which one is that of the deed that closed this escrow; by its
    public id.
    """
    return [f"{name}:{deed}" for deed in _CLOSING]


def closing_of(escrow: Escrow) -> Closing | None:
    """How it was closed; None while it is open, or where it held nothing in the end."""
    return closings_of_each([escrow.public_id]).get(escrow.public_id)


def _closing_of(moves: list[Transfer]) -> Closing:
    def sum_of(kind: str) -> int:
        return sum(move.amount for move in moves if move.kind == kind)

    shares = Shares(
        payee=sum_of("release"),
        payee_fee=sum_of("freelancer_fee"),
        payer_fee=sum_of("client_fee"),
        payer=sum_of("refund"),
    )
    back = [move.target.key for move in moves if move.kind == "refund"]
    return Closing(shares, tuple(key.removeprefix(chart.leaving("")) for key in back))
