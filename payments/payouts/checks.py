"""Proof that what was earned is there or has gone to the payee's bank, once."""

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat

from accounts.holds.models import STANDING
from accounts.parties.models import Party
from marketplace.common.clock import now
from payments.ledger import chart
from payments.ledger.models import LedgerAccount, Transfer
from payments.ledger.selectors import standing_in
from payments.payouts.holding.selectors import held_payouts, near_limit
from payments.payouts.models import BEFORE_LIMIT, UNDER_WAY, Earning, Payout
from payments.payouts.turns.selectors import pressing_groups

S = Payout.Status
# More than so many lines help nobody.
LISTED = 100


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


def payouts_that_left_are_the_providers() -> list[str]:
    """On its way to the bank, or there: by one transfer and exactly one bank payout."""
    alive = Q(attempts__remote_id__gt="", attempts__failure_code="")
    left = Payout.objects.filter(status__in=[S.IN_TRANSIT, S.PAID])
    wrong = left.annotate(at_bank=Count("attempts", filter=alive)).filter(
        Q(transfer_id="") | ~Q(at_bank=1)
    )
    return [
        f"{payout} is {payout.status}, and the provider has "
        f"{payout.transfer_id or 'no transfer'} and {payout.at_bank} bank payouts of it."
        for payout in wrong.order_by("pk")
    ]


def payouts_are_sent_by_one_attempt() -> list[str]:
    """The next one begins when the last has failed."""
    alive = Count("attempts", filter=Q(attempts__failure_code=""))
    wrong = Payout.objects.annotate(alive=alive).filter(alive__gt=1).order_by("pk")
    return [f"{payout} is sent by {payout.alive} attempts at once." for payout in wrong]


def cancelled_payouts_were_taken_back() -> list[str]:
    """What had reached the payee's account came back before it could be paid out again, or the
    platform has borne it.
    """
    key = Concat(OuterRef("public_id"), Value(":lost"), output_field=TextField())
    borne = Transfer.objects.filter(key=key, amount=OuterRef("amount"), kind="transfer_lost")
    wrong = Payout.objects.filter(~Exists(borne), status=S.CANCELLED, reversal_id="")
    wrong = wrong.exclude(transfer_id="")
    return [f"{payout} is cancelled, and {payout.transfer_id} was not." for payout in wrong]


def payouts_under_way_are_looked_after() -> list[str]:
    """A sweep has each on its list, or a hold that is in force keeps it."""
    left = Payout.objects.filter(
        Q(status__in=[S.SCHEDULED, S.SENDING, S.IN_TRANSIT], next_check_at=None)
        | Q(status=S.HELD) & (Q(hold=None) | ~Q(hold__status__in=STANDING))
    )
    return [f"{payout} ({payout.status}) is left lying." for payout in left.order_by("pk")]


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


def nothing_earned_is_past_its_limit() -> list[str]:
    """What the provider holds no longer is on its way, or something is in its way that its payee or
    finance was told of.
    """
    at = now() - BEFORE_LIMIT
    past = pressing_groups(at, limit=LISTED)
    held = near_limit(held_payouts(), at).order_by("pk")[:LISTED]
    names = Party.objects.in_bulk([party_id for party_id, _ in past])
    return [
        f"{names[party_id].public_id} has {currency} that is past the provider's limit and is not "
        "paid out."
        for party_id, currency in past
    ] + [f"{payout} is held past the provider's limit." for payout in held]


CHECKS = [
    payouts_leave_once,
    payouts_are_what_was_earned,
    payouts_that_left_are_the_providers,
    payouts_are_sent_by_one_attempt,
    cancelled_payouts_were_taken_back,
    payouts_under_way_are_looked_after,
    available_is_what_is_to_be_paid_out,
]
