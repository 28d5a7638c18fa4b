"""How much work the disputes are, and how fast it is done."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from payments.policies.selectors import policy_in_force
from projects.disputes.figures.selectors import (
    AGES,
    Load,
    Times,
    Waiting,
    Week,
    rulings_by_day,
    times_of,
    waiting_by_assignee,
    waiting_by_state_and_age,
    weeks_of,
)
from projects.disputes.selectors import desk_disputes, may_read_disputes
from projects.web.desk.doors import for_staff

_A_DAY = timedelta(days=1)


@require_safe
@for_staff
def show_figures(request: HttpRequest) -> HttpResponse:
    """For those who decide disputes, and support; without those on contracts of their own."""
    if not may_read_disputes(request.user):
        raise Http404
    disputes, policy = desk_disputes(request.user), policy_in_force()
    weeks, days = weeks_of(disputes), rulings_by_day(disputes, most=policy.ruling_days)
    waiting, times = waiting_by_state_and_age(disputes), times_of(disputes)
    loads = waiting_by_assignee(disputes)
    context = {
        "ages": _ages(),
        "waiting": waiting,
        "loads": loads,
        "bars_of_loads": [_load(load) for load in loads],
        "waiting_in_all": sum(one.total for one in waiting),
        "bars_of_ages": _bars_of_ages(waiting),
        "weeks": [
            (week, _days(week.times.median), _days(week.times.ninth_of_ten)) for week in weeks
        ],
        "bars_of_weeks": [_flow(week) for week in weeks],
        "bars_of_times": [_took(week) for week in weeks],
        "bars_of_days": _bars_of_days(days),
        "times": times,
        "median": _days(times.median),
        "ninth_of_ten": _days(times.ninth_of_ten),
        "policy": policy,
        "nav": "desk",
    }
    return render(request, "desk/figures.html", context)


def _ages() -> list[str]:
    """['Up to 3 days', '3 to 7', '7 to 14', 'More than 14 days']"""
    between = [f"{least} to {most}" for least, most in pairwise(AGES)]
    return [f"Up to {AGES[0]} days", *between, f"More than {AGES[-1]} days"]


def _bars_of_ages(waiting: list[Waiting]) -> list[dict[str, Any]]:
    """Under columns there is room for days alone."""
    sums = [sum(one.counts[number] for one in waiting) for number in range(len(AGES) + 1)]
    labels = [f"{least}–{most}" for least, most in pairwise((0, *AGES))]
    labels.append(f"{AGES[-1]}+")
    return [{"label": label, "value": count} for label, count in zip(labels, sums, strict=True)]


def _bars_of_days(days: list[int]) -> list[dict[str, Any]]:
    labels = [*map(str, range(1, len(days))), "later"]
    return [{"label": label, "value": count} for label, count in zip(labels, days, strict=True)]


def _load(load: Load) -> dict[str, Any]:
    """By initials: names would not fit under the columns."""
    name = load.name or "Nobody"
    label = "".join(part[0] for part in load.name.split()[:3]) or "Nobody"
    said = f"{name}, {load.cases} waiting, {load.late} later than expected"
    return {"label": label, "value": load.cases, "beside": load.late, "text": said}


def _flow(week: Week) -> dict[str, Any]:
    said = f"{week.opened} opened, {week.closed} closed"
    return {"label": _name(week), "value": week.opened, "beside": week.closed, "text": said}


def _took(week: Week) -> dict[str, Any]:
    median, most = _days(week.times.median), _days(week.times.ninth_of_ten)
    said = _said(week.times)
    return {"label": _name(week), "value": median or 0, "beside": most or 0, "text": said}


def _said(times: Times) -> str:
    if not times.rulings:
        return "no ruling"
    return f"half within {_days(times.median)} days, nine of ten within {_days(times.ninth_of_ten)}"


def _name(week: Week) -> str:
    """Its number in the year: dates would not fit under so many columns."""
    return str(week.monday.isocalendar().week)


def _days(took: timedelta | None) -> float | None:
    """With one digit after the point."""
    return None if took is None else round(took / _A_DAY, 1)
