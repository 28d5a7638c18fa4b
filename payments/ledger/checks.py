"""Proof that the books are whole: each function returns what is wrong, as sentences."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from payments.ledger import chart
from payments.ledger.models import AccountSnapshot, Book, LedgerAccount, PresentHorizon, Transfer

# When a guard of the books stands up, and what it does then, in PostgreSQL's own words.
_FINAL = "EXECUTE FUNCTION payments_transfer_is_final()"
_ONE_WRITER = "EXECUTE FUNCTION payments_books_have_one_writer()"
_POLICY = "EXECUTE FUNCTION payments_policy_is_final()"
_BY_ANOTHER = "WHEN (current_setting('search_path'::text) !~~ '%, payments_move_money'::text)"
_ALL, _EACH = "FOR EACH STATEMENT", "FOR EACH ROW"
GUARDS = {
    "payments_transfer": {
        "transfers_have_one_writer": ("BEFORE INSERT", f"{_ALL} {_BY_ANOTHER} {_ONE_WRITER}"),
        "transfer_is_final": ("BEFORE DELETE OR UPDATE", f"{_EACH} {_FINAL}"),
        "transfers_stay": ("BEFORE TRUNCATE", f"{_ALL} {_FINAL}"),
    },
    "payments_ledgeraccount": {
        "accounts_have_one_writer": (
            "BEFORE INSERT OR UPDATE",
            f"{_ALL} {_BY_ANOTHER} {_ONE_WRITER}",
        ),
        "accounts_stay_what_they_are": (
            "BEFORE UPDATE OF id, key, currency",
            f"{_ALL} {_ONE_WRITER}",
        ),
        "accounts_stay": ("BEFORE DELETE", f"{_EACH} {_ONE_WRITER}"),
        "accounts_stay_all": ("BEFORE TRUNCATE", f"{_ALL} {_ONE_WRITER}"),
    },
    "payments_policy": {
        "policies_are_final": (
            "BEFORE UPDATE",
            f"{_EACH} WHEN (old.* IS DISTINCT FROM new.*) {_POLICY}",
        ),
        "policies_stay": ("BEFORE DELETE", f"{_EACH} {_POLICY}"),
    },
    "payments_book": {
        "heads_have_one_writer": (
            "BEFORE INSERT OR UPDATE",
            f"{_ALL} {_BY_ANOTHER} {_ONE_WRITER}",
        ),
        "heads_stay": ("BEFORE DELETE", f"{_EACH} {_ONE_WRITER}"),
        "heads_stay_all": ("BEFORE TRUNCATE", f"{_ALL} {_ONE_WRITER}"),
    },
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHUNK = 2_000


# One pass over the transfers, however many accounts there are.
_ACCOUNTS_WITH_SUMS = """
WITH sums AS (
    SELECT id, sum(change) AS moved
    FROM (SELECT target_id AS id, amount AS change FROM payments_transfer
          UNION ALL SELECT source_id, -amount FROM payments_transfer) sides
    GROUP BY id
)
SELECT key, currency, balance, coalesce(moved, 0)
FROM payments_ledgeraccount LEFT JOIN sums USING (id)
ORDER BY key
"""


def _accounts_with_sums() -> Iterator[tuple[str, str, int | None, int]]:
    """Key, currency, what is kept and what the transfers add up to."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS_WITH_SUMS)
        for key, currency, kept, moved in cursor:
            yield key, currency, kept, int(moved)


def everything_sums_to_zero() -> list[str]:
    """Per currency: what is kept and what is summed. Each balance belongs to somebody."""
    sums: defaultdict[str, int] = defaultdict(int)
    for key, currency, kept, moved in _accounts_with_sums():
        sums[currency] += moved if kept is None else -kept if chart.is_owed(key) else kept
    return [
        f"All accounts in {currency} sum to {total}, not to zero."
        for currency, total in sorted(sums.items())
        if total
    ]


def kept_balances_are_their_transfers() -> list[str]:
    """What is owed to us is counted on the other side."""
    return [
        f"{key} keeps {kept}, its transfers sum to {moved}."
        for key, _, kept, moved in _accounts_with_sums()
        if kept is not None and kept != (-moved if chart.is_owed(key) else moved)
    ]


