"""Who was invited to which posting: read by its owner, and each by whom it is for."""

from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from accounts.parties.models import Party
from accounts.parties.selectors import acts_for, party_ids_of
from accounts.people.models import User
from accounts.people.selectors import proven_addresses_of
from marketplace.common.clock import now
from marketplace.common.lifecycle import FREELANCER, OWNER, SYSTEM
from projects.invitations.models import LIFECYCLE, Invitation
from projects.postings.models import Posting
from projects.postings.roles import Actor
from projects.postings.selectors import postings_visible_to

A_DAY = timedelta(days=1)
_ANSWERED_BY_A_BID = LIFECYCLE.steps["accept"].source


def invitations_visible_to(user: User | AnonymousUser) -> QuerySet[Invitation]:
    """Those that they sent, and those that are for them; moderators read ``invitations_to``."""
    sent = Q(posting__client__in=party_ids_of(user))
    return _read_by(user).filter(sent | is_for(user))


def invitations_of(user: User | AnonymousUser) -> QuerySet[Invitation]:
    """Those that are for them, by their profile or by an address that they have proven."""
    return _read_by(user).filter(is_for(user))


def invitations_to(posting: Posting) -> QuerySet[Invitation]:
    """Everybody who was ever invited; for its owner and moderators, if they see the posting."""
    return _with_sides().filter(posting=posting).annotate(shows_posting=Value(True))


def invitation_to(posting: Posting, user: User | AnonymousUser) -> Invitation | None:
    """The newest one of this person on this posting that a bid would answer."""
    mine = _with_sides().filter(is_for(user), posting=posting, status__in=_ANSWERED_BY_A_BID)
    return mine.order_by("-id").first()


def answered_by_a_bid(posting: Posting, user: User | AnonymousUser) -> QuerySet[Invitation]:
    """Those that a bid of this person would accept: what names them, or else their addresses.

    Whoever is named need not be known by an address, too: a client who guesses one beside the
    profile must not learn from the bid that it is theirs.
    """
    mine = _with_sides().filter(is_for(user), posting=posting)
    named = mine.exclude(freelancer=None).exclude(status=Invitation.Status.WITHDRAWN)
    return (named if named.exists() else mine).filter(status__in=_ANSWERED_BY_A_BID)


def unanswered_by(user: User | AnonymousUser, *, limit: int) -> list[Invitation]:
    """What they were asked and have not answered, where they may still bid: the newest first."""
    return list(_unanswered(user).order_by("-pk")[:limit])


def closing_for(user: User | AnonymousUser, *, limit: int) -> list[tuple[Invitation, datetime]]:
    """The same, each with until when they may bid; the soonest first."""
    found = _unanswered(user).order_by("posting__bids_close_at", "pk")[:limit]
    return [(one, one.posting.bids_close_at) for one in found if one.posting.bids_close_at]


def _unanswered(user: User | AnonymousUser) -> QuerySet[Invitation]:
    open_ = Q(posting__status=Posting.Status.OPEN, posting__bids_close_at__gt=now())
    unanswered = _with_sides().filter(is_for(user), open_, status=Invitation.Status.INVITED)
    has_bid = Posting.objects.filter(bids__freelancer__in=party_ids_of(user), bids__closed_at=None)
    return unanswered.exclude(posting__in=has_bid)


def sent_by(client: Party) -> QuerySet[Invitation]:
    """What they sent in the last day, to all their postings, withdrawn ones too."""
    return Invitation.objects.filter(posting__client=client, created_at__gt=now() - A_DAY)


def is_for(user: User | AnonymousUser) -> Q:
    """Of invitations: which were sent to this person.

    What an address was sent and is taken back is for nobody, whoever proves it later.
    """
    named = Q(freelancer__in=party_ids_of(user))
    by_address = Q(freelancer=None, email__in=proven_addresses_of(user))
    return named | by_address & ~Q(status=Invitation.Status.WITHDRAWN)


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


def _read_by(user: User | AnonymousUser) -> QuerySet[Invitation]:
    """With ``shows_posting``: whoever does not see that reads neither its title nor the note."""
    seen = postings_visible_to(user).filter(pk=OuterRef("posting_id"))
    return _with_sides().annotate(shows_posting=Exists(seen))


def _with_sides() -> QuerySet[Invitation]:
    found = Invitation.objects.select_related("posting__client", "freelancer")
    return found.defer("posting__search")
