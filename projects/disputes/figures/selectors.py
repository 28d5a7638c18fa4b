"""What is open for how long, what came and went, and how long rulings took: all by the database."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db.models import (
    Aggregate,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Ceil, Extract, TruncWeek

from accounts.people.models import User
from marketplace.common.clock import now
from projects.contracts.models import Event
from projects.disputes.assigning.selectors import with_assignee
from projects.disputes.models import JUDGED, Dispute, Ruling
from projects.disputes.selectors import still_open

WEEKS = 12
# Days up to which a case is of an age; the last is of whatever is older.
AGES = (3, 7, 14)
# After one of these a case is with a mediator: the last of them before a ruling has brought it.
_HANDED_OVER = {"dispute_escalated", "mediator_asked", "dispute_handed_over", "dispute_appealed"}
_MEDIAN, _NINTH_OF_TEN = 0.5, 0.9
_A_WEEK, _A_DAY = timedelta(days=7), 24 * 60 * 60


class Percentile(Aggregate):
    """The value below which ``part`` of them lie, between two of them where it falls there."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(part)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression: str, part: float) -> None:
        super().__init__(expression, part=part, output_field=DurationField())


@dataclass(frozen=True)
class Waiting:
    """Open cases of one state: how many are of which age (in the order of ``AGES``, and older)."""

    state: Dispute.Status
    counts: list[int]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Load:
    """What one mediator has to decide, and how much of it was expected by now; ``person`` is None
    for what nobody looks after.
    """

    person: User | None
    cases: int
    late: int

    @property
    def name(self) -> str:
        return self.person.name if self.person else ""


@dataclass(frozen=True)
class Times:
    """How long rulings took from the moment at which a mediator had the case. ``None``: of none."""

    rulings: int = 0
    median: timedelta | None = None
    ninth_of_ten: timedelta | None = None
    late: int = 0


@dataclass(frozen=True)
class Week:
    """From its Monday on, where the staff works: what was opened, closed and ruled in it."""

    monday: date
    opened: int
    closed: int
    times: Times


def waiting_by_state_and_age(disputes: QuerySet[Dispute]) -> list[Waiting]:
    """The open ones among them, by what they wait for and since when they are open."""
    edges = [now() - timedelta(days=days) for days in AGES]
    spans = [Q(created_at__gt=edges[0])]
    spans += [Q(created_at__lte=newer, created_at__gt=older) for newer, older in pairwise(edges)]
    spans.append(Q(created_at__lte=edges[-1]))
    columns = {f"age{number}": Count("pk", filter=span) for number, span in enumerate(spans)}
    rows = _plain(still_open(disputes)).values("status").annotate(**columns)
    found = {state: counts for state, *counts in rows.values_list("status", *columns)}
    return [Waiting(state, found[state]) for state in Dispute.Status if state in found]


def waiting_by_assignee(disputes: QuerySet[Dispute]) -> list[Load]:
    """Those among them that wait for a ruling, by who looks after them: nobody's first, then by
    name.
    """
    judged = with_assignee(_plain(still_open(disputes).filter(status__in=JUDGED)))
    late = Count("pk", filter=Q(ruling_expected_at__lte=now()))
    rows = judged.values("assignee_id").annotate(cases=Count("pk"), late=late)
    counts = {key: numbers for key, *numbers in rows.values_list("assignee_id", "cases", "late")}
    loads = [Load(person, *counts[person.pk]) for person in User.objects.filter(pk__in=counts)]
    loads.sort(key=lambda load: load.name)
    return [Load(None, *counts[0]), *loads] if 0 in counts else loads


def weeks_of(disputes: QuerySet[Dispute]) -> list[Week]:
    """The last ``WEEKS`` of them, the present one last."""
    mondays = [_monday() - _A_WEEK * back for back in reversed(range(WEEKS))]
    opened, closed = (
        _by_week(_plain(disputes).filter(**{f"{name}__gte": mondays[0]}), name)
        for name in ("created_at", "closed_at")
    )
    times = {
        row.pop("week").date(): Times(**row)
        for row in _weekly(_rulings(disputes, mondays[0]), "created_at").annotate(**_TIMES)
    }
    return [
        Week(day, opened.get(day, 0), closed.get(day, 0), times.get(day, Times()))
        for day in (monday.date() for monday in mondays)
    ]


def times_of(disputes: QuerySet[Dispute]) -> Times:
    """The same of all these weeks together."""
    return Times(**_rulings(disputes, _first()).aggregate(**_TIMES))


def rulings_by_day(disputes: QuerySet[Dispute], *, most: int) -> list[int]:
    """How many came within one day, two days, … ``most`` days; the last count is of later ones."""
    day = Ceil(Extract("took", "epoch", output_field=FloatField()) / _A_DAY)
    rows = _rulings(disputes, _first()).values(day=day).annotate(count=Count("pk"))
    counts = [0] * (most + 1)
    for row in rows.values_list("day", "count"):
        counts[min(max(int(row[0]), 1), most + 1) - 1] += row[1]
    return counts


_TIMES = {
    "rulings": Count("pk"),
    "median": Percentile("took", _MEDIAN),
    "ninth_of_ten": Percentile("took", _NINTH_OF_TEN),
    "late": Count("pk", filter=Q(took__gt=F("most"))),
}


def _rulings(disputes: QuerySet[Dispute], since: datetime) -> QuerySet[Ruling]:
    """What mediators have decided since, with how long it took and how long it was to take."""
    handed_over = Event.objects.filter(
        contract=OuterRef("dispute__milestone__contract"),
        about=OuterRef("dispute__public_id"),
        kind__in=_HANDED_OVER,
        created_at__lte=OuterRef("created_at"),
    ).order_by("-created_at", "-id")
    days = F("dispute__milestone__contract__policy__ruling_days")
    return (
        Ruling.objects.filter(dispute__in=_plain(disputes), by__isnull=False, created_at__gte=since)
        .annotate(handed_over_at=Subquery(handed_over.values("created_at")[:1]))
        # A case from before there were such lines is told of in no time.
        .filter(handed_over_at__isnull=False)
        .annotate(
            took=ExpressionWrapper(
                F("created_at") - F("handed_over_at"), output_field=DurationField()
            ),
            most=ExpressionWrapper(days * timedelta(days=1), output_field=DurationField()),
        )
        .order_by()
    )


def _by_week(rows: QuerySet, name: str) -> dict[date, int]:
    counted = _weekly(rows, name).annotate(count=Count("pk"))
    return {row["week"].date(): row["count"] for row in counted}


def _weekly(rows: QuerySet, name: str) -> QuerySet[Any]:
    return rows.values(week=TruncWeek(name, tzinfo=settings.STAFF_TIME_ZONE))


def _plain(disputes: QuerySet[Dispute]) -> QuerySet[Dispute]:
    """Without what a page of them would fetch beside."""
    return disputes.select_related(None).prefetch_related(None).order_by()


def _monday() -> datetime:
    today = now().astimezone(settings.STAFF_TIME_ZONE)
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=today.weekday())


def _first() -> datetime:
    return _monday() - _A_WEEK * (WEEKS - 1)
