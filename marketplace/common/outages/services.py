"""Whoever comes back after a long silence was not there: that is written down as it ends."""

from django.db import transaction

from marketplace.common import clock
from marketplace.common.models import Heartbeat, Outage
from marketplace.common.outages.selectors import BEAT, LONGEST_SILENCE


@transaction.atomic
def note_beat() -> None:
    """Beat was heard just now. If that is the first time for long, there was an outage.

    The lock lets only the first of several at once see the long silence.
    """
    at = clock.wall_time()
    last = Heartbeat.objects.select_for_update().filter(name=BEAT).first()
    if last is None:
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=BEAT, seen_at=at)],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["seen_at"],
        )
        return
    silence = at - last.seen_at
    if silence > LONGEST_SILENCE:
        ended_at = at + clock.offset()
        Outage.objects.create(began_at=ended_at - silence, ended_at=ended_at)
    # A clock of another machine may be a little ahead: nobody is heard earlier than before.
    last.seen_at = max(at, last.seen_at)
    last.save(update_fields=["seen_at"])
