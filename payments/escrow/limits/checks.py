"""Proof that held money goes back before the provider may hold it no longer, and not sooner."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import OuterRef, Value

from payments.escrow.backing.selectors import Backing, Origin, backing_of, backing_with
from payments.escrow.models import Escrow, Roll
from payments.fundings.models import Payment
from payments.fundings.selectors import payments_for
from payments.ledger import chart
from payments.ledger.selectors import standing_in

CHUNK = 1_000


def held_money_is_held_no_longer_than_it_may() -> list[str]:
    """The limit of what is held counts from a payment that stands behind it: no later one than the
    first of which anything is held, a bank's that came back included, and no earlier one than ever
    was. Who lives in another country since is counted anew by a sweep, and not looked at before.
    """
    findings = []
    for escrow, backing in _held():
        latest = _limit(escrow, backing.held_since(escrow))
        if latest is None:
            continue  # all that is held is the platform's own
        if escrow.limit_at is None or escrow.limit_at > latest:
            findings.append(
                f"{escrow} would be held until {escrow.limit_at}; the provider holds it until "
                f"{latest}."
            )
        elif escrow.limit_at < _limit(escrow, min(_paid(backing))):
            findings.append(f"{escrow} would go back at {escrow.limit_at}, before any limit.")
    return findings


def _held() -> Iterator[tuple[Escrow, Backing]]:
    """Each escrow with money in it, and what stands behind that."""
    rolled_into = set(Roll.objects.values_list("target__public_id", flat=True))
    held = (
        Escrow.objects.select_related("policy", "payee__connected_account")
        .annotate(stands=standing_in(Value(chart.escrow("")), OuterRef("public_id")))
        .filter(status=Escrow.Status.HELD, stands__gt=0)
        .exclude(payee__connected_account__country_due_at__isnull=False)
        .order_by("pk")
    )
    chunk: list[Escrow] = []
    for escrow in held.iterator(chunk_size=CHUNK):
        chunk.append(escrow)
        if len(chunk) == CHUNK:
            yield from _backed(chunk, rolled_into)
            chunk = []
    yield from _backed(chunk, rolled_into)


def _backed(chunk: list[Escrow], rolled_into: set[str]) -> Iterator[tuple[Escrow, Backing]]:
    own: dict[str, list[Payment]] = {escrow.public_id: [] for escrow in chunk}
    for payment in payments_for(own):
        own[payment.paid_for].append(payment)
    for escrow in chunk:
        name = escrow.public_id
        if name in rolled_into:
            yield escrow, backing_of(name)
        else:
            yield escrow, backing_with({name: Origin(name)}, own[name])


def _paid(backing: Backing) -> Iterator[datetime]:
    for origin in backing.origins.values():
        for payment in origin.payments:
            assert payment.paid_at
            yield payment.paid_at


def _limit(escrow: Escrow, paid_at: datetime | None) -> datetime | None:
    account = getattr(escrow.payee, "connected_account", None)
    days = escrow.policy.holding_days_in(account.country if account else "")
    return paid_at and paid_at + timedelta(days=days)


CHECKS = [held_money_is_held_no_longer_than_it_may]
