"""The row is the queue; the doorbell only says that somebody should look at it now."""

import time

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from kombu.pools import producers

# Seconds for which a silent bell is left alone: a deed may ring at half a dozen doors, and each try
# costs a part of a second.
_REST = 5
# Seconds that one try may take: somebody is at the door, and the provider of payments wants to hear
# within a second that its letter is kept. With what a worker listens to it is more patient.
_IMPATIENT = {"socket_timeout": 0.3, "socket_connect_timeout": 0.3, "max_retries": 0}
_silent_until = 0.0


def ring(task_name: str, *args: int | str) -> None:
    """Wake a worker once the present transaction has committed.

    Robust on purpose: if the broker is down, the committed row waits for the next sweep, and the
    person at the door still gets an answer.
    """

    # A nested function, not a partial: Django names a failed robust callback by __qualname__.
    def knock() -> None:
        global _silent_until
        if time.monotonic() < _silent_until:
            return
        try:
            line = current_app.connection_for_write(transport_options=_IMPATIENT)
            with producers[line].acquire(block=True) as producer:
                current_app.send_task(
                    task_name, args=args, producer=producer, retry=False, ignore_result=True
                )
        except OperationalError:
            _silent_until = time.monotonic() + _REST
            raise

    transaction.on_commit(knock, robust=True)
