"""``manage.py clock show`` and ``manage.py clock advance 3d``: the sandbox clock."""

import json
import re
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.common import clock
from marketplace.common.errors import DomainError
from marketplace.common.services import advance_clock, provider_offset

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


class Command(BaseCommand):
    """Shows the sandbox clock, or moves it forward for web, workers and the payment sandbox."""

    help = "Show the sandbox clock, or move it forward: clock advance 3d (or 12h, 30m, 90s)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deed", choices=["show", "advance"])
        parser.add_argument("step", nargs="?", help="how far: 3d, 12h, 30m, 90s")
        parser.add_argument("--json", action="store_true", help="answer for programs")

    def handle(self, *args: Any, deed: str, step: str | None, **options: Any) -> None:
        try:
            if deed == "advance":
                advance_clock(seconds=_seconds(step))
            clock.refresh()
            told = provider_offset()
        except DomainError as refusal:
            raise CommandError(refusal.message) from None
        ahead = clock.offset()
        self.stdout.write(_as_json(ahead, told) if options["json"] else _as_words(ahead))
        if told is not None and told != ahead:
            raise CommandError(f"The payment sandbox is not in step: it is {told} ahead.")


def _seconds(step: str | None) -> int:
    match = re.fullmatch(r"([0-9]{1,9})([dhms])", step or "")
    if match is None:
        raise CommandError("Say how far: 3d, 12h, 30m or 90s.")
    return int(timedelta(**{_UNITS[match[2]]: int(match[1])}).total_seconds())


def _as_json(ahead: timedelta, told: timedelta | None) -> str:
    return json.dumps(
        {
            "now": clock.now().isoformat(),
            "offset_seconds": int(ahead.total_seconds()),
            "provider_offset_seconds": None if told is None else int(told.total_seconds()),
        }
    )


def _as_words(ahead: timedelta) -> str:
    return f"It is {clock.now():%A, %d %B %Y, %H:%M} UTC, {ahead} ahead of the wall clock."
