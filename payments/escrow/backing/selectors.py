"""Which payments stand behind the money of an escrow: its own, and of what was rolled into it.

Each payment is first for what it was paid for. Only what is not needed there, for what is held
and what stays released, has gone on by the roll, and nothing takes more by that way than that. So
whatever is refunded or taken back, in whatever order, leaves every other deed the money it needs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from payments.escrow.clawback import cost
from payments.escrow.models import Escrow, Roll
from payments.fundings.models import Payment
from payments.fundings.selectors import payments_for
from payments.ledger import chart
from payments.ledger.selectors import balances_of


@dataclass
class Origin:
    """An escrow whose payments stand behind another one's money; the other one itself is the first.

    ``into`` is the next one on the way there. ``passes`` is how much of what was paid up to here
    has gone on by that way and was not taken back, in minor units.
    """

    name: str
    into: "Origin | None" = None
    payments: list[Payment] = field(default_factory=list)
    passes: int = 0

    @property
    def way(self) -> "list[Origin]":
        """What a payment's money has gone through before it is there, from here on."""
        return [self, *self.into.way] if self.into else []


@dataclass
class Backing:
    """All the origins of one escrow's money by public id, nearest first; the first is its own."""

    origins: dict[str, Origin]

    @property
    def total(self) -> int:
        """All that can leave it, and what of it has been released can be taken back, together."""
        (own, *further) = self.origins.values()
        near = [origin.passes for origin in further if origin.into is own]
        return left_of(own.payments) + sum(near)

    @property
    def paid_since(self) -> datetime | None:
        """When the first payment was made of which anything is left; None where nothing is."""
        payments = [one for origin in self.origins.values() for one in origin.payments]
        return min((_paid_at(one) for one in payments if one.left), default=None)

    def held_since(self, escrow: Escrow) -> datetime | None:
        """When the first payment was made of which anything is held here; None where nothing is.

        What was paid first is released first, so what is held is of the newest. What the platform
        has put in itself, for refunds made behind our back, is of no payment.
        """
        wanted = self.total - needed_for(escrow, held=0)
        passes = {name: origin.passes for name, origin in self.origins.items()}
        pairs = [(origin, one) for origin in self.origins.values() for one in origin.payments]
        since = None
        for origin, payment in sorted(pairs, key=lambda pair: _paid_at(pair[1]), reverse=True):
            part = min([wanted, payment.left, *(passes[one.name] for one in origin.way)])
            if part > 0:
                wanted, since = wanted - part, payment.paid_at
                for one in origin.way:
                    passes[one.name] -= part
        return since

    def parts_of(self, amount: int) -> list[tuple[Payment, int]]:
        """From which payments so much is given back: less than that where there is not as much.

        Its own first, then the nearest, each newest first; what a bank wants comes last, since
        nothing is refunded of it while that is so.
        """
        found = []
        for origin, payment in self._in_order():
            part = within(origin.way, min(amount, payment.left))
            if part > 0:
                count(origin.way, part)
                found.append((payment, part))
                amount -= part
        return found

    def _in_order(self) -> list[tuple[Origin, Payment]]:
        pairs = [(origin, one) for origin in self.origins.values() for one in origin.payments]
        return sorted(pairs, key=lambda pair: pair[1].charged_back_at is not None)


def _paid_at(payment: Payment) -> datetime:
    assert payment.paid_at, "only what was paid stands behind anything"
    return payment.paid_at


def within(way: Iterable[Origin], wanted: int) -> int:
    """Of what is wanted, as much as has gone on by this way."""
    return min([wanted, *(origin.passes for origin in way)])


def count(way: Iterable[Origin], part: int) -> None:
    """So much of what has gone on by this way has been taken."""
    for origin in way:
        origin.passes -= part


def backing_of(name: str) -> Backing:
    """As it stands; whoever changes anything holds the locks, and reads ``origins_of`` first."""
    origins = origins_of(name)
    return backing_with(origins, payments_for(origins))


def origins_of(name: str) -> dict[str, Origin]:
    """Where the money of this escrow has come from, nearest first, without its payments."""
    found = {name: Origin(name)}
    level = [name]
    while level:
        rolls = Roll.objects.filter(target__public_id__in=level).order_by("pk")
        further = list(rolls.values_list("source__public_id", "target__public_id"))
        found |= {source: Origin(source, into=found[target]) for source, target in further}
        level = [source for source, _ in further]
    return found


def backing_with(origins: dict[str, Origin], payments: Iterable[Payment]) -> Backing:
    """Put the payments where they were paid, and find what of them has gone on."""
    for payment in payments:
        origins[payment.paid_for].payments.append(payment)
    (_, *further) = origins.values()
    needs = _needs([origin.name for origin in further]) if further else {}
    came = dict.fromkeys(origins, 0)
    for origin in reversed(further):
        assert origin.into
        there = came[origin.name] + left_of(origin.payments)
        # Less than nothing where the platform has borne what was refunded behind our back.
        origin.passes = max(0, there - needs[origin.name])
        came[origin.into.name] += origin.passes
    return Backing(origins)


def left_of(payments: Iterable[Payment]) -> int:
    return sum(payment.left for payment in payments)


def needed_for(escrow: Escrow, *, held: int) -> int:
    """What payments have to stand behind: what is held, and what released money has cost."""
    return held + cost(escrow.kept, escrow.policy) - escrow.clawed_back


def _needs(names: list[str]) -> dict[str, int]:
    held = balances_of(chart.escrow(name) for name in names)
    escrows = Escrow.objects.select_related("policy").filter(public_id__in=names)
    return {
        escrow.public_id: needed_for(escrow, held=held.get(chart.escrow(escrow.public_id), 0))
        for escrow in escrows
    }
