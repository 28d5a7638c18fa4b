"""Proof that what was earned is there or has gone to the payee's bank, once."""

from django.db.models import BigIntegerField, Case, F, OuterRef, Q, Sum, Value, When
from django.db.models.functions import Coalesce

from payments.ledger import chart
from payments.ledger.models import LedgerAccount
from payments.ledger.selectors import standing_in
from payments.payouts.models import UNDER_WAY, Earning, Payout

S = Payout.Status


def payouts_leave_once() -> list[str]:
    """Under way: all of it stands in ``leaving``. Paid, failed or cancelled: nothing does."""
    wrong = Payout.objects.annotate(
        stands=standing_in(Value(chart.leaving("")), OuterRef("public_id")),
        expected=Case(
            When(status__in=UNDER_WAY, then=F("amount")),
            default=Value(0),
            output_field=BigIntegerField(),
        ),
    ).exclude(stands=F("expected"))
    return [
        f"{payout} ({payout.status}): {payout.stands} stands in leaving, not {payout.expected}."
        for payout in wrong.order_by("pk")
    ]


def payouts_are_what_was_earned() -> list[str]:
    """A payout is the sum of its earnings; a cancelled one has given them back."""
    wrong = Payout.objects.annotate(
        earned=Coalesce(Sum("earnings__amount"), Value(0)),
        expected=Case(
            When(status=S.CANCELLED, then=Value(0)),
            default=F("amount"),
            output_field=BigIntegerField(),
        ),
    ).exclude(earned=F("expected"))
    return [
        f"{payout} ({payout.status}) is {payout.amount}; its earnings sum to {payout.earned}."
        for payout in wrong.order_by("pk")
    ]


def paid_payouts_are_the_providers() -> list[str]:
    """Paid by one transfer and one bank payout."""
    wrong = Payout.objects.filter(status=S.PAID).filter(
        Q(transfer_id="") | ~Q(attempts__remote_id__gt="")
    )
    return [f"{payout} is paid, and the provider knows nothing of it." for payout in wrong]


def available_is_what_is_to_be_paid_out() -> list[str]:
    """A payee's account holds their earnings in no payout, and what failed payouts gave back."""
    owed: dict[str, int] = {}
    waiting = (
        Earning.objects.filter(Q(payout=None, recovery=None) | Q(payout__status=S.FAILED))
        .order_by()
        .values_list("party__public_id", "currency")
        .annotate(Sum("amount"))
    )
    for party, currency, amount in waiting:
        owed[f"party:{party}:available:{currency}"] = amount
    accounts = LedgerAccount.objects.filter(key__startswith="party:", key__contains=":available:")
    findings = []
    for key, balance in accounts.values_list("key", "balance").iterator(chunk_size=2_000):
        expected = owed.pop(key, 0)
        if balance != expected:
            findings.append(f"{key} holds {balance}, to be paid out are {expected}.")
    return findings + [f"{key} holds nothing, to be paid out are {owed[key]}." for key in owed]


CHECKS = [
    payouts_leave_once,
    payouts_are_what_was_earned,
    paid_payouts_are_the_providers,
    available_is_what_is_to_be_paid_out,
]
