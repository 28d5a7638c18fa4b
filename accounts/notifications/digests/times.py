"""When the mail of a day leaves, by the clock on its reader's wall."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def moment_of(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """The first moment at which the wall shows this hour of the day; where the clocks skip it, as
    much later as they skip.
    """
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


def days_after(moment: datetime, hour: int, zone: ZoneInfo) -> Iterator[tuple[date, datetime]]:
    """The days whose mail has not left by then, each with its moment, the next one first."""
    day = moment.astimezone(zone).date()
    while True:
        if (at := moment_of(day, hour, zone)) > moment:
            yield day, at
        day += timedelta(days=1)
