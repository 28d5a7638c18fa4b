"""The SQL function that moves money, by many sessions at once, against the least an escrow needs.

The deed is a release: escrow → payee, escrow → fees, with key, cover, currency, kept balances and
hash chain, durable. The floor inserts the same two rows into a table with the same indexes and
updates the same two balances, with the same room on each page, and checks nothing.
"""

from collections.abc import Callable
from functools import partial

from bench.house import IS_QUICK, Figure, books_are_whole, fund, house, medians, pgbench, say

ESCROWS = 5_000 if IS_QUICK else 50_000
PAYEES = 1_000
SECONDS = 1 if IS_QUICK else 3
SLOW_FLUSH = "-c commit_delay=1000 -c commit_siblings=0"

TABLES = f"""
CREATE TABLE bench_account (LIKE payments_ledgeraccount INCLUDING ALL) WITH (fillfactor = 60);
CREATE TABLE bench_transfer (LIKE payments_transfer INCLUDING ALL);
INSERT INTO bench_account (id, key, currency, balance)
SELECT n, 'account:' || n, 'USD', 1000000000000 FROM generate_series(1, {ESCROWS + PAYEES}) n;
CREATE SEQUENCE bench_key CACHE 1000;
CREATE FUNCTION bench_floor(p_key bigint, p_escrow bigint, p_payee bigint, p_fees bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench_transfer (key, position, kind, source_id, target_id, amount, currency, book,
                                sequence, previous_hash, hash, created_at) VALUES
        ('release:' || p_key, 0, 'release', p_escrow, p_payee, 9700, 'USD', 'book:' || p_escrow,
         p_key * 2, repeat('a', 64), repeat('b', 64), now()),
        ('release:' || p_key, 1, 'fee', p_escrow, p_fees, 600, 'USD', 'book:' || p_escrow,
         p_key * 2 + 1, repeat('b', 64), repeat('c', 64), now());
    UPDATE bench_account SET balance = balance - 10300 WHERE id = p_escrow;
    UPDATE bench_account SET balance = balance + 9700 WHERE id = p_payee;
END
$$;
ANALYZE;
"""
DRAW = f"""
\\set escrow random(1, {ESCROWS})
\\set payee random(1, {PAYEES})
"""
FLOOR = f"""{DRAW}
SELECT bench_floor(nextval('bench_key'), :escrow, :payee + {ESCROWS}, 0);
"""


def release(fees: str) -> str:
    """The fees account as an expression: one for all, or one of a thousand.

    A colon before a letter would be a variable of pgbench, hence chr(58).
    """
    return f"""{DRAW}
SELECT payments_move_money(
    'release' || chr(58) || nextval('bench_key'), 'book' || chr(58) || :escrow::bigint - 1, now(),
    '{{release, fee}}', array_fill('escrow' || chr(58) || :escrow::bigint - 1, '{{2}}'),
    ARRAY[format('party%1$s%2$s%1$savailable%1$sUSD', chr(58), :payee::bigint),
          format('platform%1$sfees%2$s%1$sUSD', chr(58), {fees})],
    '{{9700, 600}}', '{{USD, USD}}');
"""


HOT, UNIFORM = release("''::text"), release("chr(58) || :payee::bigint")


def main() -> None:
    with house() as postgres:
        from django.db import connection

        fund(ESCROWS)
        with connection.cursor() as cursor:
            cursor.execute(TABLES)

        run = partial(pgbench, postgres, seconds=SECONDS)
        for script in (FLOOR, HOT, UNIFORM):  # warms the caches and opens the accounts
            run(script, clients=8)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        for clients in (8, 16):
            _compare(clients, partial(run, clients=clients))
        say(books_are_whole())


def _compare(clients: int, run: Callable[..., float]) -> None:
    floor, hot, uniform = medians(*(partial(run, script) for script in (FLOOR, HOT, UNIFORM)))
    who = f"SQL function, {clients} clients"
    say(
        Figure(f"{who} : bare rows", f"{hot:,.0f}/s", hot / floor, 0.6),
        Figure(f"{who}, one fees account : a thousand", f"{hot:,.0f}/s", hot / uniform, 0.95),
    )
    slow = partial(run, options=SLOW_FLUSH)
    floor, hot = medians(partial(slow, FLOOR), partial(slow, HOT))
    say(Figure(f"{who}, 1 ms flush : bare rows", f"{hot:,.0f}/s", hot / floor, 0.75))


if __name__ == "__main__":
    main()
