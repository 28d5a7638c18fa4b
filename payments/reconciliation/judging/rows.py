"""Our rows beside the provider's."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from payments.chargebacks.selectors import booked_withdrawals
from payments.fundings.models import Payment
from payments.gateway.base import (
    RemoteCharge,
    RemoteMovement,
    RemotePayout,
    RemoteRefund,
    RemoteTransfer,
)
from payments.gateway.reading import RETURNED
from payments.incoming.selectors import own_funds_key
from payments.ledger.models import Transfer
from payments.payouts.models import Payout, PayoutAttempt
from payments.refunds.models import Refund


@dataclass
class Rows:
    """Our rows for what one page shows: a handful of queries, however long the page."""

    payments: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    payouts: dict[str, Payout] = field(default_factory=dict)
    attempts: dict[str, PayoutAttempt] = field(default_factory=dict)
    booked: set[str] = field(default_factory=set)
    withdrawals: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, movements: Iterable[RemoteMovement]) -> "Rows":
        """By their ids at the provider, and by the names that we gave them there."""
        movements = list(movements)
        things = [one.of for one in movements if one.of is not None]
        rows = cls()
        charges = [one for one in things if isinstance(one, RemoteCharge)]
        refunds = [one for one in things if isinstance(one, RemoteRefund)]
        charge_ids = {one.remote_id for one in charges} | {one.charge_id for one in refunds}
        names = {one.payment for one in charges}
        for payment in _either(Payment, charge_id=charge_ids, public_id=names):
            rows.payments |= {payment.charge_id: payment, payment.public_id: payment}
        names = {one.refund for one in refunds}
        for refund in _either(Refund, remote_id={o.remote_id for o in refunds}, public_id=names):
            rows.refunds |= {refund.remote_id: refund, refund.public_id: refund}
        transfers = [one for one in things if isinstance(one, RemoteTransfer)]
        names = {one.payout for one in transfers}
        ids = {one.remote_id for one in transfers}
        for payout in _either(Payout, transfer_id=ids, public_id=names):
            rows.payouts |= {payout.transfer_id: payout, payout.public_id: payout}
        ids = {one.remote_id for one in things if isinstance(one, RemotePayout)}
        attempts = PayoutAttempt.objects.filter(remote_id__in=ids).select_related("payout")
        rows.attempts = {attempt.remote_id: attempt for attempt in attempts}
        # What is of no deed of ours, and what the platform paid out to itself.
        ownable = (one for one in movements if one.of is None or isinstance(one.of, RemotePayout))
        keys = [own_funds_key(one) for one in ownable]
        rows.booked = set(Transfer.objects.filter(key__in=keys).values_list("key", flat=True))
        rows.withdrawals = booked_withdrawals(
            one.remote_id for one in movements if one.of is None or one.kind == RETURNED
        )
        named: list[dict[str, Any]] = [rows.payments, rows.refunds, rows.payouts]
        for found in named:
            found.pop("", None)
        return rows


def _either(model: type[Model], **wanted: set[str]) -> list[Any]:
    """Rows by one field or another: two look-ups by index instead of a scan."""
    found: dict[int, Model] = {}
    for name, values in wanted.items():
        rows = (
            model._default_manager.filter(**{f"{name}__in": values - {""}}) if values - {""} else ()
        )
        found |= {row.pk: row for row in rows}
    return list(found.values())
