"""Somebody who is suspended, the short way."""

from datetime import timedelta

from accounts.holds.models import Hold
from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from marketplace.common.clock import now
from projects.holds.services import suspend_person

WHY = {"reason": "Three clients report copied work.", "evidence": "Reports of 3, 5 and 9 May."}


def suspended(whom: User, mona: User, *, days: int = 14, **how) -> Hold:
    return suspend_person(party_id=own_party_of(whom).pk, by=mona, days=days, **(WHY | how))


def fresh(user: User) -> User:
    """As the next request reads them: what is read once is read again."""
    return User.objects.get(pk=user.pk)


def is_over_by_now(hold: Hold) -> None:
    """Its time has passed, and no sweep has come by."""
    at = now()
    Hold.objects.filter(pk=hold.pk).update(
        created_at=at - timedelta(days=14), ends_at=at, closes_at=at
    )
