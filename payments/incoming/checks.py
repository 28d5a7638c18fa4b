"""All proofs about money, gathered, and those that look into several rooms."""

from django.db.models import Count, Exists, F, Func, Model, OuterRef, Q, TextField, Value

from payments.chargebacks.checks import CHECKS as CHARGEBACKS
from payments.chargebacks.models import Chargeback
from payments.escrow.adjusting.checks import CHECKS as ADJUSTMENTS
from payments.escrow.backing.checks import CHECKS as BACKING
from payments.escrow.checks import CHECKS as ESCROW
from payments.escrow.givebacks.checks import CHECKS as GIVEBACKS
from payments.escrow.limits.checks import CHECKS as LIMITS
from payments.fundings.checks import CHECKS as FUNDINGS
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.checks import CHECKS as LEDGER
from payments.ledger.models import LedgerAccount, Transfer
from payments.payouts.checks import CHECKS as PAYOUTS
from payments.payouts.checks import nothing_earned_is_past_its_limit
from payments.payouts.models import Payout, PayoutAttempt
from payments.refunds.checks import CHECKS as REFUNDS
from payments.refunds.models import Refund

# The rows that name an object of the provider, and the column that does.
NAMED: list[tuple[type[Model], str]] = [
    (Payment, "charge_id"),
    (Refund, "remote_id"),
    (Payout, "transfer_id"),
    (Payout, "reversal_id"),
    (PayoutAttempt, "remote_id"),
]


def each_object_of_the_provider_is_of_one_of_ours() -> list[str]:
    """No charge, refund, transfer, reversal or bank payout counts for two rows."""
    findings = []
    for model, name in NAMED:
        rows = model._default_manager.exclude(**{name: ""}).order_by().values(name)
        twice = rows.annotate(times=Count("pk")).filter(times__gt=1).order_by(name)
        findings += [
            f"{row[name]} is named by {row['times']} {model._meta.verbose_name_plural}."
            for row in twice
        ]
    return findings


def what_came_and_went_has_its_object() -> list[str]:
    """Money of others crosses to the provider and back as a payment, a refund, a payout or a
    chargeback that we know.
    """
    border, ours = Q(source__key__startswith="provider:"), Q(source__key__startswith="platform:")
    border |= Q(target__key__startswith="provider:")
    ours |= Q(target__key__startswith="platform:")
    name = OuterRef("name")
    strange = (
        Transfer.objects.filter(border)
        .exclude(ours)
        .annotate(name=_part("key", 1))
        .exclude(
            Exists(Payment.objects.filter(public_id=name))
            | Exists(Refund.objects.filter(public_id=name))
            | Exists(Payout.objects.filter(public_id=name))
            | Exists(Chargeback.objects.filter(public_id=name))
        )
    )
    return [
        f"{transfer} ({transfer.kind}) is no payment, refund, payout or chargeback of ours."
        for transfer in strange.order_by("pk")
    ]


def nothing_is_on_its_way() -> list[str]:
    """When all is quiet: what was asked of the provider has arrived, but for failed refunds, which
    stand on the desk's list.
    """
    failed = Refund.objects.filter(
        public_id=OuterRef("name"), status=Refund.Status.FAILED, next_check_at=None
    )
    waiting = (
        LedgerAccount.objects.filter(key__startswith=chart.leaving(""), balance__gt=0)
        .annotate(name=_part("key", 2))
        .exclude(Exists(failed))
    )
    return [
        f"{account.balance} {account.currency} still stand in {account.key}."
        for account in waiting.order_by("key")
    ]


def _part(field: str, number: int) -> Func:
    return Func(F(field), Value(":"), number, function="split_part", output_field=TextField())


CHECKS = [
    *LEDGER,
    *ESCROW,
    *BACKING,
    *LIMITS,
    *GIVEBACKS,
    *ADJUSTMENTS,
    *FUNDINGS,
    *REFUNDS,
    *PAYOUTS,
    *CHARGEBACKS,
    each_object_of_the_provider_is_of_one_of_ours,
    what_came_and_went_has_its_object,
]
# Only where nothing more is expected to happen.
# What becomes free to be paid out is on its way with the next sweep.
WHEN_QUIET = [nothing_is_on_its_way, nothing_earned_is_past_its_limit]
