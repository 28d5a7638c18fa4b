"""What time it is. In sandbox mode the clock can be moved forward, never back.

Web, workers and commands all read the same offset from the database: at the start of each request
and of each task, so that a moved clock is seen by everybody at their next step.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from marketplace.common.models import ClockOffset

_offset = timedelta(0)
_imagined: ContextVar[datetime | None] = ContextVar("imagined", default=None)


def now() -> datetime:
    """The present moment as the marketplace sees it."""
    return _imagined.get() or timezone.now() + _offset


@contextmanager
def imagined(moment: datetime) -> Iterator[None]:
    """Within, this thread alone lives at that moment: to judge what would be, never to write."""
    token = _imagined.set(moment)
    try:
        yield
    finally:
        _imagined.reset(token)


def wall_time() -> datetime:
    """The present moment outside: no sandbox clock moves it."""
    return timezone.now()


def offset() -> timedelta:
    """How far the sandbox clock is ahead of the wall clock."""
    return _offset


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """What somebody who lives there means by "due on that day": its last minute, the later one
    where the clocks go back in it.
    """
    return datetime.combine(day, time(23, 59, fold=1), tzinfo=zone)


def after_days(moment: datetime, days: timedelta, zone: str) -> datetime:
    """So many days later: the end of that day for whoever lives in this zone (IANA), however the
    clocks were changed in between. To the second where no zone is named.
    """
    if not zone:
        return moment + days
    there = ZoneInfo(zone)
    return end_of_day((moment.astimezone(there) + days).date(), there).astimezone(UTC)


def said(moment: datetime) -> str:
    """A moment in a sentence that is kept and read by anybody: 3 December 2026, 14:00 UTC. What is
    told or refused to somebody says it by their clock: ``said_moment`` (marketplace.common.words).
    """
    return f"{moment.astimezone(UTC):%-d %B %Y, %H:%M} UTC"


def refresh() -> None:
    """Read the offset again: one query in sandbox mode, none in production."""
    global _offset
    if settings.SANDBOX:
        _offset = ClockOffset.current()


class ClockMiddleware:
    """Each request lives in the present."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(("/healthz", "/readyz", "/static/")):
            refresh()
        return self.get_response(request)
