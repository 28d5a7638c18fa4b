"""How people are told: a notice in the house at once, a mail soon after."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from accounts.notifications import letters
from accounts.notifications.live import wink
from accounts.notifications.models import Notification, OutgoingMail
from accounts.notifications.preferences.kinds import OPTIONAL
from accounts.notifications.preferences.selectors import is_wanted, waits_until
from accounts.notifications.preferences.unsubscribing import headers_of, link_of
from accounts.notifications.selectors import notifications_of, unread_of
from accounts.parties.models import Party
from accounts.parties.selectors import people_of_each
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.public_ids import new_public_id

logger = logging.getLogger(__name__)

# How long to wait after each attempt at a mail; after the last one it is given up.
_PATIENCE = [timedelta(minutes=m) for m in (2, 10, 60, 6 * 60, 24 * 60)]
_LONGEST_TEXT = 300
# From so many notices of one transaction on, one bell is rung for all of them.
_MANY = 10


@dataclass(frozen=True)
class News:
    """For everybody of a party: ``path`` is the page it is about. A ``key`` that somebody was told
    with before tells them nothing again; without one it is news each time.
    """

    to: Party
    kind: str
    text: str
    path: str
    key: str = ""


@transaction.atomic
def notify(
    *, to: Party | User, kind: str, text: str, path: str, key: str = "", by: object = None
) -> None:
    """Tell everybody of a party, or one person, but not ``by``, who did it and knows.

    ``path`` is the page it is about. A ``key`` that somebody was told with before tells them
    nothing again; without one, each call is news. Belongs into the transaction of the deed.
    """
    people = [to] if isinstance(to, User) else people_of_each([to])[to.pk]
    _tell(
        [_notice(person, kind, text, path, key) for person in people if person != by],
        may_be_known=bool(key),
    )


def notify_each(news: Sequence[News]) -> None:
    """The same for many parties at once, in the transaction of their deed."""
    people = people_of_each(one.to for one in news)
    _tell(
        [
            _notice(person, one.kind, one.text, one.path, one.key)
            for one in news
            for person in people[one.to.pk]
        ],
        may_be_known=any(one.key for one in news),
    )


def _notice(to: User, kind: str, text: str, path: str, key: str) -> Notification:
    return Notification(
        recipient=to,
        kind=kind,
        key=key or new_public_id("ke"),
        text=_one_line(text),
        path=path,
    )


def _tell(notices: list[Notification], *, may_be_known: bool) -> None:
    # Two deeds at once may tell the same: the second waits for the first and then says nothing.
    Notification.objects.bulk_create(notices, ignore_conflicts=may_be_known)
    if len(notices) >= _MANY:
        ring("accounts.deliver_due_notifications")
        return
    told = [notice.pk for notice in notices]
    if may_be_known:
        names = [notice.public_id for notice in notices]
        told = list(Notification.objects.filter(public_id__in=names).values_list("pk", flat=True))
    for notice_id in told:
        ring("accounts.deliver_notification", notice_id)


def _one_line(text: str) -> str:
    """Fit for a subject line; a long title is cut, not refused: the deed is done already."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TEXT else f"{line[: _LONGEST_TEXT - 1]}…"


def deliver_notification(*, notification_id: int) -> None:
    """Mail a notice, once it is due, and let its reader's open pages know.

    Not atomic: nobody waits for the mail server while holding a lock. A worker that dies between
    sending and noting it leaves a mail that is sent again.
    """
    claimed = _claim_mail(notification_id)
    if claimed is None:
        return
    notice, leaves = claimed
    if notice.mail_attempts <= 1:
        wink(notice.recipient, unread=unread_of(notice.recipient))
    if not leaves:
        return
    try:
        _letter_of(notice).send()
    except OSError as problem:  # every refusal and silence of a mail server is one
        logger.warning("mail of notice %s failed: %s", notice.public_id, problem)
        _note_failed(notification_id, str(problem))
        return
    _note_mailed(notification_id)


def _letter_of(notice: Notification) -> EmailMessage:
    reader, kind = notice.recipient, notice.kind
    subject, body = letters.render(
        "emails/notice",
        notice=notice,
        link=settings.SITE_URL + notice.path,
        unsubscribe_link=link_of(reader, kind) if kind in OPTIONAL else "",
    )
    return EmailMessage(subject, body, to=[reader.email], headers=headers_of(reader, kind))


@transaction.atomic
def _claim_mail(notification_id: int) -> tuple[Notification, bool] | None:
    """Take the mail of this notice for a while: the next attempt is due when patience ends.

    And whether it leaves now. What its reader chose is asked here, at the last moment: a mail that
    waited for the morning may be unwanted by then.
    """
    notice = (
        Notification.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("recipient__mail_preferences")
        .filter(pk=notification_id, mail_due_at__lte=now())
        .first()
    )
    if notice is None:
        return None
    if not notice.recipient.is_active:
        notice.mail_due_at, notice.mail_failure = None, ""
        notice.save(update_fields=["mail_due_at", "mail_failure"])
        return None
    if notice.mail_attempts >= len(_PATIENCE):
        # Workers that died on their way noted no reason; the desk must hear of this mail, too.
        notice.mail_due_at = None
        notice.mail_failure = notice.mail_failure or "No attempt was seen to its end."
        notice.save(update_fields=["mail_due_at", "mail_failure"])
        return None
    if _is_moot(notice):
        notice.mail_due_at, notice.mail_failure = None, ""
        notice.save(update_fields=["mail_due_at", "mail_failure"])
        return notice, False
    morning = waits_until(notice.recipient, notice.kind, now())
    if morning is not None:
        notice.mail_due_at = morning
        notice.save(update_fields=["mail_due_at"])
        return notice, False
    notice.mail_due_at = now() + _PATIENCE[notice.mail_attempts]
    notice.mail_attempts += 1
    notice.save(update_fields=["mail_due_at", "mail_attempts"])
    return notice, True


def _is_moot(notice: Notification) -> bool:
    """Whether its mail has lost its reason: not wanted, or optional and read in the house."""
    if notice.kind in OPTIONAL and notice.read_at is not None:
        return True
    return not is_wanted(notice.recipient, notice.kind)


@transaction.atomic
def _note_failed(notification_id: int, problem: str) -> None:
    Notification.objects.filter(pk=notification_id).update(
        mail_failure=" ".join(problem.split())[:200] or "The mail server gave no reason."
    )


@transaction.atomic
def _note_mailed(notification_id: int) -> None:
    Notification.objects.filter(pk=notification_id).update(
        mailed_at=now(), mail_due_at=None, mail_failure=""
    )


@transaction.atomic
def read_notification(*, notification_id: int, by: User) -> Notification:
    """Mark as read; the first reading counts."""
    notice = notifications_of(by).select_for_update().get(pk=notification_id)
    if notice.read_at is None:
        notice.read_at = now()
        notice.save(update_fields=["read_at"])
    return notice


@transaction.atomic
def read_all_notifications(*, by: User) -> int:
    """Mark everything as read; how many that were."""
    return notifications_of(by).filter(read_at=None).update(read_at=now())


@transaction.atomic
def read_notifications_about(*, path: str, by: User) -> int:
    """Whoever has seen the page has read what leads to it; how many that were."""
    return notifications_of(by).filter(read_at=None, path=path).update(read_at=now())


@transaction.atomic
def keep_mail(*, to: list[str], subject: str, body: str) -> None:
    """Put a mail into the outbox page instead of sending it: sandbox mode only."""
    OutgoingMail.objects.bulk_create(
        OutgoingMail(to=address[:254], subject=subject[:300], body=body) for address in to
    )
