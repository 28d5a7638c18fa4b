"""Entries of the register, without the decisions that they tell of."""

from projects.disputes.register.models import RegisterEntry


def entries(count: int, **fields: object) -> list[RegisterEntry]:
    """So many, over the quarters of 2025; what is not named is withheld."""
    told = {"reason": "late", "outcome": "client", "decisions": 5} | fields
    numbers = {"days_median": 3, "days_total": 15, "share_median": 0}
    return RegisterEntry.objects.bulk_create(
        RegisterEntry(quarter=20251 + number % 4, **(numbers | told)) for number in range(count)
    )
