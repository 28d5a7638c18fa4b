"""``manage.py seed_demo``: the sample people, postings and bids of the demo."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from projects.management.demo.seed import seed


class Command(BaseCommand):
    help = "Fill the sandbox with sample people, postings and bids. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("Sample people have a known password: only for SANDBOX=1.")
        made = seed()
        self.stdout.write("The sample is in." if made else "The sample was there before.")
