"""What is mailed to whom, and when; what counts as unread."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from accounts.notifications.preferences.kinds import URGENT, How
from accounts.notifications.preferences.models import MailPreferences
from accounts.notifications.preferences.quiet import quiet_until
from accounts.people.models import User


def preferences_of(user: User) -> MailPreferences:
    """As chosen; for who never chose, as it is then: every mail, at any hour."""
    try:
        return user.mail_preferences
    except MailPreferences.DoesNotExist:
        return MailPreferences(user=user)


def uncounted_among(people: Iterable[int]) -> dict[int, frozenset[str]]:
    """The kinds that do not count as unread for whoever of these people, by key, chose so."""
    chosen = MailPreferences.objects.filter(user__in=people).exclude(uncounted=[])
    return {pk: frozenset(kinds) for pk, kinds in chosen.values_list("user", "uncounted")}


def is_wanted(user: User, kind: str) -> bool:
    """Whether a mail of this kind may leave; what is obligatory always may."""
    return preferences_of(user).how(kind) != How.NEVER


def is_daily(user: User, kind: str) -> bool:
    """Whether it waits for the mail of its reader's day."""
    return preferences_of(user).how(kind) == How.DAILY


def waits_until(user: User, kind: str, moment: datetime) -> datetime | None:
    """Until when quiet hours hold back a mail of this kind; None if it may leave now."""
    chosen = preferences_of(user)
    if kind in URGENT or chosen.quiet_from is None or chosen.quiet_to is None:
        return None
    zone = ZoneInfo(user.time_zone)
    return quiet_until(moment, start=chosen.quiet_from, end=chosen.quiet_to, zone=zone)
