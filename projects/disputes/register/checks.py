"""Proof that the register tells of what was decided: what is wrong, as sentences."""

from collections import Counter

from django.db.models import Sum

from projects.disputes.register.grouping import CELL, counted
from projects.disputes.register.models import RegisterEntry
from projects.disputes.register.selectors import decisions_in
from projects.disputes.register.words import quarter_name


def the_register_tells_of_all_that_are_alike() -> list[str]:
    """Of each quarter, reason and outcome of which it tells, it tells of every decision that counts
    once.
    """
    told = RegisterEntry.objects.values("quarter", *CELL).annotate(count=Sum("decisions"))
    found = []
    made: dict[int, Counter[tuple[str, ...]]] = {}
    for row in told.order_by("quarter", *CELL):
        quarter, cell = row["quarter"], tuple(row[column] for column in CELL)
        if quarter not in made:
            made[quarter] = Counter(one.cell for one in counted(decisions_in(quarter)))
        if row["count"] != made[quarter][cell]:
            found.append(
                f"The register tells of {row['count']} decisions of {quarter_name(quarter)} "
                f"({', '.join(cell)}), and there were {made[quarter][cell]}."
            )
    return found


CHECKS = [the_register_tells_of_all_that_are_alike]
