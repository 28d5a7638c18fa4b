"""What a warning costs when its time has come, with few of them due and with very many.

Ten times as many are not due yet. Each stands on a milestone of its own: its lock is taken, its
reason is judged, both sides get a notice, and it is marked as told, a thousand in a transaction.
The floor is the least that a sweep of rows can be: one statement that finds a thousand that are
due, marks them and says which, without looking at anything else. Beside it, what PostgreSQL alone
can do with the notices: the same statement, which also copies two finished ones for each row.

``python -m bench due_times --due=1000000`` says how many; it needs about three kilobytes of disk
for each.
"""

import sys
import time
from datetime import timedelta
from typing import Any

from bench.house import IS_QUICK, ROUNDS, Figure, house, medians, say

FEW = 1_000 if IS_QUICK else 10_000
MANY = int(
    next(
        (word.partition("=")[2] for word in sys.argv if word.startswith("--due=")),
        20_000 if IS_QUICK else 1_000_000,
    )
)
LATER_EACH = 10
EACH = 100  # milestones of a contract
TOGETHER = 1_000
# Batches of each kind in a round; the rounds take them in turns.
BATCHES = 1 if IS_QUICK else 5

CLAIM = """
UPDATE projects_reminder SET told_at = now() WHERE id IN (
    SELECT id FROM projects_reminder WHERE told_at IS NULL AND due_at <= now()
    ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING id
"""
CLAIM_AND_TELL = """
WITH claimed AS ({claim})
INSERT INTO accounts_notification ({names})
SELECT {columns} FROM claimed, accounts_notification told WHERE told.id = ANY(%s)
"""
DUE = """
INSERT INTO projects_reminder (milestone_id, kind, due_at)
SELECT id, 'review_half_over', now() - interval '1 day' + id * interval '1 microsecond'
FROM projects_milestone WHERE id > %(after)s ORDER BY id LIMIT %(many)s
"""
LATER = """
INSERT INTO projects_reminder (milestone_id, kind, due_at)
SELECT id, 'review_half_over', now() + n * interval '30 days' + id * interval '1 microsecond'
FROM generate_series(1, %(each)s) n, projects_milestone
"""


