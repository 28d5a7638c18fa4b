"""A new version of the rules. What has been signed keeps the version of its signing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.people.profile import COUNTRIES
from marketplace.common.audit import log_deed
from marketplace.common.clock import now, said
from marketplace.common.currencies import is_carried
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.policies.models import Policy
from payments.policies.words import RULES

# A fee of more than half of the price, a clock of more than ten years: a slip of the hand.
MOST_BASIS_POINTS = 5_000
MOST_DAYS = 3_650
MOST_UNITS = 1_000_000
# Of any currency, however little a unit of it is worth.
MOST_UNITS_OF_A_CURRENCY = 1_000_000_000
# What may be off: a payout need not rest, lateness need not be waited for, whoever is to pay in may
# be given no day for it, a mediator may decide whatever nobody answers, and alone.
MAY_BE_ZERO = frozenset(
    {
        "lateness_grace_days",
        "funding_days",
        "payout_hold_days",
        "first_payout_hold_days",
        "second_mediator_units",
        "silence_table",
    }
)
# Tables by which silence is judged: so many are published.
TABLES = 2


def planned_version(
    changes: Mapping[str, Any], *, in_force_from: datetime | None = None
) -> tuple[Policy, Policy]:
    """The newest version, and the one that would follow it with these values: nothing is written.

    ``in_force_from`` is now where left out. Raises InvalidInput with the field at fault.
    """
    if not changes:
        raise InvalidInput("Name at least one value that differs.", param="changes")
    newest = Policy.objects.latest("version")
    values = {field: getattr(newest, field) for field in RULES}
    values |= {field: _checked(field, value) for field, value in changes.items()}
    if all(values[field] == getattr(newest, field) for field in RULES):
        raise InvalidInput("The newest version says all of this already.", param="changes")
    _check_together(values)
    start = in_force_from or now()
    if start < newest.in_force_from:
        raise InvalidInput(
            f"Version {newest.version} is in force from {said(newest.in_force_from)}: the next one "
            "cannot be before it.",
            param="in_force_from",
        )
    return newest, Policy(version=newest.version + 1, in_force_from=start, **values)


@transaction.atomic
def add_version(changes: Mapping[str, Any], *, in_force_from: datetime | None = None) -> Policy:
    """Publish the next version of the rules. It can never be changed or taken back.

    It may be announced, never backdated: whoever signs meanwhile signs what they read. Raises
    InvalidInput, or WrongState where somebody else has just added one.
    """
    if in_force_from is not None and in_force_from < now():
        raise InvalidInput("Rules are not changed for the past.", param="in_force_from")
    _, policy = planned_version(changes, in_force_from=in_force_from)
    try:
        with transaction.atomic():
            policy.save(force_insert=True)
    except IntegrityError as taken:
        raise WrongState(
            f"Somebody else has added version {policy.version} meanwhile. Look at it first."
        ) from taken
    log_deed(
        "add policy",
        f"version {policy.version}",
        f"Version {policy.version} of the rules is in force from {said(policy.in_force_from)}.",
        by=SYSTEM,
        role=SYSTEM,
    )
    return policy


def _checked(field: str, value: Any) -> Any:
    if field not in RULES:
        raise InvalidInput("A policy has no such value.", param=field)
    if field == "holding_days_by_country":
        return _checked_countries(field, value)
    if field == "second_mediator_units_by_currency":
        return _checked_currencies(field, value)
    least = 0 if field in MAY_BE_ZERO or field.endswith("_basis_points") else 1
    most = MOST_DAYS
    if field.endswith("_basis_points"):
        most = MOST_BASIS_POINTS
    elif field.endswith("_units"):
        most = MOST_UNITS
    elif field == "silence_table":
        most = TABLES
    return _checked_whole(field, value, least=least, most=most)


def _checked_whole(field: str, value: Any, *, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise InvalidInput(f"Give a whole number from {least} to {most:,}.", param=field)
    return value


def _checked_countries(field: str, value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise InvalidInput("Give days for each country, by its two letters.", param=field)
    for code in value:
        if code not in COUNTRIES:
            raise InvalidInput(f"{code} is no country.", param=field)
    return {
        code: _checked_whole(field, count, least=1, most=MOST_DAYS) for code, count in value.items()
    }


def _checked_currencies(field: str, value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise InvalidInput("Give units for each currency, by its three letters.", param=field)
    for code in value:
        if not is_carried(code):
            raise InvalidInput(f"{code} is no currency that can be paid here.", param=field)
    most = MOST_UNITS_OF_A_CURRENCY
    return {code: _checked_whole(field, count, least=0, most=most) for code, count in value.items()}


def _check_together(values: Mapping[str, Any]) -> None:
    least, usual, most = (values[f"review_period_{name}days"] for name in ("least_", "", "most_"))
    if not least <= usual <= most:
        raise InvalidInput(
            f"The usual time to review lies between the shortest and the longest: {least}, "
            f"{usual}, {most} days.",
            param="review_period_days",
        )
    shortest = min([values["holding_days"], *values["holding_days_by_country"].values()])
    if shortest < 2:
        raise InvalidInput("Nothing can be delivered and reviewed in a day.", param="holding_days")
