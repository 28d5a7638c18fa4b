"""How a mail ends without leaving; the caller holds the locks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop

from accounts.notifications.models import Notification
from accounts.notifications.preferences.kinds import OPTIONAL
from accounts.notifications.preferences.selectors import is_wanted
from marketplace.common.clock import now

HAS_LEFT = gettext_noop("Its reader has left.")

# For each notice, by its key, why its reason has gone; '' where it stands, None where a deed that
# is under way will tell. Who calls knows the floors above, of which this one knows nothing.
Judge = Callable[[Sequence[Notification]], Mapping[int, str | None]]


def why_unwanted(notice: Notification) -> str:
    """Not wanted at all, or optional and read in the house; '' where neither."""
    if not is_wanted(notice.recipient, notice.kind):
        return gettext_noop("Its reader wants no mail of this kind.")
    if notice.kind in OPTIONAL and notice.read_at is not None:
        return gettext_noop("It was read in the house.")
    return ""


def call_off(why: str, *notices: Notification) -> None:
    """Nothing is wrong, and they never leave."""
    _of(notices).update(mail_due_at=None, mail_called_off=why, mail_failure="", mail_failed_at=None)


def give_up(reason: str, *notices: Notification) -> None:
    """No further attempt by itself: the desk looks after them."""
    note_failure(reason, *notices, next_at=None)


def note_failure(reason: str, *notices: Notification, next_at: datetime | None) -> None:
    """An attempt failed; the next is at that time, or none."""
    _of(notices).update(
        mail_due_at=next_at,
        mail_failure=reason,
        mail_failed_at=Coalesce(F("mail_failed_at"), Value(now())),
    )


def note_mailed(*notices: Notification) -> None:
    """They have left."""
    _of(notices).update(mailed_at=now(), mail_due_at=None, mail_failure="", mail_failed_at=None)


def _of(notices: Sequence[Notification]):
    return Notification.objects.filter(pk__in=[notice.pk for notice in notices])
