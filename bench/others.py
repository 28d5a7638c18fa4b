"""The ledger deed on Django's connection against two ledgers of Django's world, by one client.

The same work, a release, in the same PostgreSQL in turn: escrow → payee, escrow → fees, durable.
They live in an environment of their own, and each in a database of its own (``bench/rivals.py``).
"""

import contextlib
import os
import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path

from bench.house import IS_QUICK, Figure, books_are_whole, fund, house, medians, rate, say

PYTHON = Path(".venv-bench/bin/python")
SECONDS = 1 if IS_QUICK else 3
ESCROWS = 5_000
# How many times as fast ours should be.
OTHERS = {"django-hordak": 8, "django-ledger": 20}


def main() -> None:
    if not PYTHON.exists():
        say(Figure("django-hordak, django-ledger", "not installed: make bench does that"))
        return
    with house(), contextlib.ExitStack() as stops:
        from django.db import connection

        from payments.ledger.services import Move, move_money

        fund(ESCROWS)
        numbers = count()

        def release() -> None:
            number = next(numbers)
            escrow = f"escrow:{number % ESCROWS}"
            move_money(
                Move("release", escrow, f"party:{number % 997}:available:USD", 9_700, "USD"),
                Move("fee", escrow, "platform:fees:USD", 600, "USD"),
                key=f"release:{number}",
                book=f"book:{number % ESCROWS}",
            )

        with connection.cursor() as cursor:
            for name in OTHERS:
                cursor.execute(f'CREATE DATABASE "{name}"')
            cursor.execute("VACUUM ANALYZE")
        others = [_start(name, stops) for name in OTHERS]
        ours, *theirs = medians(lambda: rate(release, seconds=SECONDS), *others)
        for (name, target), their in zip(OTHERS.items(), theirs, strict=True):
            words = f"{ours:,.0f}/s : {their:,.0f}/s"
            say(Figure(f"move_money : {name}", words, ours / their, target))
        say(books_are_whole())


def _start(name: str, stops: contextlib.ExitStack) -> Callable[[], float]:
    """Its books are ready; each call measures once. At the end it checks them, or all fails."""
    address, _, query = os.environ["DATABASE_URL"].partition("?")
    url = f"{address.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
    program = subprocess.Popen(
        [PYTHON, "-m", "bench.rivals", name, str(SECONDS)],
        env={**os.environ, "DATABASE_URL": url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin and program.stdout
    asked, said = program.stdin, program.stdout

    def end() -> None:
        asked.close()
        if program.wait(timeout=60):
            raise SystemExit(f"{name} has failed, or its books do not hold what it has done.")

    stops.callback(end)
    if said.readline() != "ready\n":
        raise SystemExit(f"{name} could not begin.")

    def measure() -> float:
        asked.write("once\n")
        asked.flush()
        return float(said.readline())

    return measure


if __name__ == "__main__":
    main()
