"""``manage.py demo``: the whole trade on this machine, from one command."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.supervisor import Supervisor
from projects.management.demo.sample import PASSWORD
from projects.management.demo.seed import CAST

WELCOME = """
Milepost is running at {address}

  Log in with the password {password} (for this demo only) as

{logins}

  Five things to try:

    1. As Ben, find a posting under Browse and bid on it, with a plan of milestones.
    2. As Ada, compare the bids on your posting, award one, and fund the first milestone
       with the card 4242 4242 4242 4242.
    3. As Ben, submit the work; as Ada, approve it, and see each cent in both timelines.
    4. As Ada, say nothing instead: "+7 days" in the bar at the top lets the review period
       pass, and the work is approved by itself. So does `manage.py clock advance 7d`.
    5. As Dora, open {address}/desk/ and decide a dispute.

  Mail that would have gone out is at {address}/outbox/.
  Logs are in .data/logs/. Ctrl-C stops everything; what was done is kept.
"""


class Command(BaseCommand):
    help = "Run PostgreSQL, Valkey, a stand-in for Stripe, web, worker and clock on this machine."
    # The supervisor's own steps check; this command has no database yet.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        port = os.environ.get("PORT") or "8000"
        if not port.isdecimal():
            raise CommandError(f"PORT={port} is not a number.")
        reset = os.environ.get("RESET", "") not in ("", "0")
        supervisor = Supervisor(port=int(port), environment=_given())
        sys.exit(supervisor.run(reset=reset, welcome=welcome))


def welcome(address: str) -> str:
    """What a newcomer needs to begin."""
    logins = "\n".join(f"    {person.email:<24}the {role}" for role, person in CAST.items())
    return WELCOME.format(address=address, password=PASSWORD, logins=logins)


def _given() -> dict[str, str]:
    """The environment; a variable that is set to nothing is not set."""
    return {name: value for name, value in os.environ.items() if value}
