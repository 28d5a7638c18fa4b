"""Walk over what is due: a failure stops nobody else."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded

logger = logging.getLogger(__name__)

# How many are looked up at once; what is left is found by the next sweep.
BATCH = 200
# How many are done in one transaction, by deeds that can: their locks are held the longer for it.
TOGETHER = 100
# Seconds after which a sweep leaves the rest to the next one: well within a task's time, even if
# the last row waits for a provider that hangs.
LONGEST = 45
# What a sweep only writes down is there within this time of the house, whose sandbox clock may jump
# by days each second. What is older shows that the sweep stands.
SWEPT_WITHIN = timedelta(days=90)


def _always() -> bool:
    return True


def sweep(
    ids: Iterable[int], act: Callable[[int], object], *, while_: Callable[[], bool] = _always
) -> dict[str, int]:
    """Call ``act`` for each id, each in its own transaction; count what was done and what failed.

    A failure is logged with its row and left for the next sweep, and so is the rest once ``while_``
    says no.
    """

    def one(pks: Sequence[int]) -> int:
        act(pks[0])
        return 1

    return _sweep(([pk] for pk in ids), one, while_)


def sweep_together(
    ids: Sequence[int],
    act: Callable[[Sequence[int]], int],
    *,
    while_: Callable[[], bool] = _always,
) -> dict[str, int]:
    """The same with up to ``TOGETHER`` ids in each transaction, all of which are done or none.

    ``act`` returns how many it has done: some may be in other hands by now. Where some fail, each
    half of them is tried by itself, down to the single row.
    """
    return _sweep((ids[n : n + TOGETHER] for n in range(0, len(ids), TOGETHER)), act, while_)


def _sweep(
    batches: Iterable[Sequence[int]],
    act: Callable[[Sequence[int]], int],
    while_: Callable[[], bool],
) -> dict[str, int]:
    """Batches are taken one at a time: whoever gives them may stop in between (``in_turn``)."""
    counts, started_at = {"done": 0, "failed": 0}, time.monotonic()
    for batch in batches:
        waiting = [batch]
        while waiting:
            if time.monotonic() - started_at > LONGEST or not while_():
                return counts
            pks = waiting.pop()
            try:
                counts["done"] += act(pks)
            except SoftTimeLimitExceeded:
                raise  # nobody's failure: the worker wants this task to end
            except Exception:
                if half := len(pks) // 2:
                    waiting += [pks[half:], pks[:half]]
                    continue
                logger.exception("a sweep failed for row %s", pks[0])
                counts["failed"] += 1
    return counts
