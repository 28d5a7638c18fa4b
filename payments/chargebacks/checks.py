"""Proof that what banks took, and what payees owe for it, is what the books say."""

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from payments.chargebacks.models import (
    AWARDED,
    FREEZING,
    Chargeback,
    ChargebackMovement,
    ChargebackShare,
)
from payments.escrow.clawback import net
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.models import LedgerAccount, Transfer
from payments.payouts.recovering.models import Recovery


def payments_say_what_banks_have() -> list[str]:
    """And are frozen while a chargeback stands, and only then; so they are lost while one is."""
    has = Coalesce(Sum("chargebacks__movements__amount") - Sum("chargebacks__movements__lost"), 0)
    wrong = Payment.objects.annotate(banks_have=has).exclude(charged_back=F("banks_have"))
    findings = [
        f"{payment} says that banks have {payment.charged_back} of it; by their movements it is "
        f"{payment.banks_have}."
        for payment in wrong.order_by("pk")
    ]
    frozen = Payment.objects.filter(chargebacks__status__in=FREEZING).values("pk")
    lost = Chargeback.objects.filter(AWARDED).values("payment")
    unlike = Payment.objects.filter(
        Q(pk__in=frozen, charged_back_at=None)
        | ~Q(pk__in=frozen) & ~Q(charged_back_at=None)
        | Q(pk__in=lost, is_lost=False)
        | ~Q(pk__in=lost) & Q(is_lost=True)
    )
    return findings + [
        f"{payment} is frozen or lost, or not, against its chargebacks." for payment in unlike
    ]


def escrows_say_what_banks_have() -> list[str]:
    """What was taken of each, out of held and released money, and what the payee owes for it."""
    said: dict[str, list[int]] = {
        escrow: sums
        for escrow, *sums in ChargebackMovement.objects.order_by()
        .values_list("chargeback__payment__paid_for")
        .annotate(Sum("held"), Sum("released"), Sum("owed"))
    }
    for share in ChargebackShare.objects.select_related("escrow", "movement__chargeback__payment"):
        paid_for = share.movement.chargeback.payment.paid_for
        for escrow, sign in ((paid_for, -1), (share.escrow.public_id, 1)):
            sums = said.setdefault(escrow, [0, 0, 0])
            parts = (share.held, share.released, share.owed)
            said[escrow] = [n + sign * part for n, part in zip(sums, parts, strict=True)]
    touched = Escrow.objects.filter(
        Q(public_id__in=said) | ~Q(taken_back=0, clawed_back=0, owed_back=0)
    )
    return [
        f"{escrow}: banks have {found}, by their movements {expected}."
        for escrow in touched.order_by("pk")
        if (found := [escrow.taken_back, escrow.clawed_back, escrow.owed_back])
        != (expected := said.get(escrow.public_id, [0, 0, 0]))
    ]


def payees_owe_what_chargebacks_say() -> list[str]:
    """What a payee owes is their part of what banks have and of what they gave back themselves,
    less what was recovered for good.
    """
    owes: dict[str, int] = {}
    for escrow in Escrow.objects.exclude(owed_back=0).select_related("payee"):
        key = chart.owed(escrow.payee, escrow.currency)
        owes[key] = owes.get(key, 0) + escrow.owed_back
    for escrow in Escrow.objects.exclude(given_back=0).select_related("payee", "policy"):
        key = chart.owed(escrow.payee, escrow.currency)
        gave = net(escrow.released, escrow.policy) - net(escrow.kept, escrow.policy)
        owes[key] = owes.get(key, 0) + gave
    for recovery in Recovery.objects.select_related("party"):
        key = chart.owed(recovery.party, recovery.currency)
        owes[key] = owes.get(key, 0) - recovery.amount
    # What had been recovered for a chargeback that was won was given back.
    for target, amount in (
        Transfer.objects.filter(kind="recovery_returned")
        .order_by()
        .values_list("target__key")
        .annotate(Sum("amount"))
    ):
        key = target.replace(":available:", ":owed:")
        owes[key] = owes.get(key, 0) + amount
    accounts = LedgerAccount.objects.filter(key__startswith="party:", key__contains=":owed:")
    findings = []
    for key, balance in accounts.values_list("key", "balance"):
        expected = owes.pop(key, 0)
        if balance != expected:
            findings.append(f"{key} is {balance}; by chargebacks and recoveries it is {expected}.")
    return findings + [
        f"{key} is nothing; it should be {owed}." for key, owed in owes.items() if owed
    ]


def withdrawals_are_booked_once() -> list[str]:
    """Each movement of the provider by one deed of the ledger, of the same amount."""
    findings = []
    for movement in ChargebackMovement.objects.exclude(amount=0).select_related("chargeback"):
        deed = Transfer.objects.filter(key=f"{movement.chargeback.public_id}:{movement.remote_id}")
        booked = deed.aggregate(total=Sum("amount", default=0))["total"]
        if booked != abs(movement.amount):
            findings.append(f"{movement} moved {movement.amount}, {booked} are in the books.")
    return findings


CHECKS = [
    payments_say_what_banks_have,
    escrows_say_what_banks_have,
    payees_owe_what_chargebacks_say,
    withdrawals_are_booked_once,
]
