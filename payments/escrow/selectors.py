"""Where the money of a piece of work is."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, OuterRef, Subquery, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from payments.escrow.models import Escrow, Part
from payments.fundings.models import OPEN, Payment
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payees.models import ConnectedAccount
from payments.payouts.models import Earning


def held_in(escrow: Escrow) -> int:
    """What is held right now, the payer's fee included, in minor units."""
    return balance_of(chart.escrow(escrow.public_id))


def limit_of(escrow: Escrow, *, paid_at: datetime) -> datetime:
    """Until when the provider holds what was paid then, by the payee's country."""
    account = ConnectedAccount.objects.filter(party=escrow.payee_id).first()
    days = escrow.policy.holding_days_in(account.country if account else "")
    return paid_at + timedelta(days=days)


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
