"""Which mails are due, which fail, and whose."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, QuerySet

from accounts.notifications.models import Notification
from accounts.notifications.selectors import notifications_of
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput

GIVEN_UP, TRIED = "given_up", "tried"
# As the desk says it.
STATES = {GIVEN_UP: "Given up", TRIED: "Still tried"}


@dataclass(frozen=True)
class Failing:
    """No mail has reached somebody's address ``since`` then; ``reason``: what was said last."""

    since: datetime
    reason: str


def due_notification_ids(*, limit: int) -> list[int]:
    """The notices whose own mail should leave now, the longest waiting first."""
    due = Notification.objects.filter(mail_due_at__lte=now(), digest=None).order_by("mail_due_at")
    return list(due.values_list("pk", flat=True)[:limit])


def failing_mails() -> QuerySet[Notification]:
    """For the desk: notices whose mail failed, those that are still tried too; newest first.

    Those whose reader wants no such mail, or has left, are none of them.
    """
    failing = Notification.objects.exclude(mail_failure="").select_related("recipient")
    return failing.order_by("-created_at", "-id")


def given_up_mails() -> QuerySet[Notification]:
    """Those of them that are no longer tried: somebody of the staff has to look."""
    return failing_mails().filter(mail_due_at=None)


def narrowed(
    mails: QuerySet[Notification], *, state: str = "", words: str = ""
) -> QuerySet[Notification]:
    """Those in this state, and of these ``words``: a public id, or a part of a name, of an address
    or of what the mail server said. Empty words leave nothing out.

    Raises InvalidInput for a state that there is not.
    """
    if state and state not in STATES:
        raise InvalidInput(f"The state is one of {', '.join(STATES)}.", param="state")
    if state:
        mails = mails.filter(mail_due_at__isnull=state == GIVEN_UP)
    if words := words.strip()[:200]:
        mails = mails.filter(
            Q(public_id=words)
            | Q(recipient__public_id=words)
            | Q(recipient__name__icontains=words)
            | Q(mail_to__icontains=words)
            | Q(mail_failure__icontains=words)
        )
    return mails


def failing_mail_of(user: User) -> Failing | None:
    """Whether mails to this person's address fail; None once one got there, or the address is new.

    One short query as long as nothing fails.
    """
    failing = list(
        notifications_of(user)
        .exclude(mail_failure="")
        .filter(mail_to=user.email)
        .order_by("mail_failed_at")
        .values_list("mail_failed_at", "mail_failure")
    )
    if not failing:
        return None
    arrived = notifications_of(user).filter(mail_to=user.email).aggregate(at=Max("mailed_at"))["at"]
    left = [
        Failing(since=since, reason=reason)
        for since, reason in failing
        if since and (arrived is None or since > arrived)
    ]
    return Failing(since=left[0].since, reason=left[-1].reason) if left else None
