"""Choosing what is mailed, when not, and what counts as unread in the house."""

from collections.abc import Mapping
from datetime import time

from django.db import transaction

from accounts.notifications.models import Notification
from accounts.notifications.preferences.kinds import DIGEST, OPTIONAL, How
from accounts.notifications.preferences.models import MailPreferences
from accounts.notifications.preferences.quiet import LONGEST_QUIET, length_of
from accounts.notifications.preferences.unsubscribing import read_token
from accounts.people.models import User
from marketplace.common.errors import InvalidInput, NotAllowed, NotThere


@transaction.atomic
def change_preferences(
    *,
    user_id: int,
    by: User,
    mail: Mapping[str, str] | None = None,
    in_app: Mapping[str, bool] | None = None,
    digest_hour: int | None = None,
    **quiet: time | None,
) -> MailPreferences:
    """Change what is given, leave the rest.

    ``mail`` says of optional kinds how they are mailed, ``in_app`` whether they count as unread:
    what is unread of a kind that does not any more counts no longer. ``digest_hour``, 0 to 23, when
    the mail of a day leaves, from the next one on that is planned; ``quiet_from`` and ``quiet_to``
    are times on the wall of the person's zone, both None for no quiet hours. Raises InvalidInput
    with the field, and NotAllowed for whoever is not this person.
    """
    if by.pk != user_id:
        raise NotAllowed("You cannot change what somebody else is mailed.")
    chosen = _lock_preferences(user_id)
    for kind, how in (mail or {}).items():
        _check_optional(kind, "mail")
        if how not in How.values:
            raise InvalidInput(f"Mail comes {', '.join(How.values)}.", param="mail")
        _switch(chosen, kind, how)
    for kind, counts in (in_app or {}).items():
        _check_optional(kind, "in_app")
        chosen.uncounted = sorted({*chosen.uncounted, kind} - ({kind} if counts else set()))
    if digest_hour is not None:
        chosen.digest_hour = _checked_hour(digest_hour)
    chosen.quiet_from = quiet.get("quiet_from", chosen.quiet_from)
    chosen.quiet_to = quiet.get("quiet_to", chosen.quiet_to)
    _check_quiet_hours(chosen)
    chosen.save()
    if in_app:
        unread = Notification.objects.filter(recipient=user_id, read_at=None, is_counted=True)
        off = unread.filter(kind__in=chosen.uncounted).select_for_update(no_key=True).order_by("pk")
        found = list(off.values_list("pk", flat=True))
        Notification.objects.filter(pk__in=found).update(is_counted=False)
    return chosen


@transaction.atomic
def unsubscribe(*, token: str) -> str:
    """End the mails that this link stands under, under that of a day all that it would bring; which
    kind that is. Raises NotThere.
    """
    public_id, kind = read_token(token)
    user = User.objects.filter(public_id=public_id).first()
    if user is None:
        raise NotThere("This link is not one of ours.")
    chosen = _lock_preferences(user.pk)
    for ended in list(chosen.daily) if kind == DIGEST else [kind]:
        _switch(chosen, ended, How.NEVER)
    chosen.save()
    return kind


def _check_optional(kind: str, param: str) -> None:
    if kind not in OPTIONAL:
        raise InvalidInput(
            f"“{kind}” is no kind that can be switched on or off. Your preferences list all that "
            "can be; whatever else you are told always comes, by mail and as unread.",
            param=param,
            code="not_optional",
        )


def _lock_preferences(user_id: int) -> MailPreferences:
    """Two clicks at once on two links must both count; the row is made before it is locked."""
    MailPreferences.objects.bulk_create([MailPreferences(user_id=user_id)], ignore_conflicts=True)
    return MailPreferences.objects.select_for_update().get(user=user_id)


def _switch(chosen: MailPreferences, kind: str, how: str) -> None:
    muted, daily = set(chosen.muted) - {kind}, set(chosen.daily) - {kind}
    if how != How.AT_ONCE:
        (muted if how == How.NEVER else daily).add(kind)
    chosen.muted, chosen.daily = sorted(muted), sorted(daily)


def _checked_hour(hour: int) -> int:
    if not 0 <= hour <= 23:
        raise InvalidInput("An hour of the day is from 0 to 23.", param="digest_hour")
    return hour


def _check_quiet_hours(chosen: MailPreferences) -> None:
    start, end = chosen.quiet_from, chosen.quiet_to
    if start is None and end is None:
        return
    if start is None or end is None:
        missing = "quiet_from" if start is None else "quiet_to"
        raise InvalidInput("Quiet hours have a beginning and an end, or neither.", param=missing)
    if start == end:
        raise InvalidInput("Quiet hours end at another time than they begin.", param="quiet_to")
    if length_of(start, end) > LONGEST_QUIET:
        hours = LONGEST_QUIET.seconds // 3600
        raise InvalidInput(
            f"Quiet hours last {hours} hours at most: our mails tell of deadlines.",
            param="quiet_to",
        )
