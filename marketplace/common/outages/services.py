"""Whoever comes back after a long silence was not there: that is written down as it ends."""

from django.db import transaction

from marketplace.common import clock
from marketplace.common.models import Heartbeat, Outage
from marketplace.common.outages.selectors import BEAT, LONGEST_SILENCE, WEB, watched


@transaction.atomic
def note_heard(name: str = BEAT) -> None:
    """One of those without whom the house is not at work was heard just now. If that is the first
    time for long, there was an outage.

    The locks let only the first of several at once see the long silence. All that were silent in
    one outage are heard with its end: no time is made up for twice.
    """
    at = clock.wall_time()
    found = Heartbeat.objects.select_for_update().filter(name__in=watched()).order_by("name")
    known = {heard.name: heard for heard in found}
    last = known.get(name)
    if last is None:
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=name, seen_at=at)],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["seen_at"],
        )
        return
    heard = [last]
    if at - last.seen_at > LONGEST_SILENCE:
        heard, ended_at = list(known.values()), at + clock.offset()
        # Whoever was silent first began it, whoever of them is heard first.
        silence = at - min(one.seen_at for one in heard)
        Outage.objects.create(began_at=ended_at - silence, ended_at=ended_at)
    for one in heard:
        # A clock of another machine may be a little ahead: nobody is heard earlier than before.
        one.seen_at = max(at, one.seen_at)
    Heartbeat.objects.bulk_update(heard, ["seen_at"])


@transaction.atomic
def forget_web() -> None:
    """Nobody looks for web any more: it is not silent, however late somebody looks again."""
    Heartbeat.objects.filter(name=WEB).delete()
