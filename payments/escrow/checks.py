"""Proof that held money is held, and went once to whom it should."""

from django.db.models import Exists, F, Func, OuterRef, Q, Subquery, Sum, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from accounts.parties.models import Party
from payments.escrow.division import cost_of
from payments.escrow.models import Escrow, Part
from payments.ledger import chart
from payments.ledger.models import LedgerAccount, Transfer
from payments.ledger.selectors import moved_with, standing_in
from payments.payouts.models import Payout
from payments.policies.fees import fee_on
from payments.refunds.models import Refund

S = Escrow.Status
CHUNK = 1_000
OUT = ("release", "freelancer_fee", "client_fee", "refund", "chargeback")


def escrows_hold_what_they_say() -> list[str]:
    """What is held and what went out is what came in; what went out is what the escrow says, fees
    to the unit; and never is more paid in than was agreed.
    """
    findings = []
    for escrow in _with_movements():
        expected = _expected(escrow)
        found = {name: getattr(escrow, name) for name in expected}
        findings += [
            f"{escrow.public_id} ({escrow.status}): {name.replace('_', ' ')} is {found[name]}, "
            f"not {expected[name]} {escrow.currency}."
            for name in expected
            if found[name] != expected[name]
        ]
        most = cost_of(escrow.amount, escrow) + escrow.refunded + escrow.taken_back
        if escrow.paid_in > most:
            findings.append(
                f"{escrow.public_id} ({escrow.status}): {escrow.paid_in} {escrow.currency} were "
                f"paid in, more than the {most} that were agreed or went back."
            )
    return findings


def _with_movements():
    # OuterRef, since each of these looks into another table by the escrow's own account.
    parts = (Value(chart.escrow("")), OuterRef("public_id"))
    sums = {f"out_{kind}": moved_with([kind], side="source", parts=parts) for kind in OUT}
    return (
        Escrow.objects.select_related("policy")
        .annotate(
            stands=standing_in(*parts),
            paid_in=moved_with(["fund"], side="target", parts=parts),
            from_banks=moved_with(["chargeback_won"], side="target", parts=parts),
            **sums,
        )
        .order_by("pk")
        .iterator(chunk_size=CHUNK)
    )


def _expected(escrow) -> dict[str, int]:
    policy, spent = escrow.policy, cost_of(escrow.released, escrow)
    payee_fee = fee_on(escrow.released, policy.freelancer_fee_basis_points)
    left = escrow.paid_in - spent - escrow.refunded - escrow.taken_back
    return {
        "stands": left if escrow.status == Escrow.Status.HELD else 0,
        "paid_in": escrow.paid_in
        if escrow.status == Escrow.Status.HELD
        else spent + escrow.refunded + escrow.taken_back,
        "out_release": escrow.released - payee_fee,
        "out_freelancer_fee": payee_fee,
        "out_client_fee": spent - escrow.released,
        "out_refund": escrow.refunded,
        "out_chargeback": escrow.taken_back + escrow.from_banks,
    }


def closed_escrows_were_held() -> list[str]:
    """Nothing is released or refunded that was never funded."""
    never = Q(status__in=[S.AWAITING, S.DROPPED])
    wrong = Escrow.objects.filter(
        Q(status__in=[S.RELEASED, S.SPLIT], released=0)
        | Q(status__in=[S.REFUNDED, S.SPLIT], refunded=0, taken_back=0)
        | never & (Q(released__gt=0) | Q(refunded__gt=0) | Q(held_at__isnull=False))
        | Q(status__in=Escrow.LIVE, closed_at__isnull=False)
        | ~Q(status__in=Escrow.LIVE) & Q(closed_at=None)
    ).order_by("pk")
    return [f"{escrow.public_id} is {escrow.status} and cannot be." for escrow in wrong]


def money_stands_with_somebody() -> list[str]:
    """Each account that keeps a balance is that of an escrow, a payee, or something on its way."""
    owner = OuterRef("owner")
    owned = (
        Q(key__startswith=chart.escrow("")) & Exists(Escrow.objects.filter(public_id=owner))
        | Q(key__startswith="party:") & Exists(Party.objects.filter(public_id=owner))
        | Q(key__startswith=chart.leaving(""))
        & (
            Exists(Payout.objects.filter(public_id=owner))
            | Exists(Refund.objects.filter(public_id=owner))
        )
    )
    kept = LedgerAccount.objects.filter(balance__gt=0).annotate(
        owner=Func(F("key"), Value(":"), 2, function="split_part", output_field=TextField())
    )
    return [
        f"{account.balance} {account.currency} stand in {account.key}, which is nobody's."
        for account in kept.exclude(owned).order_by("key")
    ]


def parts_are_what_was_booked() -> list[str]:
    """Each part that was released has its own movements, and they sum to it."""
    key = Concat(
        OuterRef("escrow__public_id"),
        Value(":part:"),
        Cast(OuterRef("number"), TextField()),
        output_field=TextField(),
    )
    to_payee = Transfer.objects.filter(key=key, kind__in=["release", "freelancer_fee"])
    booked = to_payee.order_by().values("key").annotate(total=Sum("amount")).values("total")
    parts = Part.objects.annotate(booked=Coalesce(Subquery(booked), Value(0)))
    return [
        f"{part} of {part.escrow} is {part.amount}; {part.booked} were booked."
        for part in parts.exclude(booked=F("amount")).select_related("escrow").order_by("pk")
    ]


CHECKS = [
    parts_are_what_was_booked,
    money_stands_with_somebody,
    escrows_hold_what_they_say,
    closed_escrows_were_held,
]
