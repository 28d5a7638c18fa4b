"""Whose notices; which mails are due or fail: ``mailing/selectors.py``."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.notifications.models import Notification, OutgoingMail
from accounts.people.models import User

# Nobody counts beyond this: the badge then says "9+".
MOST_COUNTED = 9


def notifications_of(user: User | AnonymousUser) -> QuerySet[Notification]:
    """What this person was told; nothing for a visitor."""
    if not user.is_authenticated:
        return Notification.objects.none()
    return Notification.objects.filter(recipient=user)


def unread_of(user: User) -> int | str:
    """How many notices are unread: 0 to 9, or '9+'."""
    return capped(counted(notifications_of(user))[: MOST_COUNTED + 1].count())


def unread(notices: QuerySet[Notification]) -> QuerySet[Notification]:
    """Those that are unread, whether they count or not."""
    return notices.filter(read_at=None)


def counted(notices: QuerySet[Notification]) -> QuerySet[Notification]:
    """Those that are unread, and of kinds that their reader wants to be shown."""
    return unread(notices).filter(is_counted=True)


def capped(count: int) -> int | str:
    return count if count <= MOST_COUNTED else f"{MOST_COUNTED}+"


def outgoing_mails(*, address: str = "") -> QuerySet[OutgoingMail]:
    """The mails of the sandbox, to addresses that contain ``address``."""
    mails = OutgoingMail.objects.all()
    return mails.filter(to__contains=address.lower()) if address else mails
