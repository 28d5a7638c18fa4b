"""``manage.py seed_demo``: the sample people, postings and bids of the demo."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from projects.management.demo.dispute import seed_dispute
from projects.management.demo.seed import seed


class Command(BaseCommand):
    help = "Fill the sandbox with sample people, postings and bids. Safe to run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dispute", action="store_true", help="add a dispute; the demo must be running"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("Sample people have a known password: only for SANDBOX=1.")
        made = seed_dispute() if options["dispute"] else seed()
        self.stdout.write("The sample is in." if made else "The sample was there before.")