def accounts_keep_what_their_kind_keeps() -> list[str]:
    """The platform's own are summed, everybody else's are kept."""
    own = reduce(or_, (Q(key__startswith=start) for start in chart.SUMMED))
    wrong = LedgerAccount.objects.filter(
        own & Q(balance__isnull=False) | ~own & Q(balance__isnull=True)
    )
    return [f"{account.key} keeps {account.balance}." for account in wrong.order_by("key")]


def snapshots_are_their_transfers() -> list[str]:
    """A snapshot is what all transfers below its horizon sum to, whoever commits how late."""

    def total(side: str) -> Coalesce:
        moved = Transfer.objects.filter(
            **{side: OuterRef("account_id")}, written_in__lt=OuterRef("horizon")
        )
        totals = moved.order_by().values(side).annotate(total=Sum("amount"))
        return Coalesce(Subquery(totals.values("total")), Value(0))

    wrong = (
        AccountSnapshot.objects.filter(horizon__lte=PresentHorizon())
        .annotate(moved=total("target") - total("source"))
        .exclude(balance=F("moved"))
    )
    return [
        f"The snapshot of {snapshot.account} says {snapshot.balance}, its transfers sum to "
        f"{snapshot.moved}."
        for snapshot in wrong.select_related("account").order_by("account__key")
    ]


def transfers_join_accounts_of_one_currency() -> list[str]:
    """What a foreign key would prove, and the one currency of both sides."""

    def currency_of(side: str) -> Coalesce:
        accounts = LedgerAccount.objects.filter(pk=OuterRef(side))
        return Coalesce(Subquery(accounts.values("currency")), Value("nothing"))

    wrong = Transfer.objects.annotate(
        of_source=currency_of("source_id"), of_target=currency_of("target_id")
    ).exclude(of_source=F("currency"), of_target=F("currency"))
    return [
        f"{transfer} moves {transfer.currency} between accounts in "
        f"{transfer.of_source} and {transfer.of_target}."
        for transfer in wrong.order_by("pk")
    ]


def chains_are_unbroken() -> list[str]:
    """Each link names the one before, is the hash of what it says, and the head is the last."""
    findings: list[str] = []
    ends: dict[str, tuple[int, str]] = {}
    links = (
        Transfer.objects.exclude(book="")
        .order_by("book", "sequence")
        .annotate(from_key=F("source__key"), to_key=F("target__key"))
    )
    for link in links.iterator(chunk_size=CHUNK):
        last, head = ends.get(link.book, (0, ""))
        if link.sequence != last + 1:
            findings.append(f"{link.book} has no line between {last} and {link.sequence}.")
        if link.previous_hash != head:
            findings.append(f"{link.book} line {link.sequence} does not follow the line before.")
        if link.hash != link_hash(link, link.from_key, link.to_key):
            findings.append(f"{link.book} line {link.sequence} is not what was signed.")
        ends[link.book] = (link.sequence, link.hash)
    return findings + _heads_that_differ(ends)


def _heads_that_differ(ends: dict[str, tuple[int, str]]) -> list[str]:
    findings = [
        f"The head of {book.key} is not its last line."
        for book in Book.objects.iterator(chunk_size=CHUNK)
        if (book.sequence, book.head) != ends.pop(book.key, (0, ""))
    ]
    return findings + [f"{key} has lines and no head." for key in ends]


def link_hash(link: Transfer, source: str, target: str) -> str:
    """The link as the SQL function computes it: SHA-256 over its parts, joined by bars."""
    parts = [
        link.previous_hash,
        link.book,
        link.sequence,
        link.key,
        link.position,
        link.kind,
        source,
        target,
        link.amount,
        link.currency,
        (link.created_at - EPOCH) // timedelta(microseconds=1),
    ]
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def guards_of_the_books_stand() -> list[str]:
    """Every trigger that refuses what no deed may do is there and switched on, stands up at what
    it always did, and calls the function that refuses.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_triggerdef(oid, true) FROM pg_trigger WHERE tgenabled IN ('O', 'A')"
        )
        standing = {definition for (definition,) in cursor.fetchall()}
    return [
        f"Nothing guards {table} as {name} did."
        for table, guards in GUARDS.items()
        for name, (when, then) in guards.items()
        if f"CREATE TRIGGER {name} {when} ON {table} {then}" not in standing
    ]


CHECKS = [
    guards_of_the_books_stand,
    everything_sums_to_zero,
    kept_balances_are_their_transfers,
    accounts_keep_what_their_kind_keeps,
    snapshots_are_their_transfers,
    transfers_join_accounts_of_one_currency,
    chains_are_unbroken,
]
