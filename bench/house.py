"""What every measurement needs: a durable PostgreSQL of its own, filled books, a way to say."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.pace import rate as rate
from marketplace.embedded import Postgres, Valkey
from marketplace.processes import MarkBook

# Rough figures in a minute or so: enough to see that a change broke something.
IS_QUICK = "--quick" in sys.argv
ROUNDS = 3 if IS_QUICK else 5
FUNDED = 1_000_000_000


@dataclass(frozen=True)
class Figure:
    """One line of the table. ``target`` is the least that ``ratio`` should be; both may lack."""

    name: str
    figure: str
    ratio: float | None = None
    target: float | None = None


def say(*figures: Figure) -> None:
    """For the program that prints the table of all of them."""
    for figure in figures:
        sys.stdout.write(json.dumps(asdict(figure)) + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def house() -> Iterator[Postgres]:
    """The marketplace's own tables in a server with the durability that it comes with, and a
    broker, whose bells are a part of what a deed costs.
    """
    with contextlib.ExitStack() as stops:
        folder = Path(stops.enter_context(tempfile.TemporaryDirectory(prefix="milepost-bench-")))
        marks = MarkBook(folder / "processes.json")
        postgres = Postgres(folder / "pg", log=folder / "pg.log", marks=marks)
        stops.callback(postgres.stop)
        valkey = Valkey(folder / "valkey", log=folder / "valkey.log", marks=marks)
        stops.callback(valkey.stop)
        os.environ |= {
            "DATABASE_URL": postgres.start(),
            "REDIS_URL": valkey.start(),
            "SANDBOX": "1",
            "DJANGO_SETTINGS_MODULE": "marketplace.settings",
        }
        import django

        django.setup()

        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield postgres


def medians(*measure: Callable[[], float]) -> list[float]:
    """The median of each; rounds in turn, so that a busy moment of the machine hits all."""
    rounds = [[one() for one in measure] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def pgbench(
    postgres: Postgres,
    script: str,
    *,
    clients: int,
    seconds: float,
    options: str = "",
    **given: int,
) -> float:
    """Transactions a second of that many sessions at once, with prepared statements."""
    path = postgres.folder.parent / "script.sql"
    path.write_text(script)
    path.chmod(0o644)
    done = subprocess.run(
        [
            postgres.programs / "pgbench",
            *("-n", "-M", "prepared", "-f", path, "-c", str(clients), "-T", str(seconds)),
            *("-h", postgres.socket_folder, "-U", "milepost", "milepost"),
            *(part for name, value in given.items() for part in ("-D", f"{name}={value}")),
        ],
        env=os.environ | {"PGOPTIONS": options},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or "number of failed transactions: 0 " not in done.stdout:
        sys.exit(done.stdout + done.stderr)
    return float(done.stdout.partition("tps = ")[2].split()[0])


def fund(many: int) -> None:
    """As many escrows with a book each, every one with more than will ever be asked of it."""
    from payments.ledger.services import Deed, Move, move_money_in_batch

    for first in range(0, many, 1_000):
        move_money_in_batch(
            [
                Deed(
                    moves=[Move("fund", "provider:stripe:USD", f"escrow:{number}", FUNDED, "USD")],
                    key=f"fund:{number}",
                    book=f"book:{number}",
                )
                for number in range(first, min(first + 1_000, many))
            ]
        )


def books_are_whole() -> Figure:
    """After every load, to the unit; no figure counts without it."""
    from django.db import connection

    from payments.ledger import checks

    # What PostgreSQL knows of the tables is from before the load, and its plans would be for that.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    found = [line for check in checks.CHECKS for line in check()]
    if found:
        sys.exit("\n".join(found[:20]))
    from payments.ledger.models import Transfer

    return Figure("the books after it", f"{Transfer.objects.count():,} transfers, 0 findings")
