"""The processes under the supervisor's eyes: who ends is started again, until it gets too much."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from marketplace import processes
from marketplace.processes import Trouble

# A process that dies is started again so many times within a minute; then something is wrong.
RESTARTS = 3


@dataclass
class Child:
    """A process under supervision."""

    name: str
    start: Callable[[], Popen[bytes]]
    log: Path
    process: Popen[bytes] | None = None
    deaths: deque[float] = field(default_factory=deque)

    def died(self) -> int | None:
        """Its exit status, once it has ended."""
        return None if self.process is None else self.process.poll()

    def start_again(self, why: str) -> str:
        """End what is left of it and start it anew; the sentence that says so.

        ``why`` goes on where “The process “web” …” begins. Raises Trouble where it keeps stopping.
        """
        now = time.monotonic()
        self.deaths.append(now)
        while self.deaths[0] < now - 60:
            self.deaths.popleft()
        if len(self.deaths) > RESTARTS:
            raise Trouble(f"The process “{self.name}” keeps stopping.", self.log)
        line = f"The process “{self.name}” {why} and is started again."
        with self.log.open("a") as log:
            log.write(f"{time.strftime('%F %T')} {line}\n")
        if self.process is not None:
            processes.stop(self.process)  # what it started may have outlived it
        self.process = self.start()
        return line


def revived(children: list[Child]) -> Iterator[str]:
    """Start again who has ended; a sentence for each."""
    for child in children:
        if (status := child.died()) is not None:
            yield child.start_again(f"stopped (status {status})")
