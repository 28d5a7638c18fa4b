"""What every page shows of the person who reads it."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.notifications.models import Notification
from accounts.notifications.selectors import MOST_COUNTED, capped, counted
from accounts.parties.models import Party


def person(request: HttpRequest) -> dict[str, Any]:
    """``own_party`` and ``unread_notices`` (0 to 9, or "9+"): one query, if a page asks at all."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"own_party": None, "unread_notices": 0}
    unread = counted(Notification.objects.filter(recipient=OuterRef("memberships__user")))
    party = SimpleLazyObject(
        lambda: (
            Party.objects.filter(memberships__user=user, kind=Party.Kind.PERSON)
            .annotate(unread_ids=ArraySubquery(unread.values("pk")[: MOST_COUNTED + 1]))
            .get()
        )
    )
    return {
        "own_party": party,
        "unread_notices": SimpleLazyObject(lambda: capped(len(party.unread_ids))),
    }
