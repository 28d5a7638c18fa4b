"""Walk over what is due: a failure stops nobody else."""

import logging
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Model

logger = logging.getLogger(__name__)

Row = TypeVar("Row", bound=Hashable)

# How many are looked up at once; what is left is found by the next sweep.
BATCH = 200
# Seconds after which a sweep leaves the rest to the next one: well within a task's time, even if
# the last row waits for a provider that hangs.
LONGEST = 45
# What a sweep only writes down is there within this time of the house, whose sandbox clock may jump
# by days each second. What is older shows that the sweep stands.
SWEPT_WITHIN = timedelta(days=90)


def _always() -> bool:
    return True


def sweep(
    find: Callable[..., Iterable[Row]],
    act: Callable[[Row], object],
    *,
    of: type[Model] | None = None,
    under: Sequence[str] = (),
    at_once: int = BATCH,
    while_: Callable[[], bool] = _always,
) -> dict[str, int]:
    """Call ``act`` for each row that ``find`` gives, each in its own transaction; count what was
    done and what failed.

    ``find`` is asked for ``at_once`` of them, its ``limit``; where some fail, for others that were
    not tried yet. A failure is logged with its row and left for the next sweep, and so is the rest
    once ``while_`` says no. Rows ``of`` a model are passed over where somebody else is at work on
    them, or on a row that they are ``under``: the foreign keys by whose names ``act`` locks first,
    in that order.
    """

    def one(rows: Sequence[Row]) -> int:
        act(rows[0])
        return 1

    found, done, failed, until = set[Row](), 0, 0, time.monotonic() + LONGEST
    while True:
        # Those that failed are found again, and must keep nobody behind them from being found.
        rows = [row for row in find(limit=at_once + failed) if row not in found]
        found.update(rows)
        if of is not None:
            rows = _in_no_hands(of, under, rows)
        did, missed = _sweep(([row] for row in rows), one, while_, until)
        done, failed = done + did, failed + len(missed)
        if not missed:
            return {"done": done, "failed": failed}


@transaction.atomic
def _in_no_hands(model: type[Model], under: Sequence[str], ids: Sequence[Row]) -> list[Row]:
    """Those of these rows that nobody holds just now, nor what they are ``under``, in their order.

    Whoever holds one ends it, or dies and leaves it to the next sweep: to wait for it would let one
    row keep back all others, and walk two workers in step along one list.
    """
    rows: Any = model._default_manager
    for name in under:
        field: Any = model._meta.get_field(name)
        above = dict(rows.filter(pk__in=ids).values_list("pk", field.attname))
        free = _free(field.related_model, set(above.values()) - {None}) | {None}
        ids = [pk for pk in ids if above.get(pk) in free]
    found = _free(model, ids)
    return [pk for pk in ids if pk in found]


def _free(model: type[Model], ids: Iterable[Any]) -> set[Any]:
    rows: Any = model._default_manager
    free = rows.filter(pk__in=ids).order_by("pk").select_for_update(skip_locked=True, no_key=True)
    return set(free.values_list("pk", flat=True))


def sweep_together(
    find: Callable[..., Sequence[int]],
    act: Callable[[Sequence[int]], int],
    *,
    together: int,
    while_: Callable[[], bool] = _always,
) -> dict[str, int]:
    """The same with up to ``together`` ids in each transaction, all of which are done or none,
    until none is left: ``find`` is asked again for the next ones, at most its ``limit``.

    ``act`` returns how many it has done: some may be in other hands by now. Where some fail, each
    half of them is tried by itself, down to the single row.
    """
    counts, failed, until = {"done": 0, "failed": 0}, set[int](), time.monotonic() + LONGEST
    while True:
        # Those that failed are found again, and must keep nobody else from being found.
        found = find(limit=together + len(failed))
        ids = [pk for pk in found if pk not in failed][:together]
        done, missed = _sweep([ids] if ids else [], act, while_, until)
        counts["done"] += done
        failed |= missed
        counts["failed"] = len(failed)
        if not done and not missed:
            return counts


def _sweep(
    batches: Iterable[Sequence[Row]],
    act: Callable[[Sequence[Row]], int],
    while_: Callable[[], bool],
    until: float,
) -> tuple[int, set[Row]]:
    """How many were done, and who failed."""
    done, failed = 0, set[Row]()
    for batch in batches:
        waiting = [batch]
        while waiting:
            if time.monotonic() > until or not while_():
                return done, failed
            pks = waiting.pop()
            try:
                done += act(pks)
            except SoftTimeLimitExceeded:
                raise  # nobody's failure: the worker wants this task to end
            except Exception:
                if half := len(pks) // 2:
                    waiting += [pks[half:], pks[:half]]
                    continue
                logger.exception("a sweep failed for row %s", pks[0])
                failed.add(pks[0])
    return done, failed
