"""Proof that what was agreed anew is what was booked: what is wrong, as sentences."""

from django.db.models import F, OuterRef, Subquery, Sum, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from payments.escrow.models import Adjustment, Escrow
from payments.ledger.models import Transfer


def adjustments_are_what_was_booked() -> list[str]:
    """What each brought back went back by its own movements, and together they are the difference
    of the first price and the last.
    """
    key = Concat(
        OuterRef("escrow__public_id"),
        Value(":adjust:"),
        Cast(OuterRef("number"), TextField()),
        output_field=TextField(),
    )
    booked = Transfer.objects.filter(key=key, kind="refund").order_by().values("key")
    totals = booked.annotate(total=Sum("amount")).values("total")
    wrong = (
        Adjustment.objects.annotate(booked=Coalesce(Subquery(totals), Value(0)))
        .exclude(booked=F("returned"))
        .select_related("escrow")
        .order_by("pk")
    )
    findings = [f"{one} brought {one.returned} back; {one.booked} were booked." for one in wrong]
    sums = Coalesce(Sum(F("adjustments__after") - F("adjustments__before")), Value(0))
    differs = Escrow.objects.annotate(sum=sums).exclude(sum=F("adjusted")).order_by("pk")
    return findings + [
        f"{escrow} is adjusted by {escrow.adjusted}; {escrow.sum} were agreed anew."
        for escrow in differs
    ]


CHECKS = [adjustments_are_what_was_booked]
