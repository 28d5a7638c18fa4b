"""Postings of one client from a CSV file: ``import_postings FILE.csv --client EMAIL``.

Columns: title, kind (fixed or hourly), budget_min_usd, budget_max_usd (either may be empty) and
skills (separated by |). Columns description and awards (for how many freelancers it is) are used
where they are there and filled in, others are ignored. What a client has already, by its title, is
left alone, so a file can be imported twice. A line that cannot be used is named with its number and
the reason, and the rest is imported.

The exit status is 0 only when every line is there afterwards.
"""

import csv
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from accounts.people.models import User
from marketplace.common import clock
from marketplace.common.errors import DomainError, InvalidInput
from marketplace.common.money import to_minor
from projects.postings import rules
from projects.postings.importing.services import import_postings

CURRENCY = "USD"
NEEDED = ("title", "kind", "budget_min_usd", "budget_max_usd", "skills")
# One transaction each: large enough to be quick, small enough to show progress.
BATCH = 500


class Command(BaseCommand):
    help = "Import postings from a CSV file for one client."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--client", required=True, help="the client's e-mail address")
        fate = parser.add_mutually_exclusive_group()
        fate.add_argument("--publish", action="store_true", help="open for bids (the default)")
        fate.add_argument("--draft", action="store_true", help="seen by the client alone")

    def handle(self, *, file: Path, client: str, draft: bool, **_: Any) -> None:
        clock.refresh()
        user = User.objects.filter(email=client.strip().lower(), is_active=True).first()
        if user is None:
            raise CommandError(f"There is nobody with the address {client}.")
        self.made = self.there = self.refused = 0
        try:
            # Bytes that are no UTF-8 become signs that the rules refuse, each on its own line.
            with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
                self._import(lines, user, publish=not draft)
        except OSError as problem:
            raise CommandError(f"{file} cannot be read: {problem.strerror}.") from None
        self.stdout.write(
            f"Imported {self.made:,}, there already {self.there:,}, refused {self.refused:,}."
        )
        if self.refused:
            sys.exit(1)

    def _import(self, lines: TextIO, user: User, *, publish: bool) -> None:
        rows = self._rows(csv.DictReader(lines, strict=True))
        while batch := list(islice(rows, BATCH)):
            made, there = import_postings(by=user, rows=batch, publish=publish)
            self.made, self.there = self.made + len(made), self.there + len(there)
            self.stdout.write(f"{self.made + self.there + self.refused:,} lines …")
            self.stdout.flush()

    def _rows(self, reader: csv.DictReader) -> Iterator[dict[str, Any]]:
        """The fields of each usable line; the others are named on stderr."""
        try:
            missing = [column for column in NEEDED if column not in (reader.fieldnames or [])]
        except csv.Error as problem:
            raise CommandError(f"This is no CSV file: {problem}.") from None
        if missing:
            raise CommandError(f"The file has no column {', '.join(missing)}.")
        while True:
            try:
                row = next(reader)
                yield _fields(row)
            except StopIteration:
                return
            except csv.Error as problem:
                self._refuse(reader, str(problem))
            except DomainError as refusal:
                about = f"{refusal.param}: " if refusal.param else ""
                self._refuse(reader, about + refusal.message)

    def _refuse(self, reader: csv.DictReader, reason: str) -> None:
        self.refused += 1
        # The inner reader's count: the outer one stands still at a line that cannot be split.
        self.stderr.write(f"line {reader.reader.line_num}: {reason}")


def _fields(row: dict[str | None, Any]) -> dict[str, Any]:
    """A line as the fields of a posting. Raises InvalidInput."""
    if None in row:
        raise InvalidInput("There are more fields than columns.")
    if None in row.values():
        raise InvalidInput("There are fewer fields than columns.")
    fields = rules.checked_posting(
        {
            "title": row["title"],
            "description": (row.get("description") or "").strip() or row["title"],
            "kind": row["kind"].strip().lower(),
            "currency": CURRENCY,
            "budget_least": _amount(row["budget_min_usd"], "budget_min_usd"),
            "budget_most": _amount(row["budget_max_usd"], "budget_max_usd"),
            "skills": row["skills"].split("|"),
            "awards": _count((row.get("awards") or "1").strip() or "1"),
        }
    )
    rules.check_budget(fields["budget_least"], fields["budget_most"])
    return fields


def _count(text: str) -> int | str:
    """A whole number as people write one; the rules refuse anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else text


def _amount(text: str, column: str) -> int | None:
    return to_minor(text, CURRENCY, param=column) if text.strip() else None
