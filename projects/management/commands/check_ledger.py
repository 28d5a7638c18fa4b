"""``manage.py check_ledger``: proves the books, or says where they are wrong."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.common import clock
from marketplace.common.audit import (
    head_of_the_audit_log,
    the_audit_log_is_whole,
    the_audit_log_still_has,
)
from marketplace.common.lifecycle_sql import lifecycles_are_kept_by_the_database
from payments.incoming.checks import CHECKS as PAYMENTS
from payments.incoming.checks import WHEN_QUIET
from payments.ledger.services import still_picture
from projects.agreements.checks import CHECKS as AGREEMENTS
from projects.agreements.sealing.checks import CHECKS as SEALS
from projects.contracts.checks import CHECKS as AWARDS
from projects.disputes.checks import CHECKS as DISPUTES
from projects.givebacks.checks import CHECKS as GIVEBACKS
from projects.milestones.checks import CHECKS as MILESTONES

Check = Callable[[], list[str]]

CHECKS: list[Check] = [
    lifecycles_are_kept_by_the_database,
    the_audit_log_is_whole,
    *PAYMENTS,
    *AWARDS,
    *MILESTONES,
    *DISPUTES,
    *AGREEMENTS,
    *SEALS,
    *GIVEBACKS,
]


class Command(BaseCommand):
    help = "Prove that all books are whole and agree with each other; exits non-zero if not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--quiet", action="store_true", help="also that nothing is on its way any more"
        )
        parser.add_argument(
            "--audit-head", default="", help="also that the audit log has what was its head once"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # What is late is judged by the clock of the house, which the sandbox may have moved.
        clock.refresh()
        findings: list[str] = []
        with still_picture():
            for check in [*CHECKS, *(WHEN_QUIET if options.get("quiet") else [])]:
                found = check()
                self.stdout.write(f"{'ok' if not found else len(found):>6}  {_words(check)}")
                findings += found
            if noted := options.get("audit_head"):
                findings += the_audit_log_still_has(noted)
            head = head_of_the_audit_log()
        if head:
            self.stdout.write(f"The audit log ends with {head}: keep that elsewhere.")
        for finding in findings:
            self.stdout.write(self.style.ERROR(f"        {finding}"))
        if findings:
            raise CommandError(f"The books are not clean: {len(findings)} findings.")
        self.stdout.write(self.style.SUCCESS("The books are clean."))


def _words(check: Check) -> str:
    return check.__name__.replace("_", " ")
