"""What can happen to an invitation: sent, answered by a bid or declined, withdrawn, lapsed.

Every deed locks the posting first, as all deeds below a posting do, and then the invitations in the
order of their keys.
"""

import re

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.holds.services import judge_may_begin
from accounts.notifications.services import notify
from accounts.parties.models import Party
from accounts.parties.selectors import acts_for, own_party_of
from accounts.people.models import User
from accounts.people.profile import checked_email
from accounts.people.selectors import person_at, proven_addresses_of, public_profiles
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.text import checked_line, checked_text
from marketplace.common.words import Words
from projects.invitations.models import LIFECYCLE, Invitation
from projects.invitations.selectors import answered_by_a_bid, role_in, sent_by
from projects.postings import services as postings
from projects.postings.models import Posting
from projects.postings.roles import Actor
from projects.postings.rules import checked_reason

LONGEST_WHOM = 254
LONGEST_NOTE = 1_000
# Whoever asks more people than this has not chosen; a withdrawn one makes no room for another.
MOST_TO_A_POSTING = 20
MOST_A_DAY = 50

_PROFILE = re.compile(r"us_[0-9A-Za-z]+")


@transaction.atomic
def invite_person(*, posting_id: int, whom: str, by: Actor, note: str = "") -> Invitation:
    """Ask somebody to bid: ``whom`` is an e-mail address, or the address or id of a profile.

    Whether an e-mail address belongs to an account is told to nobody: it is invited either way, and
    only somebody who has proven it is told. Raises NotAllowed (not the owner), InvalidInput (no
    such profile, no address, oneself), WrongState (no more bids, ``already_invited``,
    ``already_bid``, ``too_many_invitations``).
    """
    judge_may_begin(by, "invite")
    posting = postings.lock_posting(posting_id)
    if not isinstance(by, User) or not acts_for(by, posting.client_id):
        raise NotAllowed("You cannot invite here: that is for the owner of the posting.")
    if not posting.takes_bids:
        raise WrongState("This posting takes no more bids, so nobody can be invited to it.")
    freelancer, email = _named(whom, by=by)
    note = checked_text(note, param="note", longest=LONGEST_NOTE)
    _check_new(posting, freelancer, email)
    _check_limits(posting)
    invitation = Invitation.objects.create(
        posting=posting, freelancer=freelancer, email=email, note=note
    )
    _tell_invited(invitation, by=by)
    return invitation


@transaction.atomic
def decline_invitation(*, invitation_id: int, by: Actor, reason: str = "") -> Invitation:
    """Say no, with a reason if one likes; the owner reads it. A bid may still follow."""
    invitation = _advance(invitation_id, "decline", by=by)
    assert isinstance(by, User)  # the table lets the invited person only
    invitation.status_reason = checked_reason(reason, least=0)
    _close(invitation, answered_by=own_party_of(by))
    text = Words("%(who)s will not bid on “%(title)s”.")
    if invitation.status_reason:
        text = Words("%(who)s will not bid on “%(title)s”: %(reason)s")
    notify(
        to=invitation.posting.client,
        kind="invitation_declined",
        text=text.filled(
            who=invitation.whom,
            title=invitation.posting.title,
            reason=invitation.status_reason,
        ),
        path=f"{invitation.posting.path}invitations/",
        about=invitation.public_id,
        title=invitation.posting.title,
        by=by,
    )
    return invitation


@transaction.atomic
def withdraw_invitation(*, invitation_id: int, by: Actor) -> Invitation:
    """Take it back before it is answered; nobody needs to be told."""
    return _close(_advance(invitation_id, "withdraw", by=by))


# --- Called by projects.bids within its own transaction, under the lock of the posting -----------


@transaction.atomic
def accept_invitations(*, posting: Posting, party: Party, by: User) -> None:
    """A bid came in: it answers what names this person, or else what their addresses were sent."""
    for invitation in _standing(answered_by_a_bid(posting, by), "accept"):
        LIFECYCLE.advance(invitation, "accept", role=role_in(invitation, by))
        _close(invitation, answered_by=party)


@transaction.atomic
def lapse_invitations(*, posting_id: int) -> None:
    """The posting has ended: whoever has not answered is asked no more."""
    unanswered = Invitation.objects.filter(posting_id=posting_id)
    for invitation in _standing(unanswered, "lapse"):
        LIFECYCLE.advance(invitation, "lapse", role=SYSTEM)
        _close(invitation)


# --- How it is done ------------------------------------------------------------------------------


