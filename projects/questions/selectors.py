"""Who may read which questions, and who is told of an answer."""

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from accounts.parties.models import Party
from accounts.parties.selectors import acts_for, party_ids_of
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.clock import now
from marketplace.common.lifecycle import FREELANCER, MODERATOR, OWNER
from projects.bids.models import STANDING, Bid
from projects.confidentiality.selectors import gate_of, let_in, opens_to
from projects.postings.models import Posting
from projects.postings.roles import Actor
from projects.postings.roles import role_in as role_on_posting
from projects.postings.selectors import postings_visible_to
from projects.questions.models import LIFECYCLE, Question

A_DAY = timedelta(days=1)
_UNANSWERED = ~Q(status=Question.Status.ANSWERED)


def questions_visible_to(user: User | AnonymousUser) -> QuerySet[Question]:
    """Answered ones for whoever sees the posting; one's own; those to an owner; all for moderators.

    What was withdrawn was not asked: the owner does not read it. On a posting with a confidential
    part they are for those who have accepted its text; an asker who has not keeps their own while
    nothing is answered: the answer tells of the details.
    """
    parties = party_ids_of(user)
    seen = Q(status=Question.Status.ANSWERED) | Q(asker__in=parties)
    seen |= Q(posting__client__in=parties) & ~Q(status=Question.Status.WITHDRAWN)
    if StaffRole.MODERATOR in staff_roles_of(user):
        seen = Q()
    visible = postings_visible_to(user)
    is_open = Q(posting__in=visible.filter(opens_to(user)).values("pk"))
    is_own = Q(posting__in=visible.values("pk"), asker__in=parties) & _UNANSWERED
    return Question.objects.filter(seen, is_open | is_own).select_related("posting")


def questions_on(posting: Posting, user: User | AnonymousUser) -> QuerySet[Question]:
    """Those on a posting that this person may read; the caller has looked at the posting."""
    role = role_on_posting(posting, user)
    found = Question.objects.filter(posting=posting).select_related("posting")
    if not gate_of(posting, user).is_open:
        return found.filter(_UNANSWERED, asker__in=party_ids_of(user))
    if role == MODERATOR:
        return found
    if role == OWNER:
        return found.exclude(status=Question.Status.WITHDRAWN)
    return found.filter(Q(status=Question.Status.ANSWERED) | Q(asker__in=party_ids_of(user)))


def waiting_on(posting: Posting) -> int:
    """How many wait for the owner."""
    waiting = posting.questions.filter(status=Question.Status.ASKED).select_related("posting")
    return sum(question.waits for question in waiting)


def asked_by(asker: Party) -> QuerySet[Question]:
    """What they asked in the last day, on all postings, withdrawn ones too."""
    return Question.objects.filter(asker=asker, created_at__gt=now() - A_DAY)


def parties_concerned(question: Question) -> QuerySet[Party]:
    """The asker, whoever has asked here too, and everybody whose bid stands: each once, and none
    who may not read it.
    """
    on_posting = {"posting": question.posting_id}
    bidders = Bid.objects.filter(**on_posting, status__in=STANDING).values("freelancer")
    askers = Question.objects.filter(**on_posting).exclude(status=Question.Status.WITHDRAWN)
    concerned = Party.objects.filter(Q(pk__in=bidders) | Q(pk__in=askers.values("asker")))
    return let_in(question.posting, concerned)


def role_in(question: Question, by: Actor) -> str | None:
    """The asker is who would be the freelancer; the posting says who else somebody is."""
    if not isinstance(by, str) and acts_for(by, question.asker_id):
        return FREELANCER
    return role_on_posting(question.posting, by)


def open_steps(question: Question, by: Actor) -> list[str]:
    """What this person may do to it now: nobody answers on a posting that is over."""
    steps = LIFECYCLE.open_to(role_in(question, by), question.status)
    is_open = question.posting.status == Posting.Status.OPEN
    return [step for step in steps if step not in ("answer", "decline") or is_open]
