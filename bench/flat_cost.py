"""What a deed, a balance and a page cost with few transfers in the books, and with very many.

``python -m bench flat_cost --size=10000000`` says how many; it needs about 500 bytes of disk for
each. They are moved between two accounts of ours, so that the account that is read is the busiest.
"""

import sys
from collections.abc import Callable
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
SECONDS = 1 if IS_QUICK else 5

# The owner's way around the function, as nothing but a measurement may go: no kept balance and no
# chain is touched, so the books stay whole.
LOAD = """
SET session_replication_role = replica;
INSERT INTO payments_transfer (key, position, kind, source_id, target_id, amount, currency, book,
                               previous_hash, hash, created_at)
SELECT 'load:' || n, 0, 'load', s.id, t.id, 1 + n %% 1000, 'USD', '', '', '', now()
FROM generate_series(%s, %s) n, payments_ledgeraccount s, payments_ledgeraccount t
WHERE s.key = 'provider:stripe:USD' AND t.key = 'platform:fees:USD';
SET session_replication_role = DEFAULT;
"""


def main() -> None:
    with house():
        from django.db import connection

        from payments.ledger.selectors import balance_of, lines_of
        from payments.ledger.services import Move, move_money, take_snapshots

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

        def fill(first: int, last: int) -> None:
            with connection.cursor() as cursor:
                cursor.execute(LOAD, [first, last])
                cursor.execute("VACUUM ANALYZE")
            take_snapshots()

        acts: list[Callable[[], object]] = [
            release,
            lambda: balance_of("platform:fees:USD"),
            lambda: list(lines_of("book:7")[:50]),
        ]

        def measure() -> list[float]:
            return medians(*(lambda act=act: rate(act, seconds=SECONDS) for act in acts))

        fund(ESCROWS)
        for _ in range(ESCROWS):
            release()  # opens every account
        fill(1, FEW)
        few = measure()
        fill(FEW + 1, MANY)
        many = measure()
        names = ("a release", "our fees' balance", "a page of a book")
        for name, before, after in zip(names, few, many, strict=True):
            title = f"{name} at {MANY:,} : at {FEW:,} transfers"
            say(Figure(title, f"{1000 / after:.2f} ms", after / before, 0.9))
        say(
            Figure(
                "our fees' balance : within 1 ms", f"{1000 / many[1]:.2f} ms", many[1] / 1000, 1
            ),
            books_are_whole(),
        )


if __name__ == "__main__":
    main()
