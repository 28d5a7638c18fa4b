"""The watchdog of the demo: who is alive, yet does nothing, is started again.

A worker may hang, or sit idle beside a full queue after its broker came back; its process is there
all the same. ``/readyz`` tells it (marketplace/heartbeats.py); here somebody listens.
"""

import time
from collections.abc import Callable, Iterator

from marketplace.children import Child

# Seconds from look to look, and how long the same must have been said: whoever wakes from a
# machine's sleep needs a moment to be seen.
EVERY, LONG_ENOUGH = 3, 10
# … and how long a new start may take until it is seen at work.
A_NEW_START = 60
# What must be well before anybody else can be blamed.
GROUND = ("database", "broker")
WATCHED = ("worker", "beat")


class Watchdog:
    """Looks at what ``ask`` tells: the parts of /readyz, or nothing where nobody answers."""

    def __init__(self, ask: Callable[[], dict[str, str]]) -> None:
        self.ask = ask
        self.looked_at = float("-inf")
        self.ill_since: dict[str, float] = {}

    def restarted(self, children: list[Child]) -> Iterator[str]:
        """Start again who was idle for too long; a sentence for each."""
        now = time.monotonic()
        if now - self.looked_at < EVERY:
            return
        self.looked_at = now
        told = self.ask()
        for child in children:
            if child.name not in WATCHED:
                continue
            said = told.get(child.name, "ok")
            if said == "ok" or any(told.get(part) != "ok" for part in GROUND):
                self.ill_since.pop(child.name, None)
            elif now - self.ill_since.setdefault(child.name, now) >= LONG_ENOUGH:
                self.ill_since[child.name] = now + A_NEW_START
                yield child.start_again(f"is alive, but {said},")
