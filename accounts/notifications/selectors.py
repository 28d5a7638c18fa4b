"""Whose notices, and which mails are due."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.notifications.models import Notification, OutgoingMail
from accounts.people.models import User
from marketplace.common.clock import now

# Nobody counts beyond this: the badge then says "9+".
MOST_COUNTED = 9


def notifications_of(user: User | AnonymousUser) -> QuerySet[Notification]:
    """What this person was told; nothing for a visitor."""
    if not user.is_authenticated:
        return Notification.objects.none()
    return Notification.objects.filter(recipient=user)


def unread_of(user: User) -> int | str:
    """How many notices are unread: 0 to 9, or '9+'."""
    return capped(notifications_of(user).filter(read_at=None)[: MOST_COUNTED + 1].count())


def capped(count: int) -> int | str:
    return count if count <= MOST_COUNTED else f"{MOST_COUNTED}+"


def due_notification_ids(*, limit: int) -> list[int]:
    """The notices whose mail should leave now, the longest waiting first."""
    due = Notification.objects.filter(mail_due_at__lte=now()).order_by("mail_due_at")
    return list(due.values_list("pk", flat=True)[:limit])


def given_up_mails() -> QuerySet[Notification]:
    """For the desk: notices whose mail failed to the end, and is no longer tried; newest first.

    Those whose reader wants no such mail, or has left, are none of them.
    """
    given_up = Notification.objects.filter(mailed_at=None, mail_due_at=None).exclude(
        mail_failure=""
    )
    return given_up.select_related("recipient").order_by("-created_at", "-id")


def outgoing_mails(*, address: str = "") -> QuerySet[OutgoingMail]:
    """The mails of the sandbox, to addresses that contain ``address``."""
    mails = OutgoingMail.objects.all()
    return mails.filter(to__contains=address.lower()) if address else mails
