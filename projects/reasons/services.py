"""Whether notices still ask for something, asked right before their mail leaves."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from accounts.notifications.models import Notification
from projects.reasons.rules import REASONS, Reason


def why_gone(notices: Sequence[Notification]) -> dict[int, str | None]:
    """For each notice, by its key, why its reason has gone; '' where it stands. Belongs into the
    transaction that lets their mail go. A query or two for each kind of thing that they are about,
    and a few for the money behind a warning.

    None where somebody is at work on what it is about: whether the reason stands is known after
    that, and a mail must not wait for a deed while it holds a lock itself. What is asked is asked
    of the row under its lock, so that no deed begins in between.
    """
    found: dict[int, str | None] = {notice.pk: "" for notice in notices}
    for reason, asked in _by_thing(notices).items():
        about = {it.about for it in asked}
        things: QuerySet[Any] = reason.as_read(
            reason.of._default_manager.filter(public_id__in=about)
        )
        free = things.select_for_update(of=("self",), skip_locked=True, no_key=True)
        known = {
            thing.public_id: thing for thing in free.select_related(*reason.joined).order_by("pk")
        }
        if missing := about - set(known):
            missing &= set(things.values_list("public_id", flat=True))
        for notice in asked:
            if notice.about in known:
                why = REASONS[notice.kind].why_gone(known[notice.about], notice)
                found[notice.pk] = why
            else:
                busy = notice.about in missing
                found[notice.pk] = None if busy else gettext_noop("What it was about is gone.")
    return found


def _by_thing(notices: Sequence[Notification]) -> dict[Reason, list[Notification]]:
    """Those that ask for something, under one of the reasons that read the same rows as theirs."""
    readers: dict[tuple, Reason] = {}
    grouped = defaultdict(list)
    for notice in notices:
        reason = REASONS.get(notice.kind)
        if reason is not None and notice.about:
            rows = (reason.of, reason.joined, reason.as_read)
            grouped[readers.setdefault(rows, reason)].append(notice)
    return grouped
