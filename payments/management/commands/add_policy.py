"""``manage.py add_policy client_fee_basis_points=250``: the next version of the rules."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.common.clock import said
from marketplace.common.errors import DomainError
from payments.policies.models import Policy
from payments.policies.services import add_version, planned_version
from payments.policies.words import RULES, changes_between


class Command(BaseCommand):
    """Running contracts keep the version of their signing, whatever comes after it."""

    help = (
        "Add a version of the rules: what it says otherwise than the newest one. --dry-run shows "
        "what would differ and writes nothing. A version cannot be changed or taken back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "changes",
            nargs="+",
            metavar="name=value",
            help=f"a whole number each, or JSON; names: {', '.join(RULES)}",
        )
        parser.add_argument(
            "--from", dest="start", metavar="DAY", help="in force from this day on (UTC); or now"
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing")

    def handle(
        self, *args: Any, changes: list[str], start: str | None, dry_run: bool, **options: Any
    ) -> None:
        wanted, day = _values_of(changes), _day_of(start)
        try:
            newest, planned = planned_version(wanted, in_force_from=day)
            self._show(newest, planned)
            if dry_run:
                self.stdout.write("Nothing was written: this was a dry run.")
                return
            policy = add_version(wanted, in_force_from=day)
        except DomainError as refusal:
            about = f"{refusal.param}: " if refusal.param else ""
            raise CommandError(f"{about}{refusal.message}") from refusal
        self.stdout.write(
            self.style.SUCCESS(
                f"Version {policy.version} is in force from {said(policy.in_force_from)} on."
            )
        )

    def _show(self, newest: Policy, planned: Policy) -> None:
        self.stdout.write(
            f"Version {planned.version}, in force from {said(planned.in_force_from)}, would say "
            f"otherwise than version {newest.version}:"
        )
        for change in changes_between(newest, planned):
            self.stdout.write(f"  {change.rule.title}: {change.before} → {change.after}")
        self.stdout.write(
            "Whatever was offered under an earlier version keeps it; new offers are made under "
            "this one."
        )


def _values_of(changes: list[str]) -> dict[str, Any]:
    values = {}
    for change in changes:
        name, sign, value = change.partition("=")
        if not sign:
            raise CommandError(f"Write {name}=value.")
        if name in values:
            raise CommandError(f"{name} is named twice.")
        try:
            values[name] = json.loads(value)
        except json.JSONDecodeError:
            raise CommandError(f"{name}: {value} is no number and no JSON.") from None
    return values


def _day_of(start: str | None) -> datetime | None:
    if start is None:
        return None
    try:
        return datetime.fromisoformat(start).replace(tzinfo=UTC)
    except ValueError:
        raise CommandError(f"--from: {start} is no day. Write it as 2027-01-31.") from None
