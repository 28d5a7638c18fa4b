"""How long the provider knows what was asked for under a key."""

from datetime import datetime, timedelta

from marketplace.common.clock import now, refresh

# It forgets a key after a day at the earliest.
_LIFE = timedelta(hours=20)


def may_be_forgotten(asked_at: datetime) -> bool:
    """Whether a key first used then may be news to the provider: look first what came of it.

    By the clock of this moment, and not of when the task began: it may have been stopped since, for
    as long as a sandbox clock can be moved.
    """
    refresh()
    return asked_at < now() - _LIFE
