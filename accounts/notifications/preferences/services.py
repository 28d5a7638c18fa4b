"""Choosing what is mailed, and when not."""

from collections.abc import Mapping
from datetime import time

from django.db import transaction

from accounts.notifications.preferences.kinds import OPTIONAL
from accounts.notifications.preferences.models import MailPreferences
from accounts.notifications.preferences.quiet import LONGEST_QUIET, length_of
from accounts.notifications.preferences.unsubscribing import read_token
from accounts.people.models import User
from marketplace.common.errors import InvalidInput, NotAllowed, NotThere


@transaction.atomic
def change_preferences(
    *, user_id: int, by: User, mail: Mapping[str, bool] | None = None, **quiet: time | None
) -> MailPreferences:
    """Change what is given, leave the rest.

    ``mail`` says of optional kinds whether they are mailed; ``quiet_from`` and ``quiet_to`` are
    times on the wall of the person's zone, both None for no quiet hours. Raises InvalidInput with
    the field, and NotAllowed for whoever is not this person.
    """
    if by.pk != user_id:
        raise NotAllowed("You cannot change what somebody else is mailed.")
    chosen = _lock_preferences(user_id)
    for kind, is_on in (mail or {}).items():
        if kind not in OPTIONAL:
            raise InvalidInput(
                f"“{kind}” is no mail that can be switched on or off: whatever is about money, or "
                "about a clock that judges, always comes.",
                param="mail",
                code="not_optional",
            )
        _switch(chosen, kind, is_on=is_on)
    chosen.quiet_from = quiet.get("quiet_from", chosen.quiet_from)
    chosen.quiet_to = quiet.get("quiet_to", chosen.quiet_to)
    _check_quiet_hours(chosen)
    chosen.save()
    return chosen


@transaction.atomic
def unsubscribe(*, token: str) -> str:
    """End the mails that this link stands under; which kind that is. Raises NotThere."""
    public_id, kind = read_token(token)
    user = User.objects.filter(public_id=public_id).first()
    if user is None:
        raise NotThere("This link is not one of ours.")
    chosen = _lock_preferences(user.pk)
    _switch(chosen, kind, is_on=False)
    chosen.save()
    return kind


def _lock_preferences(user_id: int) -> MailPreferences:
    """Two clicks at once on two links must both count; the row is made before it is locked."""
    MailPreferences.objects.bulk_create([MailPreferences(user_id=user_id)], ignore_conflicts=True)
    return MailPreferences.objects.select_for_update().get(user=user_id)


def _switch(chosen: MailPreferences, kind: str, *, is_on: bool) -> None:
    muted = set(chosen.muted) - {kind} if is_on else {*chosen.muted, kind}
    chosen.muted = sorted(muted)


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
