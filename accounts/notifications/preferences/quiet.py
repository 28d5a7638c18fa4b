"""Quiet hours, by the clock on the reader's wall."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# A mail that tells of a deadline is late by no more than this.
LONGEST_QUIET = timedelta(hours=12)


def quiet_until(moment: datetime, *, start: time, end: time, zone: ZoneInfo) -> datetime | None:
    """When the quiet that ``moment`` falls into is over; None when it falls into none.

    From ``start`` up to ``end``, over midnight where the end is the earlier one. An hour that the
    wall clock shows twice is quiet twice; an end that it skips comes as much later as it skips.
    """
    local = moment.astimezone(zone)
    wall = local.time()
    is_quiet = start <= wall < end if start < end else wall >= start or wall < end
    if not is_quiet:
        return None
    return min(
        over
        for day in (local.date(), local.date() + timedelta(days=1))
        for over in _moments_at(datetime.combine(day, end, tzinfo=zone))
        if over > moment
    )


def length_of(start: time, end: time) -> timedelta:
    """How long it is from ``start`` to ``end`` on a day without a change of clocks."""
    day = date(2000, 1, 1)
    return (datetime.combine(day, end) - datetime.combine(day, start)) % timedelta(days=1)


def _moments_at(local: datetime) -> list[datetime]:
    """Every moment at which the wall shows this: two where the clocks go back.

    In UTC, since Python compares times of one zone by what the wall shows.
    """
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return [first, second] if second > first else [first]
