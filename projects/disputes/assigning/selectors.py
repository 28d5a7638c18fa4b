"""Whose cases are whose."""

from typing import Any

from django.db.models import BigIntegerField, Case, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.clock import now
from projects.disputes.assigning.models import Assignment
from projects.disputes.models import JUDGED, Dispute

# What a list of cases can be narrowed to.
WHOSE = {"mine": "Mine", "nobody": "Nobody’s"}


def whose(disputes: QuerySet[Dispute], reader: User, *, name: str) -> QuerySet[Dispute]:
    """Those that the reader looks after, or nobody does; with any other ``name`` all of them."""
    if name not in WHOSE:
        return disputes
    return with_assignee(disputes).filter(assignee_id=reader.pk if name == "mine" else 0)


def rulings_due_by(reader: User, *, limit: int) -> list[Any]:
    """The cases that wait for their decision, while its latest time is still to come; the soonest
    first. Nobody's who is no mediator any more.
    """
    if StaffRole.MEDIATOR not in staff_roles_of(reader):
        return []
    judged = Dispute.objects.filter(
        status__in=JUDGED, milestone__closed_at=None, ruling_due_at__gt=now()
    )
    return list(whose(judged, reader, name="mine").order_by("ruling_due_at", "pk")[:limit])


def with_assignee(disputes: QuerySet[Dispute]) -> QuerySet[Any]:
    """Each with ``assignee_id``, who looks after it: 0 where nobody does."""
    instance = Case(When(appealed_by="", then=Value(1)), default=Value(2))
    last = Assignment.objects.filter(dispute=OuterRef("pk"), number=OuterRef("instance_now"))
    return disputes.annotate(instance_now=instance).annotate(
        assignee_id=Coalesce(
            Subquery(last.order_by("-pk").values("mediator")[:1]),
            Value(0),
            output_field=BigIntegerField(),
        )
    )
