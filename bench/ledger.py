"""How much of the database's own speed is left when money is moved by the rules.

Compares a release (escrow → payee, escrow → fees: key, cover, currency, kept balances, hash chain)
through ``move_money`` with the least that any ledger must do on the same connection: one INSERT of
two rows and a durable commit. Run it with ``python -m bench.ledger``; figures are medians of
rounds in turn, so that a busy moment of the machine hits both.
"""

import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from marketplace.embedded import Postgres
from marketplace.processes import MarkBook

ROUNDS, DEEDS = 5, 400


def main() -> None:
    with contextlib.ExitStack() as stops:
        folder = Path(stops.enter_context(tempfile.TemporaryDirectory(prefix="milepost-bench-")))
        postgres = Postgres(
            folder / "pg", log=folder / "pg.log", marks=MarkBook(folder / "processes.json")
        )
        stops.callback(postgres.stop)
        os.environ |= {
            "DATABASE_URL": postgres.start(),
            "SANDBOX": "1",
            "DJANGO_SETTINGS_MODULE": "marketplace.settings",
        }
        _measure()


def _measure() -> None:
    import django

    django.setup()

    from django.core.management import call_command
    from django.db import connection

    from payments.ledger import checks
    from payments.ledger.services import Move, move_money

    call_command("migrate", verbosity=0)
    releases, floors = count(), count()
    for number in range(ROUNDS * DEEDS + DEEDS):
        move_money(
            Move("fund", "provider:stripe:USD", f"escrow:{number}", 10_300, "USD"),
            key=f"fund:{number}",
            book=f"book:{number}",
        )

    def release() -> None:
        number = next(releases)
        escrow = f"escrow:{number}"
        move_money(
            Move("release", escrow, f"party:{number % 97}:available:USD", 9_700, "USD"),
            Move("fee", escrow, "platform:fees:USD", 600, "USD"),
            key=f"release:{number}",
            book=f"book:{number}",
        )

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_floor (LIKE payments_transfer INCLUDING ALL)")

    def floor() -> None:
        number = next(floors)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO bench_floor (key, position, kind, source_id, target_id, amount, "
                "currency, book, previous_hash, hash, created_at) VALUES "
                "(%s, 0, 'release', 1, 2, 9700, 'USD', '', '', '', now()), "
                "(%s, 1, 'fee', 1, 3, 600, 'USD', '', '', '', now())",
                [str(number), str(number)],
            )

    _rate(release)  # the first round warms the caches and does not count
    rates = [(_rate(release), _rate(floor)) for _ in range(ROUNDS)]
    release_rate, floor_rate = (statistics.median(column) for column in zip(*rates, strict=True))
    found = [line for check in checks.CHECKS for line in check()]
    sys.stdout.write(
        f"release through the service {release_rate:8,.0f} a second\n"
        f"one INSERT of two rows      {floor_rate:8,.0f} a second\n"
        f"ratio                       {release_rate / floor_rate:8.2f}\n"
        f"books after it: {len(found)} findings\n"
    )
    sys.exit(bool(found))


def _rate(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    for _ in range(DEEDS):
        act()
    return DEEDS / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
