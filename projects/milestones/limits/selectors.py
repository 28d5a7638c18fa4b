"""Held money that the provider soon holds no longer, for whoever keeps the money to see."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import F, QuerySet

from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.clock import now
from payments.ledger import chart
from payments.ledger.selectors import balances_of
from projects.milestones.models import Milestone
from projects.milestones.selectors import nearing_limit

# As long as its two sides are warned before.
NEAR = timedelta(days=14)


def desk_near_limit(user: User) -> QuerySet[Milestone]:
    """Those for finance, and for support to read; for others there are none. ``held_until`` says
    when the provider's time ends.
    """
    if not staff_roles_of(user) & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        return Milestone.objects.none()
    near = nearing_limit(now() + NEAR).annotate(held_until=F("escrow__limit_at"))
    return near.select_related("contract__client", "contract__freelancer", "escrow").order_by(
        "held_until", "id"
    )


def with_held(milestones: Iterable[Milestone]) -> list[Milestone]:
    """Each with ``held``: what is held for it, the client's fee included; one query for all."""
    found = list(milestones)
    keys = {one.pk: chart.escrow(one.escrow.public_id) for one in found}
    held = balances_of(keys.values())
    for one in found:
        one.held = held.get(keys[one.pk], 0)  # type: ignore[attr-defined]
    return found
