"""How often something is done: for our own environment and for that of the others."""

import time
from collections.abc import Callable


def rate(act: Callable[[], object], *, seconds: float) -> float:
    """How often a second it is done, one after the other."""
    done, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        act()
        done += 1
    return done / passed
