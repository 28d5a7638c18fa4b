"""``manage.py reconcile``: our books against the payment provider's, now."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.common import clock
from payments.reconciliation.models import ReconciliationRun
from payments.reconciliation.running.services import advance_run, bring_forward
from payments.reconciliation.selectors import open_differences
from payments.reconciliation.suggestions import suggestion_for

# Seconds to wait for a worker that is at it.
PATIENCE = 300


class Command(BaseCommand):
    help = "Hold our books against the provider's; exits non-zero on any difference."

    def handle(self, *args: Any, **options: Any) -> None:
        clock.refresh()
        run = self._finish(bring_forward())
        self._show(run)
        if run.still_open:
            raise CommandError(f"The books differ: {run.still_open} findings.")
        self.stdout.write(self.style.SUCCESS("Our books and the provider's agree."))

    def _finish(self, run: ReconciliationRun) -> ReconciliationRun:
        """Go on with the run that is due, together with whatever worker has begun it."""
        told, until = "", time.monotonic() + PATIENCE
        while run.finished_at is None:
            steps, tries = run.steps, run.tries
            run = advance_run(run_id=run.pk, budget=0)
            if run.tries > tries:
                raise CommandError(f"The provider did not answer, it is asked again: {run.problem}")
            if run.part != told and run.finished_at is None:
                told = run.part
                self.stdout.write(f"  {run.get_part_display()} …")
            if run.steps == steps and run.finished_at is None:
                if time.monotonic() > until:
                    raise CommandError(f"Somebody else is at it: {run.problem or run}")
                time.sleep(0.2)
        return run

    def _show(self, run: ReconciliationRun) -> None:
        kinds = ("charges", "refunds", "transfers", "payouts")
        counts = ", ".join(f"{run.counts.get(kind, 0):,} {kind}" for kind in kinds)
        since = clock.said(run.reads_from) if run.reads_from else "the beginning"
        self.stdout.write(f"Compared since {since}: {counts}; {run.healed:,} healed by themselves.")
        cells = ("ours", "theirs", "under way", "lines", "difference")
        self.stdout.write("".join(f"{cell:>18}" for cell in ("", *cells)))
        for currency, sums in run.sums.items():
            row = (currency, *(f"{sums[cell.replace(' ', '_')]:,}" for cell in cells))
            self.stdout.write("".join(f"{cell:>18}" for cell in row))
        for note in run.notes:
            self.stdout.write(f"  {note}")
        for difference in open_differences():
            self.stdout.write(self.style.ERROR(f"  {difference}"))
            self.stdout.write(f"    {suggestion_for(difference).text}")
