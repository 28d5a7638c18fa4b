"""Proof that the payments hold what everybody needs of them."""

from collections import Counter

from django.db.models import F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from payments.escrow.backing.selectors import needed_for
from payments.escrow.models import Escrow, Roll
from payments.fundings.models import Payment
from payments.fundings.selectors import PAID
from payments.ledger import chart
from payments.ledger.models import Transfer
from payments.ledger.selectors import standing_in
from payments.refunds.models import Refund

CHUNK = 1_000


def payments_stand_behind_the_money() -> list[str]:
    """What is left of the payments is what is held and what stays released: of each escrow, and
    where one was rolled on, of all of them together; and none has passed on what it needs itself.
    But for refunds that the platform has borne.
    """
    rolls = dict(Roll.objects.order_by("pk").values_list("source__public_id", "target__public_id"))
    borne = _borne_by_us()
    chained = {*rolls, *rolls.values()}
    over = dict.fromkeys(chained, 0)
    findings = []
    for escrow in _with_payments():
        left = escrow.paid + borne[escrow.public_id] - needed_for(escrow, held=escrow.stands)
        if escrow.public_id in chained:
            over[escrow.public_id] = left
        elif left:
            findings.append(f"Of what was paid for {escrow}, {left} are nobody's.")
    # What goes on was rolled after all that had come: in the order of the rolls each is complete.
    for source, target in rolls.items():
        passed = over.pop(source)
        over[target] += passed
        if passed < 0:
            findings.append(f"{source} lacks {-passed}, which went on into {target}.")
    findings += [
        f"Of what was paid for {name} and what was rolled there, {left} are nobody's."
        for name, left in sorted(over.items())
        if left
    ]
    return findings


def _with_payments():
    name = OuterRef("public_id")
    paid = Payment.objects.filter(paid_for=name, status__in=PAID).order_by().values("paid_for")
    rest = Sum(F("amount") - F("refunded") - F("charged_back"))
    return (
        Escrow.objects.select_related("policy")
        .annotate(
            stands=standing_in(Value(chart.escrow("")), name),
            paid=Coalesce(Subquery(paid.annotate(rest=rest).values("rest")), Value(0)),
        )
        .order_by("pk")
        .iterator(chunk_size=CHUNK)
    )


def _borne_by_us() -> Counter[str]:
    """What of refunds made behind our back was the platform's, by what had been paid for."""
    moves = Transfer.objects.filter(kind="refund_borne").values_list("target__key", "amount")
    borne = dict(moves)
    refunds = Refund.objects.filter(public_id__in=[key.partition(":")[2] for key in borne])
    sums: Counter[str] = Counter()
    for name, paid_for in refunds.values_list("public_id", "payment__paid_for"):
        sums[paid_for] += borne[chart.leaving(name)]
    return sums


CHECKS = [payments_stand_behind_the_money]
