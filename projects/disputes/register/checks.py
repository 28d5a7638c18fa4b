"""Proof that the register tells of what was decided: what is wrong, as sentences."""

from datetime import UTC

from django.db.models import Case, CharField, Count, F, Sum, Value, When
from django.db.models.functions import ExtractQuarter, ExtractYear

from projects.disputes.models import Ruling
from projects.disputes.register.models import RegisterEntry
from projects.disputes.register.words import quarter_name

_Outcome = RegisterEntry.Outcome


def the_register_tells_of_all_that_are_alike() -> list[str]:
    """Of each quarter, reason and outcome of which it tells, it tells of every decision once."""
    cells = ("quarter", "reason", "outcome")
    told = RegisterEntry.objects.values(*cells).annotate(count=Sum("decisions"))
    year, quarter = (part("carried_out_at", tzinfo=UTC) for part in (ExtractYear, ExtractQuarter))
    made = (
        Ruling.objects.filter(carried_out_at__isnull=False, held__gt=0)
        .annotate(
            quarter=year * 10 + quarter,
            reason=F("dispute__reason"),
            outcome=Case(
                When(to_freelancer=F("held"), then=Value(_Outcome.FREELANCER.value)),
                When(to_freelancer=0, then=Value(_Outcome.CLIENT.value)),
                default=Value(_Outcome.DIVIDED.value),
                output_field=CharField(),
            ),
        )
        .values(*cells)
        .annotate(count=Count("pk"))
    )
    counts = {tuple(row[name] for name in cells): row["count"] for row in made.order_by()}
    return [
        f"The register tells of {row['count']} decisions of {quarter_name(row['quarter'])} "
        f"({row['reason']}, {row['outcome']}), and there were {counts.get(cell, 0)}."
        for row in told.order_by(*cells)
        if row["count"] != counts.get(cell := tuple(row[name] for name in cells), 0)
    ]


CHECKS = [the_register_tells_of_all_that_are_alike]
