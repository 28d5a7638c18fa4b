"""Several at the same moment: without a gate they queue up politely and prove nothing."""

import threading
from collections import Counter
from collections.abc import Callable

from django.db import connection


def at_once(act: Callable[[int], object], *, people: int = 8) -> Counter[str]:
    """Let everybody act behind one barrier; how often which outcome: "done" or an error's name."""
    outcomes: list[str] = []
    gate = threading.Barrier(people)

    def one(number: int) -> None:
        connection.ensure_connection()
        gate.wait()
        try:
            act(number)
            outcomes.append("done")
        except Exception as refusal:
            outcomes.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(outcomes)
