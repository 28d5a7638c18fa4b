"""A quarter of the register is published once, when it is over."""

from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from projects.disputes.register.grouping import Group, grouped
from projects.disputes.register.models import RegisterEntry, RegisterQuarter
from projects.disputes.register.selectors import FINER, decisions_in, published_from


@transaction.atomic
def publish_quarter(*, quarter: int) -> list[RegisterEntry]:
    """Tell everybody of its decisions, as far as enough of them are alike.

    Safe to call again: a quarter that is published stays as it is. Raises WrongState before it is
    over.
    """
    if now() < published_from(quarter):
        raise WrongState("This quarter is not over yet.")
    _, is_new = RegisterQuarter.objects.get_or_create(
        number=quarter, defaults={"published_at": now()}
    )
    if not is_new:
        return []
    groups = grouped(decisions_in(quarter), finer=FINER)
    return RegisterEntry.objects.bulk_create(_entry(quarter, group) for group in groups)


def _entry(quarter: int, group: Group) -> RegisterEntry:
    told = dict(group.told)
    currency, _, band = told.pop("currency").partition(" ")
    return RegisterEntry(
        quarter=quarter,
        currency=currency,
        band=band,
        decisions=len(group.decisions),
        days_median=group.days,
        days_total=sum(one.days for one in group.decisions),
        share_median=group.share,
        **told,
    )
