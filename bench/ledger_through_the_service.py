"""``move_money`` on Django's connection, by one client, against the least that its driver needs.

The floor is one INSERT of two rows through psycopg2 and a durable commit. The deed is a release:
escrow → payee, escrow → fees, with key, cover, currency, kept balances and hash chain.
"""

from itertools import count

from bench.house import IS_QUICK, Figure, books_are_whole, fund, house, medians, rate, say

ESCROWS = 5_000 if IS_QUICK else 50_000
SECONDS = 1 if IS_QUICK else 3
BATCH = 100

FLOOR = """
INSERT INTO bench_floor (key, position, kind, source_id, target_id, amount, currency, book,
                         previous_hash, hash, created_at)
VALUES (%(key)s, 0, 'release', 1, 2, 9700, 'USD', '', '', '', now()),
       (%(key)s, 1, 'fee', 1, 3, 600, 'USD', '', '', '', now())
"""


def main() -> None:
    with house():
        from django.db import connection

        from payments.ledger.services import (
            Deed,
            Move,
            move_money,
            move_money_in_batch,
        )

        fund(ESCROWS)
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE bench_floor (LIKE payments_transfer INCLUDING ALL)")
            cursor.execute("VACUUM ANALYZE")
        numbers = count()

        def release() -> Deed:
            number = next(numbers)
            escrow = f"escrow:{number % ESCROWS}"
            return Deed(
                moves=[
                    Move("release", escrow, f"party:{number % 997}:available:USD", 9_700, "USD"),
                    Move("fee", escrow, "platform:fees:USD", 600, "USD"),
                ],
                key=f"release:{number}",
                book=f"book:{number % ESCROWS}",
            )

        def do_one() -> None:
            deed = release()
            move_money(*deed.moves, key=deed.key, book=deed.book)

        def do_batch() -> None:
            move_money_in_batch([release() for _ in range(BATCH)])

        # The driver itself: what Django adds counts against us.
        bare = connection.connection.cursor()

        def floor() -> None:
            bare.execute(FLOOR, {"key": str(next(numbers))})

        do_batch()
        single, batched, bottom = medians(
            lambda: rate(do_one, seconds=SECONDS),
            lambda: BATCH * rate(do_batch, seconds=SECONDS),
            lambda: rate(floor, seconds=SECONDS),
        )
        say(
            Figure(
                "move_money : driver's INSERT of two rows", f"{single:,.0f}/s", single / bottom, 0.5
            ),
            Figure(f"in batches of {BATCH} : one by one", f"{batched:,.0f}/s", batched / single, 5),
            books_are_whole(),
        )


if __name__ == "__main__":
    main()
