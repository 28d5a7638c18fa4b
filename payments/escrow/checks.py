"""Proof that held money is held, and went once to whom it should."""

from django.db.models import Exists, F, Func, OuterRef, Q, Subquery, Sum, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from accounts.parties.models import Party
from payments.escrow.division import cost_of
from payments.escrow.models import Escrow, Part, Roll
from payments.ledger import chart
from payments.ledger.models import LedgerAccount, Transfer
from payments.ledger.selectors import moved_with, standing_in
from payments.payouts.models import Payout
from payments.policies.fees import fee_on
from payments.refunds.models import Refund

S = Escrow.Status
CHUNK = 1_000
OUT = ("release", "freelancer_fee", "client_fee", "refund", "chargeback", "roll")


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
        went = escrow.refunded + escrow.taken_back + escrow.out_roll
        most, came = cost_of(escrow.amount, escrow) + went, escrow.paid_in + escrow.rolled_to
        if came > most:
            findings.append(
                f"{escrow.public_id} ({escrow.status}): {came} {escrow.currency} were "
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
            rolled_to=moved_with(["roll"], side="target", parts=parts),
            rolled_away=Coalesce(Sum("rolled_out__money"), Value(0)),
            from_banks=moved_with(["chargeback_won"], side="target", parts=parts),
            **sums,
        )
        .order_by("pk")
        .iterator(chunk_size=CHUNK)
    )


def _expected(escrow) -> dict[str, int]:
    policy, spent = escrow.policy, cost_of(escrow.kept, escrow)
    payee_fee = fee_on(escrow.released, policy.freelancer_fee_basis_points)
    went = spent + escrow.refunded + escrow.taken_back + escrow.rolled_away
    left = escrow.paid_in + escrow.rolled_to - went
    return {
        "stands": left if escrow.status == Escrow.Status.HELD else 0,
        "paid_in": escrow.paid_in
        if escrow.status == Escrow.Status.HELD
        else went - escrow.rolled_to,
        "out_release": escrow.released - payee_fee,
        "out_freelancer_fee": payee_fee,
        "out_client_fee": cost_of(escrow.released, escrow) - escrow.released,
        "out_refund": escrow.refunded,
        "out_chargeback": escrow.taken_back + escrow.from_banks,
        "out_roll": escrow.rolled_away,
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


def rolls_are_what_was_booked() -> list[str]:
    """Each by one movement, from all that was left of the one into the other, which never differ
    in whose money it is; its price costs what moved, by the one formula.
    """
    booked = Transfer.objects.filter(kind="roll").order_by("pk").select_related("source", "target")
    rolls = {f"{roll.source}:roll": roll for roll in Roll.objects.select_related(*_BOTH)}
    findings = []
    for transfer in booked:
        roll = rolls.pop(transfer.key, None)
        ends = (transfer.source.key, transfer.target.key, transfer.amount)
        if roll is None or ends != _ends(roll):
            findings.append(f"{transfer} moves what nobody has agreed on.")
    findings += [f"{roll} was agreed on and not booked." for roll in rolls.values()]
    for roll in Roll.objects.select_related(*_BOTH).order_by("pk"):
        source, target = roll.source, roll.target
        cost = cost_of(source.amount + roll.price, source) - cost_of(source.amount, source)
        if roll.money != cost or source.amount != source.released:
            findings.append(f"{roll} moved {roll.money} for {roll.price} of a price; not {cost}.")
        if any(getattr(source, name) != getattr(target, name) for name in _SHARED):
            findings.append(f"{roll} goes to somebody else.")
    return findings


_BOTH = ("source__policy", "target__policy")
_SHARED = ("book", "payer_id", "payee_id", "currency", "policy_id")


def _ends(roll: Roll) -> tuple[str, str, int]:
    return (
        chart.escrow(roll.source.public_id),
        chart.escrow(roll.target.public_id),
        roll.money,
    )


CHECKS = [
    rolls_are_what_was_booked,
    parts_are_what_was_booked,
    money_stands_with_somebody,
    escrows_hold_what_they_say,
    closed_escrows_were_held,
]
