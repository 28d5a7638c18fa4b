"""All comes to its end, and the books are asked.

One process does it from day to day: to start Django anew for each question took longer than the
questions.
"""

import io
import time
from pathlib import Path

import requests
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.chaos.told import what_is_not_so
from tests.chaos.waiting import what_waits

# Days that may pass, one by one, until the last payout, refund and letter has come to its end.
QUIET_DAYS = 12
# Seconds of each: for the bells, and each sweep once.
A_DAY = 4


def judge(told: str) -> int:
    """Say what is wrong, and 1 where anything is. ``told`` is the file with what people were told,
    see ``told.py``.
    """
    wrong = _come_to_its_end()
    wrong += _asked("check_ledger")
    wrong += what_is_not_so(Path(told))
    for problem in wrong:
        print(f"WRONG {problem}")
    return bool(wrong)


def _come_to_its_end() -> list[str]:
    """Let days pass until nothing waits but for somebody who knows, and the provider's books agree;
    what is wrong after the last of them.
    """
    wrong: list[str] = []
    known: list[str] = []
    for day in range(QUIET_DAYS):
        if day:
            call_command("clock", "advance", "1d", stdout=io.StringIO())
        _deliver_all_letters()
        time.sleep(A_DAY)
        wrong, known = what_waits()
        wrong = wrong or _asked("reconcile")
        if not wrong:
            break
    for line in known:
        print(f"waits: {line}")
    return wrong


def _deliver_all_letters() -> None:
    address = f"{settings.STRIPE_API_BASE}/_sandbox/deliver"
    requests.post(address, json={"force": True}, timeout=60).raise_for_status()


def _asked(command: str) -> list[str]:
    """What it finds wrong, with all that it says; nothing where it is content."""
    said = io.StringIO()
    try:
        call_command(command, stdout=said, stderr=said)
    except CommandError as error:
        return [f"{command}:\n{said.getvalue()}{error}"]
    return []
