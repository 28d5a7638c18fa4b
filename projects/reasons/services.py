"""Whether a notice still asks for something, asked right before its mail leaves."""

from accounts.notifications.models import Notification
from projects.reasons.rules import REASONS


def why_gone(notice: Notification) -> str | None:
    """Why the reason of this notice has gone; '' where it stands. Belongs into the transaction that
    lets its mail go.

    None where somebody is at work on what it is about: whether the reason stands is known after
    that, and a mail must not wait for a deed while it holds a lock itself. What is asked is asked
    of the row under its lock, so that no deed begins in between.
    """
    reason = REASONS.get(notice.kind)
    if reason is None or not notice.about:
        return ""
    things = reason.of._default_manager.filter(public_id=notice.about)
    free = things.select_for_update(of=("self",), skip_locked=True, no_key=True)
    thing = free.select_related(*reason.joined).first()
    if thing is None:
        return None if things.exists() else "What it was about is gone."
    return reason.why_gone(thing, notice)
