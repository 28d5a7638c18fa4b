"""Whose cases are whose."""

from typing import Any

from django.db.models import BigIntegerField, Case, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.people.models import User
from projects.disputes.assigning.models import Assignment
from projects.disputes.models import Dispute

# What a list of cases can be narrowed to.
WHOSE = {"mine": "Mine", "nobody": "Nobody’s"}


def whose(disputes: QuerySet[Dispute], reader: User, *, name: str) -> QuerySet[Dispute]:
    """Those that the reader looks after, or nobody does; with any other ``name`` all of them."""
    if name not in WHOSE:
        return disputes
    return with_assignee(disputes).filter(assignee_id=reader.pk if name == "mine" else 0)


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
