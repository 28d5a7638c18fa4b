"""Clocks that rest at the weekend: what the house itself promises to do in working days."""

from datetime import datetime, time, timedelta, tzinfo

_A_DAY = timedelta(days=1)
_SATURDAY = 5


def after_working_days(start: datetime, count: int, *, zone: tzinfo) -> datetime:
    """The same time of day so many working days later, where people work in this ``zone``.

    Monday to Friday are working days; holidays are not known. What comes at a weekend is taken as
    coming when Monday begins. The hour is that of the clock on the wall, also where the clocks
    change in between.
    """
    local = start.astimezone(zone)
    day, hour = local.date(), local.time()
    if day.weekday() >= _SATURDAY:
        hour = time()
        while day.weekday() >= _SATURDAY:
            day += _A_DAY
    for _ in range(count):
        day += _A_DAY
        while day.weekday() >= _SATURDAY:
            day += _A_DAY
    return datetime.combine(day, hour, tzinfo=zone).astimezone(start.tzinfo)


def working_days_before(end: datetime, count: int, *, zone: tzinfo) -> datetime:
    """The latest start from which so many working days, as above, are over at ``end``."""
    local = end.astimezone(zone)
    day, hour = local.date(), local.time()
    if day.weekday() >= _SATURDAY:
        hour = time.max
        while day.weekday() >= _SATURDAY:
            day -= _A_DAY
    for _ in range(count):
        day -= _A_DAY
        while day.weekday() >= _SATURDAY:
            day -= _A_DAY
    return datetime.combine(day, hour, tzinfo=zone).astimezone(end.tzinfo)
