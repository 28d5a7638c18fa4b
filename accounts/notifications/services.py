"""How people are told: a notice in the house at once; its mail (``mailing/``) leaves soon after."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from accounts.notifications.models import Notification, OutgoingMail
from accounts.notifications.preferences.kinds import OPTIONAL
from accounts.notifications.preferences.selectors import uncounted_among
from accounts.notifications.selectors import notifications_of, unread
from accounts.parties.models import Party
from accounts.parties.selectors import people_of_each
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.doorbell import ring
from marketplace.common.public_ids import new_public_id
from marketplace.common.words import Words

# From so many notices of one transaction on, one bell is rung for all of them.
_MANY = 10


@dataclass(frozen=True)
class News:
    """For everybody of a party: ``path`` is the page it is about. A ``key`` that somebody was told
    with before tells them nothing again; without one it is news each time. ``about`` is the public
    id of what it asks something about: its mail is called off when that was answered. ``title`` is
    that of the contract or posting.
    """

    to: Party
    kind: str
    text: Words
    path: str
    key: str = ""
    about: str = ""
    title: str = ""


@transaction.atomic
def notify(
    *,
    to: Party | User,
    kind: str,
    text: Words,
    path: str,
    key: str = "",
    about: str = "",
    title: str = "",
    by: object = None,
) -> None:
    """Tell everybody of a party, or one person, but not ``by``, who did it and knows.

    What is told is as in News. Belongs into the transaction of the deed.
    """
    people = [to] if isinstance(to, User) else people_of_each([to])[to.pk]
    more = {"kind": kind, "path": path, "key": key, "about": about, "title": title}
    _tell(
        [_notice(person, text, **more) for person in people if person != by],
        may_be_known=bool(key),
    )


def notify_each(news: Sequence[News]) -> None:
    """The same for many parties at once, in the transaction of their deed."""
    people = people_of_each(one.to for one in news)
    _tell(
        [
            _notice(
                person,
                one.text,
                kind=one.kind,
                path=one.path,
                key=one.key,
                about=one.about,
                title=one.title,
            )
            for one in news
            for person in people[one.to.pk]
        ],
        may_be_known=any(one.key for one in news),
    )


def _notice(to: User, text: Words, *, key: str, title: str, **more: str) -> Notification:
    return Notification(
        recipient=to, key=key or new_public_id("ke"), title=title[:200], said=text.as_json(), **more
    )


def _tell(notices: list[Notification], *, may_be_known: bool) -> None:
    _leave_uncounted(notices)
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


def _leave_uncounted(notices: list[Notification]) -> None:
    """What their readers have chosen to find in the list only; of what is obligatory nobody can."""
    optional = [notice for notice in notices if notice.kind in OPTIONAL]
    if optional:
        unwanted = uncounted_among({notice.recipient_id for notice in optional})
        for notice in optional:
            notice.is_counted = notice.kind not in unwanted.get(notice.recipient_id, ())


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
    return _read(notifications_of(by))


@transaction.atomic
def read_notifications_about(*, path: str, by: User) -> int:
    """Whoever has seen the page has read what leads to it; how many that were."""
    return _read(notifications_of(by).filter(path=path))


def _read(notices: QuerySet[Notification]) -> int:
    """Locked in one order, whoever else reads or mails them at this moment."""
    found = unread(notices).select_for_update(no_key=True).order_by("pk")
    read = list(found.values_list("pk", flat=True))
    return Notification.objects.filter(pk__in=read).update(read_at=now())


@transaction.atomic
def keep_mail(*, to: list[str], subject: str, body: str) -> None:
    """Put a mail into the outbox page instead of sending it: sandbox mode only."""
    OutgoingMail.objects.bulk_create(
        OutgoingMail(to=address[:254], subject=subject[:300], body=body) for address in to
    )
