"""Walk over what is due: each row in its own transaction, so that a failure stops nobody else."""

import logging
import time
from collections.abc import Callable, Iterable

from celery.exceptions import SoftTimeLimitExceeded

logger = logging.getLogger(__name__)

# How many are looked up at once; what is left is found by the next sweep.
BATCH = 200
# Seconds after which a sweep leaves the rest to the next one: well within a task's time, even if
# the last row waits for a provider that hangs.
LONGEST = 45


def sweep(ids: Iterable[int], act: Callable[[int], object]) -> dict[str, int]:
    """Call ``act`` for each id, each in its own transaction; count what was done and what failed.

    A failure is logged with its row and left for the next sweep.
    """
    counts = {"done": 0, "failed": 0}
    started_at = time.monotonic()
    for row_id in ids:
        if time.monotonic() - started_at > LONGEST:
            break
        try:
            act(row_id)
        except SoftTimeLimitExceeded:
            raise  # nobody's failure: the worker wants this task to end
        except Exception:
            logger.exception("%s failed for row %s", getattr(act, "__name__", act), row_id)
            counts["failed"] += 1
        else:
            counts["done"] += 1
    return counts
