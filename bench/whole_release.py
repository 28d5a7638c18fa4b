"""The whole release of a milestone, alone and by the sweep, against its ledger deed alone.

Whole is: the locks, the judgement, the states of milestone and escrow, the ledger, the earning,
the line of the timeline, the notices and their bells. The people trade through the front door once;
what is measured are copies of what they left.
"""

import copy
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from bench.house import IS_QUICK, ROUNDS, Figure, books_are_whole, house, medians, rate, say

PAIRS = 4
SINGLE = 50 if IS_QUICK else 200
SWEPT = 200 if IS_QUICK else 1_000
SECONDS = 1 if IS_QUICK else 2


def main() -> None:
    with house():
        from django.db import connection

        from accounts.people.models import User
        from payments.ledger.services import Move, move_money
        from projects.milestones.services import release_milestone
        from tests.world import person, submitted_milestone

        patterns = [
            submitted_milestone(person(f"Ada {number}"), person(f"Ben {number}"))
            for number in range(PAIRS)
        ]
        with connection.cursor() as cursor:
            # PostgreSQL lets nobody make a row in a later state than its first, but for this.
            cursor.execute("SET session_replication_role = replica")
            alone = _copies(patterns, (SINGLE + 1) * ROUNDS)
            silent = _copies(patterns, SWEPT * ROUNDS)
            bare = _copies(patterns, PAIRS * 250)
            cursor.execute("SET session_replication_role = origin")
            cursor.execute("VACUUM ANALYZE")
        clients = {
            user.memberships.get().party_id: user
            for user in User.objects.filter(name__startswith="Ada")
        }
        to_do, numbers = iter(alone), count()

        def release() -> None:
            milestone = next(to_do)
            # As the door brings them: nothing is known of them yet.
            by = copy.copy(clients[milestone.contract.client_id])
            release_milestone(milestone_id=milestone.pk, by=by)

        def ledger_alone() -> None:
            """Its moves, of one unit each: these escrows stay held."""
            number = next(numbers)
            escrow = bare[number % len(bare)].escrow
            purse = f"escrow:{escrow.public_id}"
            payee = f"party:{escrow.payee.public_id}:available:USD"
            move_money(
                Move("release", purse, payee, 1, "USD"),
                Move("freelancer_fee", purse, "platform:fees:USD", 1, "USD"),
                Move("client_fee", purse, "platform:fees:USD", 1, "USD"),
                key=f"bench:{number}",
                book=escrow.book,
            )

        queries = _queries_of(release)
        whole, swept, ledger = medians(
            lambda: _rate_of(SINGLE, lambda: [release() for _ in range(SINGLE)]),
            lambda: _sweep(silent),
            lambda: rate(ledger_alone, seconds=SECONDS),
        )
        say(
            Figure(
                f"whole release ({queries} queries) : its ledger deed",
                f"{whole:,.0f}/s",
                whole / ledger,
                0.3,
            ),
            Figure("by the sweep : whole release", f"{swept:,.0f}/s", swept / whole, 3),
            books_are_whole(),
        )


def _rate_of(many: int, act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return many / (time.perf_counter() - began)


def _sweep(silent: list[Any]) -> float:
    """The review of some of them is over, and the sweep comes until none is left."""
    from marketplace.common.clock import now
    from projects.milestones.models import Milestone
    from projects.tasks import release_unreviewed_milestones

    due = [silent.pop().pk for _ in range(SWEPT)]
    Milestone.objects.filter(pk__in=due).update(review_ends_at=now())

    def sweep() -> None:
        while found := release_unreviewed_milestones()["done"]:
            assert found
        assert not Milestone.objects.filter(pk__in=due).exclude(status="released").exists()

    return _rate_of(SWEPT, sweep)


def _queries_of(act: Callable[[], object]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        act()
    return len(queries)


def _copies(patterns: list[Any], many: int) -> list[Any]:
    """So many more submitted milestones, each with its posting, bid, contract, payment and book."""
    from payments.fundings.models import Payment
    from payments.ledger.services import Deed, Move, move_money_in_batch
    from projects.milestones.models import Reminder

    def copied(things: list[Any], **links: list[Any]) -> list[Any]:
        """New rows like these, each tied to its own of ``links``."""
        rows = []
        for place, thing in enumerate(things):
            row = copy.copy(thing)
            row.pk, row._state = None, copy.copy(thing._state)
            row._state.fields_cache = {}
            if hasattr(row, "public_id"):
                row.public_id = type(row)._meta.get_field("public_id").get_default()
            for name, owners in links.items():
                setattr(row, name, owners[place])
            rows.append(row)
        return type(rows[0]).objects.bulk_create(rows)

    made: list[Any] = []
    for some in _sizes(many, 500):
        like = [patterns[place % len(patterns)] for place in range(some)]
        postings = copied([it.contract.posting for it in like])
        bids = copied([it.contract.bid for it in like], posting=postings)
        contracts = copied([it.contract for it in like], posting=postings, bid=bids)
        names = [contract.public_id for contract in contracts]
        escrows = copied([it.escrow for it in like], book=names)
        milestones = copied(like, contract=contracts, escrow=escrows)
        for reminder in range(3):
            reminders = [list(it.reminders.order_by("pk"))[reminder] for it in patterns]
            copied([reminders[n % len(reminders)] for n in range(some)], milestone=milestones)
        paid = {it.paid_for: it for it in Payment.objects.filter(status="succeeded")}
        payments = copied(
            [paid[it.escrow.public_id] for it in like],
            paid_for=[escrow.public_id for escrow in escrows],
            **{
                name: [f"{name}_{escrow.pk}" for escrow in escrows]
                for name in ("intent_id", "charge_id", "session_id")
            },
        )
        move_money_in_batch(
            [
                Deed(
                    moves=[Move("fund", "provider:stripe:USD", f"escrow:{name}", it.amount, "USD")],
                    key=f"{it.public_id}:succeed",
                    book=escrow.book,
                )
                for it, escrow in zip(payments, escrows, strict=True)
                for name in [escrow.public_id]
            ]
        )
        made += milestones
    assert Reminder.objects.count() >= len(made)
    return made


def _sizes(many: int, most: int) -> Iterator[int]:
    for first in range(0, many, most):
        yield min(most, many - first)


if __name__ == "__main__":
    main()
