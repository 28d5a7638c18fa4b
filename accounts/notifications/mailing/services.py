"""A notice becomes a mail: when it is due, as often as it takes, and not for ever."""

import logging
from collections.abc import Callable

from django.db import transaction

from accounts.notifications.live import wink
from accounts.notifications.mailing.failures import is_final, reason_of
from accounts.notifications.mailing.letter import letter_of
from accounts.notifications.mailing.rules import (
    MOST_RETRIES,
    PATIENCE,
    UNSEEN,
    may_retry,
    why_no_retry,
)
from accounts.notifications.models import Notification
from accounts.notifications.preferences.kinds import OPTIONAL
from accounts.notifications.preferences.selectors import is_wanted, waits_until
from accounts.notifications.selectors import unread_of
from accounts.people.models import User
from accounts.people.selectors import staff_roles_of
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.errors import NotAllowed, WrongState

logger = logging.getLogger(__name__)

# Why the reason of a notice has gone; '' where it stands, None where a deed that is under way just
# now will tell. Who calls knows the floors above, of which this one knows nothing.
Judge = Callable[[Notification], str | None]


def deliver_notification(*, notification_id: int, judge: Judge) -> None:
    """Mail a notice, once it is due and its reason stands, and let its reader's open pages know.

    Not atomic: nobody waits for the mail server while holding a lock. A worker that dies between
    sending and noting it leaves a mail that is sent again, under the same Message-ID.
    """
    claimed = _claim_mail(notification_id, judge)
    if claimed is None:
        return
    notice, leaves = claimed
    if notice.mail_attempts <= 1:
        wink(notice.recipient, unread=unread_of(notice.recipient))
    if not leaves:
        return
    try:
        letter_of(notice).send()
    except OSError as problem:  # every refusal and silence of a mail server is one
        logger.warning("mail of notice %s failed: %s", notice.public_id, problem)
        _note_failed(notice, problem)
        return
    _note_mailed(notification_id)


@transaction.atomic
def _claim_mail(notification_id: int, judge: Judge) -> tuple[Notification, bool] | None:
    """Take the mail of this notice for a while: the next attempt is due when patience ends.

    And whether it leaves now. What its reader chose is asked here, at the last moment, and whether
    its reason stands: a mail that waited for the morning may be unwanted by then, or needless.
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
        _call_off(notice, "Its reader has left.")
        return None
    if notice.mail_attempts >= len(PATIENCE):
        # Workers that died on their way noted no reason; the desk must hear of this mail, too.
        _give_up(notice, notice.mail_failure or UNSEEN)
        return None
    if why := _why_unwanted(notice):
        _call_off(notice, why)
        return notice, False
    morning = waits_until(notice.recipient, notice.kind, now())
    if morning is not None:
        notice.mail_due_at = morning
        notice.save(update_fields=["mail_due_at"])
        return notice, False
    why_gone = judge(notice)
    if why_gone is None:
        return None  # still due: the next sweep asks again
    if why_gone:
        _call_off(notice, why_gone)
        return notice, False
    notice.mail_due_at = now() + PATIENCE[notice.mail_attempts]
    notice.mail_attempts += 1
    notice.mail_to = notice.recipient.email
    notice.save(update_fields=["mail_due_at", "mail_attempts", "mail_to"])
    return notice, True


def _why_unwanted(notice: Notification) -> str:
    """Not wanted at all, or optional and read in the house; '' where neither."""
    if not is_wanted(notice.recipient, notice.kind):
        return "Its reader wants no mail of this kind."
    if notice.kind in OPTIONAL and notice.read_at is not None:
        return "It was read in the house."
    return ""


def _call_off(notice: Notification, why: str) -> None:
    """Nothing is wrong, and it never leaves."""
    notice.mail_due_at, notice.mail_called_off = None, why
    notice.mail_failure, notice.mail_failed_at = "", None
    notice.save(update_fields=["mail_due_at", "mail_called_off", "mail_failure", "mail_failed_at"])


def _give_up(notice: Notification, reason: str) -> None:
    """No further attempt by itself: the desk looks after it."""
    notice.mail_due_at, notice.mail_failure = None, reason
    notice.mail_failed_at = notice.mail_failed_at or now()
    notice.save(update_fields=["mail_due_at", "mail_failure", "mail_failed_at"])


@transaction.atomic
def _note_failed(tried: Notification, problem: OSError) -> None:
    """Only of the newest attempt: one that hung for so long that another was made says nothing."""
    notice = Notification.objects.select_for_update().get(pk=tried.pk)
    attempt = (tried.mail_retries, tried.mail_attempts)
    if notice.mailed_at or (notice.mail_retries, notice.mail_attempts) != attempt:
        return
    if is_final(problem):
        _give_up(notice, reason_of(problem))
        return
    notice.mail_failure = reason_of(problem)
    notice.mail_failed_at = notice.mail_failed_at or now()
    notice.save(update_fields=["mail_failure", "mail_failed_at"])


@transaction.atomic
def _note_mailed(notification_id: int) -> None:
    Notification.objects.filter(pk=notification_id).update(
        mailed_at=now(), mail_due_at=None, mail_failure="", mail_failed_at=None
    )


@transaction.atomic
def note_bounce(*, public_id: str, retries: int, reason: str) -> bool:
    """A mail that had left came back for good: it is given up. False where we know of no such mail,
    or it was noted before, or was sent again since.
    """
    notice = (
        Notification.objects.select_for_update()
        .filter(public_id=public_id, mail_retries=retries, mailed_at__isnull=False)
        .first()
    )
    if notice is None:
        return False
    notice.mailed_at = None
    notice.save(update_fields=["mailed_at"])
    _give_up(notice, " ".join(reason.split())[:200] or "It came back without a reason.")
    return True


@transaction.atomic
def retry_mail(*, notification_id: int, by: User) -> Notification:
    """Have a mail that was given up tried again from the beginning, to the address of today.

    At most MOST_RETRIES times: who writes on and on to an address that refuses is taken for a
    sender of junk. Raises NotAllowed, or WrongState where it is not given up (any more).
    """
    notice = (
        Notification.objects.select_for_update(of=("self",))
        .select_related("recipient")
        .get(pk=notification_id)
    )
    role = may_retry(staff_roles_of(by))
    if role is None:
        raise NotAllowed("Moderators, mediators and finance look after mails.")
    if problem := why_no_retry(notice):
        raise WrongState(problem)
    notice.mail_due_at, notice.mail_attempts = now(), 0
    notice.mail_retries += 1
    notice.save(update_fields=["mail_due_at", "mail_attempts", "mail_retries"])
    ring("accounts.deliver_notification", notice.pk)
    log_deed(
        "retry mail",
        notice.public_id,
        f"Had a mail to {notice.recipient.name} tried again that was given up "
        f"({notice.mail_retries} of {MOST_RETRIES} times).",
        by=by,
        role=role,
        about=[notice.recipient_id],
    )
    return notice
