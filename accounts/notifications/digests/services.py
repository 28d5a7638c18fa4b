"""What its reader wants to hear of once a day waits for that day's mail, and leaves with it."""

import logging
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.notifications.digests.letter import letter_of
from accounts.notifications.digests.models import Digest
from accounts.notifications.digests.times import days_after
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
from accounts.notifications.mailing.rules import PATIENCE, UNSEEN
from accounts.notifications.models import Notification
from accounts.notifications.preferences.selectors import preferences_of
from marketplace.common.clock import now

logger = logging.getLogger(__name__)


@transaction.atomic
def put_into_digest(notice: Notification) -> None:
    """Let a notice wait for the next mail of a day that is not on its way yet. The caller holds it.

    Whoever changes the hour or the zone does so for the mails that are planned from then on; the
    day is theirs, so that no change brings two mails for one day.
    """
    reader = notice.recipient
    hour, zone = preferences_of(reader).digest_hour, ZoneInfo(reader.time_zone)
    for day, at in days_after(now(), hour, zone):
        planned = Digest(recipient=reader, day=day, due_at=at)
        Digest.objects.bulk_create([planned], ignore_conflicts=True)
        digest = Digest.objects.select_for_update().get(recipient=reader, day=day)
        if digest.due_at is not None and not digest.attempts:
            break
    notice.digest, notice.mail_due_at = digest, digest.due_at
    notice.save(update_fields=["digest", "mail_due_at"])


def deliver_digest(*, digest_id: int, judge: Judge) -> None:
    """Mail what happened since the last one, once its hour has come.

    Not atomic, as ``deliver_notification`` is not: a worker that dies between sending and noting it
    leaves a mail that is sent again, under the same Message-ID.
    """
    claimed = _claim(digest_id, judge)
    if claimed is None:
        return
    digest, notices = claimed
    try:
        letter_of(digest, notices).send()
    except OSError as problem:
        logger.warning("digest %s failed: %s", digest.public_id, problem)
        _note_failed(digest, notices, problem)
        return
    _note_mailed(digest.pk, notices)


@transaction.atomic
def _claim(digest_id: int, judge: Judge) -> tuple[Digest, list[Notification]] | None:
    """Take it for a while, with all of it whose reason stands; None where nothing leaves now.

    From its first attempt on nothing new is put into it: whoever would waits for this lock.
    """
    digest = (
        Digest.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("recipient__mail_preferences")
        .filter(pk=digest_id, due_at__lte=now())
        .first()
    )
    if digest is None:
        return None
    waiting = list(
        Notification.objects.select_for_update()
        .filter(digest=digest, mail_due_at__isnull=False)
        .order_by("pk")
    )
    if digest.attempts >= len(PATIENCE):
        for notice in waiting:
            give_up(notice.mail_failure or UNSEEN, notice)
        _close(digest)
        return None
    left = _still_wanted(digest, waiting, judge)
    if left is None:
        return None  # still due: the next sweep asks again
    if not left:
        _close(digest)
        return None
    digest.due_at = now() + PATIENCE[digest.attempts]
    digest.attempts += 1
    digest.save(update_fields=["due_at", "attempts"])
    Notification.objects.filter(pk__in=[notice.pk for notice in left]).update(
        mail_due_at=digest.due_at, mail_attempts=digest.attempts, mail_to=digest.recipient.email
    )
    return digest, left


def _still_wanted(
    digest: Digest, waiting: list[Notification], judge: Judge
) -> list[Notification] | None:
    """Those whose reader and reason are there, and the others called off; None: not known yet."""
    reader = digest.recipient
    if not reader.is_active:
        call_off(HAS_LEFT, *waiting)
        return []
    gone = judge(waiting)
    if None in gone.values():
        return None
    left = []
    for notice in waiting:
        notice.recipient = reader
        if why := why_unwanted(notice) or gone[notice.pk]:
            call_off(why, notice)
        else:
            left.append(notice)
    return left


def _close(digest: Digest) -> None:
    digest.due_at = None
    digest.save(update_fields=["due_at"])


@transaction.atomic
def _note_failed(tried: Digest, notices: list[Notification], problem: OSError) -> None:
    """Only of the newest attempt, and one that was refused for good is given up."""
    digest = Digest.objects.select_for_update().get(pk=tried.pk)
    if digest.mailed_at or digest.attempts != tried.attempts:
        return
    if is_final(problem):
        _close(digest)
    note_failure(reason_of(problem), *_lock(notices), next_at=digest.due_at)


@transaction.atomic
def _note_mailed(digest_id: int, notices: list[Notification]) -> None:
    Digest.objects.filter(pk=digest_id).update(mailed_at=now(), due_at=None)
    note_mailed(*_lock(notices))


def _lock(notices: list[Notification]) -> list[Notification]:
    """In one order: their reader may mark all of them as read at this moment."""
    mine = Notification.objects.filter(pk__in=[notice.pk for notice in notices])
    return list(mine.select_for_update(no_key=True).order_by("pk"))
