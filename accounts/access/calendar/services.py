"""The secret address of a calendar: made, replaced, revoked. Whoever knows it may read, no more."""

import hashlib
import secrets

from django.db import transaction

from accounts.access.calendar.models import CalendarFeed
from accounts.people.models import User
from marketplace.common.clock import now


@transaction.atomic
def make_feed(*, by: User) -> str:
    """A new secret, which is never shown again; an earlier one opens nothing any more."""
    secret = secrets.token_urlsafe(32)
    CalendarFeed.objects.update_or_create(
        user=by, defaults={"digest": _digest(secret), "created_at": now()}
    )
    return secret


@transaction.atomic
def revoke_feed(*, by: User) -> None:
    """Its address opens nothing any more. Safe to call where there is none."""
    CalendarFeed.objects.filter(user=by).delete()


def reader_of(secret: str) -> User | None:
    """Whose deadlines this secret opens; nobody's where it is unknown, or they have left."""
    feed = CalendarFeed.objects.filter(digest=_digest(secret), user__is_active=True)
    found = feed.select_related("user").first()
    return found.user if found else None


def _digest(secret: str) -> str:
    """It is long and random, so a plain hash is enough, and can be looked up."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
