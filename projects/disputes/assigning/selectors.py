"""Whose cases are whose, and who can be given one."""

from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Case, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.clock import now
from projects.contracts.roles import Actor
from projects.disputes.assigning.models import Assignment
from projects.disputes.models import JUDGED, Dispute
from projects.disputes.selectors import handled_before, mediators_for, needs_second

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


def can_have_it(
    dispute: Dispute, able: list[User], by: User, *, held: int | None = None
) -> list[User]:
    """Those of ``able``, who may decide it, to whom ``by`` can give it now. ``held`` where the
    caller knows what is held.

    Whoever was given it does not hear its appeal: so the last ones who could are not given it while
    somebody who had it is there. Its first mediator may be anybody; and once the ruling is late,
    whoever takes it upon themselves: a case that lies with somebody who is away would otherwise
    wait for the provider's limit.
    """
    had_it = handled_before(dispute, instance=2)
    if dispute.appealed_by or not any(one.pk in had_it for one in able):
        return able
    is_late = dispute.ruling_late_at is not None
    spare = sum(one.pk not in had_it for one in able) - needed_for_appeal(dispute, held=held)
    return [one for one in able if spare > 0 or one.pk in had_it or (is_late and one == by)]


def why_kept_from(
    dispute: Dispute,
    by: Actor,
    *,
    but: int | None = None,
    able: list[User] | None = None,
    held: int | None = None,
) -> str:
    """What is told to a mediator who takes a hand in it while an appeal could need them, and
    somebody else who had it is there for it; or nothing. ``but`` is the key of whoever is there,
    but not for this; ``able`` where the caller knows who may decide it, ``held`` as above.
    """
    able = mediators_for(dispute) if able is None else able
    able = [one for one in able if one.pk != but]
    if (
        not isinstance(by, User)
        or by not in able
        or by in can_have_it(dispute, able, by, held=held)
    ):
        return ""
    return why_kept_free(needed_for_appeal(dispute, held=held))


@dataclass(frozen=True)
class Candidate:
    """A mediator who may decide a case, and why it cannot be given to them now; "" where it can."""

    person: User
    refusal: str = ""


def candidates_for(dispute: Dispute, by: User, *, held: int | None = None) -> list[Candidate]:
    """All to whom ``by``, who may give it away, could give it: who has it among them, as one to
    whom it cannot be given. ``held`` as above.
    """
    able, has_it = mediators_for(dispute), dispute.assignee
    can = can_have_it(dispute, able, by, held=held)
    kept_free = why_kept_free(needed_for_appeal(dispute, held=held))
    return [
        Candidate(one, why_not_anew(one) if one == has_it else "" if one in can else kept_free)
        for one in able
    ]


def why_not_anew(has_it: User) -> str:
    """What is told to whoever gives it to who has it."""
    return f"{has_it.name} looks after it already."


def needed_for_appeal(dispute: Dispute, *, held: int | None = None) -> int:
    """How many mediators an appeal takes who have not had it. ``held`` as above."""
    return 2 if needs_second(dispute, held=held) else 1


def why_kept_free(needed: int) -> str:
    """What is told where somebody would have it that an appeal needs."""
    who = "two mediators" if needed == 2 else "a mediator"
    return (
        f"An appeal needs {who} who never had this case, and nobody else can be spared for it. "
        "Only those who have had it go on with it; once its ruling is late, any mediator can take "
        "it over."
    )
