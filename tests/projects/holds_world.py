"""Somebody who is suspended, a posting or payouts that stand still: the short way."""

from datetime import timedelta

from accounts.holds.models import Hold
from accounts.parties.selectors import own_party_of
from accounts.people.models import User
from marketplace.common.clock import now
from payments.payees.models import ConnectedAccount
from payments.payouts.holding.services import hold_payouts
from projects.agreements.suspending.services import suspend_posting
from projects.holds.services import suspend_person
from tests.world import GROUNDS, open_posting

WHY = {"reason": "Three clients report copied work.", "evidence": "Reports of 3, 5 and 9 May."}


def suspended(whom: User, mona: User, *, days: int = 14, **how) -> Hold:
    return suspend_person(party_id=own_party_of(whom).pk, by=mona, days=days, **(WHY | how))


KINDS = ["person", "posting", "payouts"]


def held(kind: str, ben: User, mona: User, finance: User, **how) -> Hold:
    """One of this kind on what is Ben's."""
    if kind == "person":
        return suspended(ben, mona, **how)
    if kind == "posting":
        why = GROUNDS | {"reason": "It asks for passwords."}
        suspend_posting(posting_id=open_posting(ben).pk, by=mona, **(why | how))
        return Hold.objects.get()
    ConnectedAccount.objects.create(party=ben.parties.get(), country="DE")
    return hold_payouts(party_id=ben.parties.get().pk, days=3, by=finance, **(WHY | how))


def fresh(user: User) -> User:
    """As the next request reads them: what is read once is read again."""
    return User.objects.get(pk=user.pk)


def is_over_by_now(hold: Hold) -> None:
    """Its time has passed, and no sweep has come by."""
    at = now()
    Hold.objects.filter(pk=hold.pk).update(
        created_at=at - timedelta(days=14), ends_at=at, closes_at=at
    )
