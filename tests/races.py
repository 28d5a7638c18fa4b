"""Several people at the same moment."""

import threading
from collections.abc import Callable

from django.db import connection

from marketplace.common.errors import DomainError


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Do all of them behind one barrier; for each 'done' or the code of its refusal.

    Without the barrier they would queue up politely and prove nothing. Any other failure is
    raised: a race must not hide a crash.
    """
    gate = threading.Barrier(len(acts))
    outcomes: list[str] = [""] * len(acts)
    crashes: list[BaseException] = []

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            gate.wait(timeout=20)
            act()
            outcomes[place] = "done"
        except DomainError as refusal:
            outcomes[place] = refusal.code
        except BaseException as crash:
            crashes.append(crash)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place, act]) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if crashes:
        raise crashes[0]
    return outcomes
