"""What a deed, a balance and a page cost with few transfers in the books, and with very many.

``python -m bench flat_cost --size=10000000`` says how many; it needs about a kilobyte of disk for
each. They move between two accounts of ours, so that the account that is read is the busiest, and
each tenth goes to one payee, who reads the newest page of all these. Our balance is read when its
next snapshot is just due, with as many releases behind the last as one client makes until then.
"""

import sys
from collections.abc import Callable
from functools import partial
from itertools import count

from bench.house import IS_QUICK, Figure, books_are_whole, fund, house, medians, rate, say

FEW = 10_000
MANY = int(
    next(
        (word.partition("=")[2] for word in sys.argv if word.startswith("--size=")),
        200_000 if IS_QUICK else 3_000_000,
    )
)
ESCROWS = 2_000
SNAPSHOT_EVERY = 2  # seconds, as in the timetable
SECONDS = 1 if IS_QUICK else 5

# The owner's way around the function, as nothing but a measurement may go: these are in no chain,
# and what the payee gets is added to the kept balance, so the books stay whole.
PAYEE = "party:7:available:USD"
LOAD = """
SET session_replication_role = replica;
INSERT INTO payments_transfer (key, position, kind, source_id, target_id, amount, currency, book,
                               previous_hash, hash, created_at)
SELECT 'load:' || n, 0, 'load', s.id, CASE WHEN n %% 10 = 0 THEN p.id ELSE t.id END, 1 + n %% 1000,
       'USD', '', '', '', now() + n * interval '1 millisecond'
FROM generate_series(%(first)s, %(last)s) n, payments_ledgeraccount s, payments_ledgeraccount t,
     payments_ledgeraccount p
WHERE s.key = 'provider:stripe:USD' AND t.key = 'platform:fees:USD' AND p.key = %(payee)s;
UPDATE payments_ledgeraccount
SET balance = balance + (SELECT coalesce(sum(1 + n %% 1000), 0)
                         FROM generate_series(%(first)s, %(last)s) n WHERE n %% 10 = 0)
WHERE key = %(payee)s;
SET session_replication_role = DEFAULT;
"""


def main() -> None:
    with house():
        from django.db import connection

        fund(ESCROWS)
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE bench_row (number integer)")
        acts = _acts()
        for _ in range(ESCROWS):
            acts["a release"]()  # opens every account
        _fill(1, FEW)
        few = _measure(acts)
        _fill(FEW + 1, MANY)
        many = _measure(acts)
        for name, (found, steady) in many.items():
            title = f"{name} at {MANY:,} : at {FEW:,} transfers"
            say(Figure(title, f"{1000 / found:.2f} ms", steady / few[name][1], 0.9))
        for name in ("our fees' balance", "a kept balance"):
            found, _ = many[name]
            say(Figure(f"{name} : within 1 ms", f"{1000 / found:.2f} ms", found / 1000, 1))
        say(books_are_whole())


def _acts() -> dict[str, Callable[[], object]]:
    from payments.ledger.models import LedgerAccount
    from payments.ledger.selectors import balance_of, lines_of
    from payments.ledger.services import Move, move_money
    from payments.payouts.statement import movements_in

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

    def read_as_a_payee() -> list[object]:
        account = LedgerAccount.objects.get(key=PAYEE)
        return list(movements_in([account.pk]).order_by("-created_at", "-id")[:21])

    return {
        "a release": release,
        "our fees' balance": lambda: balance_of("platform:fees:USD"),
        # Of an escrow; a payee's and everybody else's is kept alike.
        "a kept balance": lambda: balance_of("escrow:7"),
        "a page of a book": lambda: list(lines_of("book:7")[:50]),
        "a page of a payee": read_as_a_payee,
    }


def _fill(first: int, last: int) -> None:
    from django.db import connection

    from payments.ledger.services import take_snapshots

    with connection.cursor() as cursor:
        cursor.execute(LOAD, {"first": first, "last": last, "payee": PAYEE})
        cursor.execute("VACUUM ANALYZE")
    take_snapshots()


def _until_a_snapshot_is_due(release: Callable[[], object]) -> None:
    from payments.ledger.services import take_snapshots

    take_snapshots()
    rate(release, seconds=SNAPSHOT_EVERY)


def _measure(acts: dict[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """How often a second each goes, and beside a question or a write of next to nothing: between
    few and many lie minutes, in which a machine becomes busier or less so.
    """
    from django.db import connection

    def do(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    yardsticks = (partial(do, "SELECT 1"), partial(do, "INSERT INTO bench_row VALUES (1)"))

    def measured(name: str) -> float:
        if name == "our fees' balance":
            _until_a_snapshot_is_due(acts["a release"])
        return rate(acts[name], seconds=SECONDS)

    *rates, asked, written = medians(
        *(partial(measured, name) for name in acts),
        *(partial(rate, act, seconds=SECONDS) for act in yardsticks),
    )
    return {
        name: (found, found / (written if name == "a release" else asked))
        for name, found in zip(acts, rates, strict=True)
    }


if __name__ == "__main__":
    main()
