"""Who was invited to which posting: read by its owner, and each by whom it is for."""

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from accounts.parties.models import Party
from accounts.parties.selectors import acts_for, party_ids_of
from accounts.people.models import User
from accounts.people.selectors import proven_addresses_of
from marketplace.common.clock import now
from marketplace.common.lifecycle import FREELANCER, OWNER, SYSTEM
from projects.invitations.models import LIFECYCLE, Invitation
from projects.postings.models import Posting
from projects.postings.roles import Actor

A_DAY = timedelta(days=1)


def invitations_visible_to(user: User | AnonymousUser) -> QuerySet[Invitation]:
    """Those that they sent, and those that are for them; staff read none."""
    sent = Q(posting__client__in=party_ids_of(user))
    return _with_sides().filter(sent | is_for(user))


def invitations_of(user: User | AnonymousUser) -> QuerySet[Invitation]:
    """Those that are for them, by their profile or by an address that they have proven."""
    return _with_sides().filter(is_for(user))


def invitations_to(posting: Posting) -> QuerySet[Invitation]:
    """Everybody who was ever invited; for its owner's eyes."""
    return _with_sides().filter(posting=posting)


def invitation_to(posting: Posting, user: User | AnonymousUser) -> Invitation | None:
    """The newest one of this person on this posting that a bid would answer."""
    standing = [Invitation.Status.INVITED, Invitation.Status.DECLINED]
    mine = invitations_of(user).filter(posting=posting, status__in=standing)
    return mine.order_by("-id").first()


def unanswered_by(user: User | AnonymousUser, *, limit: int) -> list[Invitation]:
    """What they were asked and have not answered, where a bid is still taken: the newest first."""
    open_ = Q(posting__status=Posting.Status.OPEN, posting__bids_close_at__gt=now())
    unanswered = invitations_of(user).filter(open_, status=Invitation.Status.INVITED)
    return list(unanswered.order_by("-pk")[:limit])


def sent_by(client: Party) -> QuerySet[Invitation]:
    """What they sent in the last day, to all their postings, withdrawn ones too."""
    return Invitation.objects.filter(posting__client=client, created_at__gt=now() - A_DAY)


def is_for(user: User | AnonymousUser) -> Q:
    """Of invitations: which this person may answer."""
    named = Q(freelancer__in=party_ids_of(user))
    return named | Q(freelancer=None, email__in=proven_addresses_of(user))


def role_in(invitation: Invitation, by: Actor) -> str | None:
    """The owner of the posting, or the one who is asked to bid on it."""
    if isinstance(by, str):
        return SYSTEM if by == SYSTEM else None
    if acts_for(by, invitation.posting.client_id):
        return OWNER
    if invitation.freelancer_id is not None:
        return FREELANCER if acts_for(by, invitation.freelancer_id) else None
    return FREELANCER if invitation.email in proven_addresses_of(by) else None


def open_steps(invitation: Invitation, by: Actor) -> list[str]:
    """What this person may do to it now; it is accepted by a bid, on the posting."""
    steps = LIFECYCLE.open_to(role_in(invitation, by), invitation.status)
    return [step for step in steps if LIFECYCLE.steps[step].label]


def _with_sides() -> QuerySet[Invitation]:
    found = Invitation.objects.select_related("posting__client", "freelancer")
    return found.defer("posting__search")