def _named(whom: object, *, by: User) -> tuple[Party | None, str]:
    """Who is meant: somebody's party, or an e-mail address in small letters."""
    text = checked_line(whom, param="whom", longest=LONGEST_WHOM)
    if "@" in text:
        email = checked_email(text, param="whom")
        if email in {by.email, *proven_addresses_of(by)}:
            raise _oneself()
        return None, email
    found = _PROFILE.search(text)
    person = found and public_profiles().filter(public_id=found[0]).first()
    if not person:
        raise InvalidInput(
            "Nobody has this profile. Copy the address of theirs, or type an e-mail address.",
            param="whom",
        )
    if person == by:
        raise _oneself()
    return own_party_of(person), ""


def _oneself() -> InvalidInput:
    return InvalidInput("You cannot invite yourself.", param="whom")


def _check_new(posting: Posting, freelancer: Party | None, email: str) -> None:
    """Nobody is asked twice. Of an address nothing is said that its owner has not said here."""
    same = posting.invitations.filter(email=email).exclude(status=Invitation.Status.WITHDRAWN)
    if not email:
        same = same.filter(freelancer=freelancer)
        if _has_bid(posting, freelancer):
            raise WrongState("They have bid already.", code="already_bid", param="whom")
    if same.exists():
        raise WrongState("They are invited already.", code="already_invited", param="whom")


def _has_bid(posting: Posting, party: Party | None) -> bool:
    """Whether a bid of theirs stands."""
    return posting.bids.filter(freelancer=party, closed_at=None).exists()


def _check_limits(posting: Posting) -> None:
    if posting.invitations.count() >= MOST_TO_A_POSTING:
        raise _too_many(
            f"You have invited {MOST_TO_A_POSTING} people to this posting: no more are taken."
        )
    # Locked, so that those sent at the same moment to other postings are counted, too.
    client = Party.objects.select_for_update(no_key=True).get(pk=posting.client_id)
    if sent_by(client).count() >= MOST_A_DAY:
        raise _too_many(f"You have invited {MOST_A_DAY} people within a day: go on tomorrow.")


def _too_many(message: str) -> WrongState:
    return WrongState(message, code="too_many_invitations")


def _tell_invited(invitation: Invitation, *, by: Actor) -> None:
    """Whoever is known by the address; nobody else gets mail because somebody typed an address.

    Once to a posting, however often they are asked: the owner cannot tell.
    """
    posting, named = invitation.posting, invitation.freelancer
    person = named.members.get() if named else person_at(invitation.email)
    if person is None:
        return
    to = own_party_of(person)
    if _has_bid(posting, to) or _was_told(invitation, person, to):
        return
    notify(
        to=to,
        kind="invitation_sent",
        text=Words(
            "%(who)s invites you to bid on “%(title)s”.",
            who=posting.client.name,
            title=posting.title,
        ),
        path=invitation.path,
        about=invitation.public_id,
        title=posting.title,
        by=by,
    )


def _was_told(invitation: Invitation, person: User, party: Party) -> bool:
    """Whether they know of another invitation to this posting that is not taken back."""
    theirs = Q(freelancer=party) | Q(freelancer=None, email__in=proven_addresses_of(person))
    others = invitation.posting.invitations.filter(theirs).exclude(pk=invitation.pk)
    standing = others.exclude(status=Invitation.Status.WITHDRAWN).values("public_id")
    return person.notifications.filter(kind="invitation_sent", about__in=standing).exists()


def _standing(among: QuerySet[Invitation], step: str) -> list[Invitation]:
    live = among.filter(status__in=LIFECYCLE.steps[step].source)
    return list(live.select_for_update(of=("self",)).order_by("pk"))


def _close(invitation: Invitation, *, answered_by: Party | None = None) -> Invitation:
    invitation.closed_at = now()
    invitation.freelancer = invitation.freelancer or answered_by
    invitation.save(update_fields=["status", "status_reason", "freelancer", "closed_at"])
    return invitation


def _advance(invitation_id: int, step: str, *, by: Actor) -> Invitation:
    posting_id = Invitation.objects.values_list("posting_id", flat=True).get(pk=invitation_id)
    postings.lock_posting(posting_id)
    sides = Invitation.objects.select_related("posting__client", "freelancer")
    invitation = sides.select_for_update(of=("self",)).get(pk=invitation_id)
    LIFECYCLE.advance(invitation, step, role=role_in(invitation, by))
    return invitation
