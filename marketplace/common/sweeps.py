"""Walk over what is due: many rows in one transaction, and a failure stops nobody else."""

import logging
from collections.abc import Callable, Iterable

logger = logging.getLogger(__name__)

# Enough rows to make the commit cheap, few enough to keep locks short.
BATCH = 200


def sweep(ids: Iterable[int], act: Callable[[int], object]) -> dict[str, int]:
    """Call ``act`` for each id, each in its own transaction; count what was done and what failed.

    A failure is logged with its row and left for the next sweep.
    """
    counts = {"done": 0, "failed": 0}
    for row_id in ids:
        try:
            act(row_id)
        except Exception:
            logger.exception("%s failed for row %s", getattr(act, "__name__", act), row_id)
            counts["failed"] += 1
        else:
            counts["done"] += 1
    return counts
