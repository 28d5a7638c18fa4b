"""When a client is reminded that the time to choose ends, and until when that is worth reading."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from marketplace.common.clock import now
from projects.bids.models import LIVE
from projects.postings.awards import taken_of
from projects.postings.models import Posting

# How long before the time to choose ends its client hears of it.
AHEAD = timedelta(days=3)


def key_of_reminder(posting: Posting, choose_by: datetime) -> str:
    """Nobody is reminded twice of one date, and of another one again."""
    return f"{posting.public_id}:choose_by:{choose_by.isoformat()}"


def why_reminder_has_gone(posting: Posting, key: str) -> str:
    """Why nobody needs the reminder under this key any more; '' where its reason stands."""
    if posting.status != Posting.Status.OPEN:
        return gettext_noop("The posting is not open any more.")
    if taken_of(posting) >= posting.awards:
        return gettext_noop("Every award is made or offered.")
    if not posting.bids.filter(status__in=LIVE, valid_until__gt=now()).exists():
        return gettext_noop("No bid is left to choose.")
    choose_by = posting.choose_by
    if choose_by is None or choose_by <= now() or key != key_of_reminder(posting, choose_by):
        return gettext_noop("The time to choose ends on another date, or is over.")
    return ""
