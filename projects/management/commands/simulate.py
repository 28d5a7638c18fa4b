"""``manage.py simulate``: many people trade at once over the API of a running instance."""

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from marketplace.common import clock
from projects.management.simulation.http import Instance
from projects.management.simulation.manners import MANNERS
from projects.management.simulation.run import Outcome, play


class Command(BaseCommand):
    help = (
        "Play N contracts over the HTTP API of a running sandbox: approving, silent, late, asking "
        "for changes, disputing, cancelling, with declined cards. Moves the sandbox clock. Exit "
        "status 0 only when every contract ended, no answer was a 5xx, and the books are clean."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--contracts", type=int, default=50, metavar="N")
        parser.add_argument("--seed", type=int, default=1, help="the same seed, the same people")
        parser.add_argument("--base-url", default=settings.SITE_URL, metavar="URL")
        parser.add_argument("--postings", type=Path, metavar="FILE.csv", help="real postings")
        parser.add_argument("--manner", choices=MANNERS, help="let all of them be played like that")
        parser.add_argument(
            "--patience",
            type=float,
            default=0,
            metavar="SECONDS",
            help="how long people ask again where no answer comes; 0: such a thing is a failure",
        )
        parser.add_argument(
            "--told", type=Path, metavar="FILE.jsonl", help="write down what people were told"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("Only a sandbox can be played with: set SANDBOX=1.")
        if not 1 <= options["contracts"] <= 10_000:
            raise CommandError("Play between 1 and 10,000 contracts.")
        file = options["postings"]
        if file and not file.is_file():
            raise CommandError(f"There is no file {file}.")
        base_url = options["base_url"].rstrip("/")
        _demand_answer(base_url)
        # Somebody may have moved it before.
        clock.refresh()
        outcome = play(
            Instance(base_url, patience=options["patience"], told=options["told"]),
            contracts=options["contracts"],
            seed=options["seed"],
            manner=options["manner"],
            file=file,
            say=self._say,
        )
        self._report(outcome)
        call_command("check_ledger", stdout=self.stdout, stderr=self.stderr)
        if not outcome.is_clean:
            raise CommandError("The simulation did not end clean.")
        self.stdout.write(self.style.SUCCESS("Every contract ended, and the books are clean."))

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()

    def _report(self, outcome: Outcome) -> None:
        table: dict[str, Counter[str]] = {}
        for life in outcome.lives:
            table.setdefault(life.manner, Counter())[life.outcome or "stuck"] += 1
        ends = sorted({end for row in table.values() for end in row})
        self.stdout.write("\n" + "".join(f"{cell:>20}" for cell in ("manner", *ends, "all")))
        for manner, row in sorted(table.items()):
            cells = (manner, *(row[end] or "–" for end in ends), row.total())
            self.stdout.write("".join(f"{cell:>20}" for cell in cells))
        declined = sum(life.cards_declined for life in outcome.lives)
        met = ", ".join(f"{n} × {what}" for what, n in sorted(outcome.met.items()))
        self.stdout.write(f"\nMet: {met or 'nothing rare'}")
        answers = ", ".join(f"{n} × {code}" for code, n in sorted(outcome.instance.answers.items()))
        self.stdout.write(f"\n{outcome.rounds} rounds; {declined} cards declined; {answers}")
        for life in outcome.stuck:
            self.stderr.write(f"stuck: contract {life.number} ({life.manner}): {life.problem}")
        for line in (*outcome.unpaid, *outcome.instance.failures):
            self.stderr.write(line)


def _demand_answer(base_url: str) -> None:
    """Before anybody is made who would trade there."""
    try:
        answer = requests.get(f"{base_url}/readyz", timeout=10)
    except (requests.RequestException, ValueError):
        raise CommandError(f"Nobody answers at {base_url}.") from None
    if not answer.ok:
        raise CommandError(f"{base_url} is not ready: {answer.text[:200]}")
