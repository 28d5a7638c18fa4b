"""A notice becomes a mail: when it is due, as often as it takes, and not for ever."""

import logging

from django.db import transaction

from accounts.notifications.digests.services import put_into_digest
from accounts.notifications.live import wink
from accounts.notifications.mailing.endings import (
    HAS_LEFT,
    Judge,
    call_off,
    give_up,
    note_failure,
    note_mailed,
    why_unwanted,
)
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
from accounts.notifications.preferences.selectors import is_daily, waits_until
from accounts.notifications.selectors import unread_of
from accounts.people.models import User
from accounts.people.selectors import staff_roles_of
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.errors import NotAllowed, WrongState

logger = logging.getLogger(__name__)


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
    _note_mailed(notice)


@transaction.atomic
def _claim_mail(notification_id: int, judge: Judge) -> tuple[Notification, bool] | None:
    """Take the mail of this notice for a while: the next attempt is due when patience ends.

    And whether it leaves now. What its reader chose is asked here, at the last moment, and whether
    its reason stands: a mail that waited for the morning may be unwanted by then, or needless.
    """
    notice = (
        Notification.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("recipient__mail_preferences")
        .filter(pk=notification_id, mail_due_at__lte=now(), digest=None)
        .first()
    )
    if notice is None:
        return None
    if not notice.recipient.is_active:
        call_off(HAS_LEFT, notice)
        return None
    if notice.mail_attempts >= len(PATIENCE):
        # Workers that died on their way noted no reason; the desk must hear of this mail, too.
        give_up(notice.mail_failure or UNSEEN, notice)
        return None
    if why := why_unwanted(notice):
        call_off(why, notice)
        return notice, False
    if is_daily(notice.recipient, notice.kind):
        put_into_digest(notice)
        return notice, False
    morning = waits_until(notice.recipient, notice.kind, now())
    if morning is not None:
        notice.mail_due_at = morning
        notice.save(update_fields=["mail_due_at"])
        return notice, False
    why_gone = judge([notice])[notice.pk]
    if why_gone is None:
        return None  # still due: the next sweep asks again
    if why_gone:
        call_off(why_gone, notice)
        return notice, False
    notice.mail_due_at = now() + PATIENCE[notice.mail_attempts]
    notice.mail_attempts += 1
    notice.mail_to = notice.recipient.email
    notice.save(update_fields=["mail_due_at", "mail_attempts", "mail_to"])
    return notice, True


@transaction.atomic
def _note_failed(tried: Notification, problem: OSError) -> None:
    """Only of the newest attempt: one that hung for so long that another was made says nothing."""
    notice = Notification.objects.select_for_update().get(pk=tried.pk)
    attempt = (tried.mail_retries, tried.mail_attempts)
    if notice.mailed_at or (notice.mail_retries, notice.mail_attempts) != attempt:
        return
    if is_final(problem):
        give_up(reason_of(problem), notice)
        return
    note_failure(reason_of(problem), notice, next_at=notice.mail_due_at)


@transaction.atomic
def _note_mailed(notice: Notification) -> None:
    note_mailed(notice)


@transaction.atomic
def note_bounce(*, public_id: str, retries: int, reason: str) -> bool:
    """A mail that had left came back for good: it is given up, and all that left with it, if it was
    that of a day. False where we know of no such mail, or it was noted before, or was sent again.
    """
    sent = Notification.objects.select_for_update().filter(mailed_at__isnull=False).order_by("pk")
    if public_id.startswith("dg_"):
        notices = list(sent.filter(digest__public_id=public_id))
    else:
        notices = list(sent.filter(public_id=public_id, mail_retries=retries, digest=None))
    Notification.objects.filter(pk__in=[notice.pk for notice in notices]).update(mailed_at=None)
    give_up(" ".join(reason.split())[:200] or "It came back without a reason.", *notices)
    return bool(notices)


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
    # Once more as it was chosen: what is read once a day waits for the next mail of a day.
    notice.mail_due_at, notice.mail_attempts, notice.digest = now(), 0, None
    notice.mail_retries += 1
    notice.save(update_fields=["mail_due_at", "mail_attempts", "digest", "mail_retries"])
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