def main() -> None:
    with house():
        from django.db import connection

        from tests.world import person, submitted_milestone

        pattern = submitted_milestone(person("Ada"), person("Ben"))
        pattern.reminders.all().delete()
        # Delivered before what is told of it: a warning of an earlier delivery has lost its reason.
        pattern.submitted_at -= timedelta(days=2)
        pattern.save()
        in_turns = 3 * ROUNDS * BATCHES * TOGETHER
        with connection.cursor() as cursor:
            # PostgreSQL lets nobody make a row in a later state than its first, but for this.
            cursor.execute("SET session_replication_role = replica")
            _copy(cursor, pattern, FEW + in_turns + MANY)
            cursor.execute("SET session_replication_role = origin")
            cursor.execute(LATER, {"each": LATER_EACH})
            _make_due(cursor, after=pattern.pk, many=FEW)
            cursor.execute("VACUUM ANALYZE")
            few = _tell_all(FEW)
            _make_due(cursor, after=pattern.pk + FEW, many=in_turns)
            floor, swept, in_sql = medians(_claimed, _told, _told_by_sql)
            _make_due(cursor, after=pattern.pk + FEW + in_turns, many=MANY)
            cursor.execute("VACUUM ANALYZE")
        many = _tell_all(MANY)
        say(
            Figure(
                f"a warning told of {MANY:,} : of {FEW:,} that are due",
                f"{1_000_000 / many:,.0f} µs",
                many / few,
                0.8,
            ),
            Figure(
                "warnings told : rows claimed by one bare UPDATE",
                f"{swept:,.0f}/s : {floor:,.0f}/s",
                swept / floor,
                0.25,
            ),
            Figure(
                "finished notices copied by that same UPDATE : rows claimed by it",
                f"{in_sql:,.0f}/s : {floor:,.0f}/s",
                in_sql / floor,
            ),
            _each_was_told_once(FEW + 2 * in_turns // 3 + MANY),
        )


def _copy(cursor: Any, pattern: Any, many: int) -> None:
    """So many milestones like this one, each with an escrow and money of its own, a hundred to a
    contract.

    Their contracts' postings and bids are not there: no warning looks at them.
    """
    from payments.ledger import chart
    from payments.ledger.models import LedgerAccount

    contract = pattern.contract
    # Where nothing is held, silence approves nothing, and no warning says so.
    money = LedgerAccount.objects.get(key=chart.escrow(pattern.escrow.public_id))
    key = {"id": "id + 1000 + n", "key": "'escrow:es_' || lpad(n::text, 12, '0')"}
    _copy_row(cursor, money, many, key)
    _copy_row(cursor, pattern.escrow, many, {"public_id": "'es_' || lpad(n::text, 12, '0')"})
    _copy_row(
        cursor,
        contract,
        many // EACH + 1,
        {
            "public_id": "'ct_' || lpad(n::text, 12, '0')",
            "posting_id": "posting_id + n",
            "bid_id": "bid_id + n",
        },
    )
    _copy_row(
        cursor,
        pattern,
        many,
        {
            "public_id": "'ms_' || lpad(n::text, 12, '0')",
            "contract_id": f"contract_id + 1 + n / {EACH}",
            "position": f"n %% {EACH}",
            "place": f"n %% {EACH}",
            "escrow_id": "escrow_id + n",
        },
    )


def _copy_row(cursor: Any, row: Any, many: int, own: dict[str, str]) -> None:
    """``own``: what the ``n``-th has of its own, as SQL. Without an id it follows the row's."""
    own = {"id": "id + n"} | own
    columns = {
        name: own.get(name, f'"{name}"')
        for name in (field.column for field in row._meta.concrete_fields)
    }
    table, names = row._meta.db_table, ", ".join(f'"{name}"' for name in columns)
    cursor.execute(
        f"INSERT INTO {table} ({names}) SELECT {', '.join(columns.values())} "
        f"FROM {table}, generate_series(1, %s) n WHERE id = %s",
        [many, row.pk],
    )


def _make_due(cursor: Any, *, after: int, many: int) -> None:
    cursor.execute(DUE, {"after": after, "many": many})


def _tell_all(many: int) -> float:
    """How many a second, until the sweep finds none."""
    from projects.tasks import tell_reminders

    began, told = time.perf_counter(), 0
    while found := tell_reminders()["done"]:
        told += found
    assert told == many, (told, many)
    return many / (time.perf_counter() - began)


def _told() -> float:
    """By the sweep, as many as the floor claims in its turn."""
    from projects.milestones.selectors import due_reminder_ids
    from projects.milestones.warnings.services import tell_reminders

    began = time.perf_counter()
    for _ in range(BATCHES):
        assert tell_reminders(reminder_ids=due_reminder_ids(limit=TOGETHER)) == TOGETHER
    return BATCHES * TOGETHER / (time.perf_counter() - began)


def _claimed() -> float:
    from django.db import connection

    began = time.perf_counter()
    for _ in range(BATCHES):
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [TOGETHER])
            assert len(cursor.fetchall()) == TOGETHER
    return BATCHES * TOGETHER / (time.perf_counter() - began)


def _told_by_sql() -> float:
    """Both sides of each, and nothing is locked, judged or put into words."""
    from django.db import connection

    from accounts.notifications.models import Notification

    patterns = list(Notification.objects.order_by("pk").values_list("pk", flat=True)[:2])
    own = {
        "public_id": "'no_' || substr(md5(claimed.id::text || told.id::text), 1, 16)",
        "key": "'bench_' || claimed.id::text",
        "kind": "'review_half_over'",
    }
    columns = {
        name: own.get(name, f'told."{name}"')
        for name in (field.column for field in Notification._meta.concrete_fields)
        if name != "id"
    }
    statement = CLAIM_AND_TELL.format(
        claim=CLAIM,
        names=", ".join(f'"{name}"' for name in columns),
        columns=", ".join(columns.values()),
    )
    began = time.perf_counter()
    for _ in range(BATCHES):
        with connection.cursor() as cursor:
            cursor.execute(statement, [TOGETHER, patterns])
            assert cursor.rowcount == 2 * TOGETHER
    return BATCHES * TOGETHER / (time.perf_counter() - began)


def _each_was_told_once(many: int) -> Figure:
    from accounts.notifications.models import Notification
    from projects.milestones.models import Reminder

    told = Notification.objects.filter(kind="review_half_over").count()
    waiting = Reminder.objects.filter(told_at=None).count()
    if told != 2 * many:
        sys.exit(f"{told:,} notices of {many:,} warnings")
    return Figure("the notices after it", f"{told:,}, and {waiting:,} are not due")


if __name__ == "__main__":
    main()
