"""``manage.py reconcile``: our books against the payment provider's."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments.gateway.base import GatewayRefused, GatewayUnknown
from payments.incoming.checks import Comparison, compare_with_provider


class Command(BaseCommand):
    help = "Hold our books against the provider's balance; exits non-zero on any difference."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = compare_with_provider()
        except GatewayRefused as refusal:
            raise CommandError(f"The provider refused: {refusal}") from refusal
        except GatewayUnknown as unknown:
            raise CommandError(f"The provider did not answer: {unknown}") from unknown
        self._show(result)
        if result.findings:
            raise CommandError(f"The books differ: {len(result.findings)} findings.")
        self.stdout.write(self.style.SUCCESS("Our books and the provider's agree."))

    def _show(self, result: Comparison) -> None:
        kinds = ("charges", "refunds", "transfers", "payouts")
        counts = ", ".join(f"{result.compared[kind]:,} {kind}" for kind in kinds)
        self.stdout.write(f"Compared {counts}.")
        cells = ("", "ours", "theirs", "under way", "difference")
        self.stdout.write("".join(f"{cell:>18}" for cell in cells))
        for currency in result.currencies:
            sums = (result.ours, result.theirs, result.under_way)
            row = [currency, *(f"{side[currency]:,}" for side in sums)]
            row.append(f"{result.difference(currency):,}")
            self.stdout.write("".join(f"{cell:>18}" for cell in row))
        for note in result.notes:
            self.stdout.write(f"  {note}")
        for finding in result.findings:
            self.stdout.write(self.style.ERROR(f"  {finding}"))
