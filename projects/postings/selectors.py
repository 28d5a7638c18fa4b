"""Who may see which postings, and how they are found."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import Exists, F, FloatField, IntegerField, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from accounts.parties.selectors import party_ids_of
from accounts.people.models import StaffRole, User
from accounts.people.selectors import proven_addresses_of, staff_roles_of
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput
from marketplace.common.money import checked_amount, known_currency
from marketplace.common.text import checked_line
from projects.postings.awards import MADE, counted_on_each
from projects.postings.models import MOST_AWARDS, SKILLS_FOLDED, Posting

NEWEST, MATCH = "newest", "match"
ORDERS = (NEWEST, MATCH)
# The keys of a page, largest first (marketplace.common.pages).
KEYS = {NEWEST: ("published_at", "id"), MATCH: ("rank", "published_at", "id")}
# Ranking reads every hit, so only the newest are ranked: a common word would cost half a second.
RANKED = 500
LONGEST_QUERY = 200

_IN_PUBLIC = ("open", "awarded", "closed", "expired")
# Whatever they answered. What was withdrawn lets nobody in any more.
_INVITED = ("invited", "accepted", "declined", "lapsed")
_ASKED = ("asked", "answered", "declined", "removed")


def postings_visible_to(user: User | AnonymousUser) -> QuerySet[Posting]:
    """What was ever published, unless it is suspended; one's own whatever its state.

    Unlisted ones too: whoever asks for one by its address was given it, since the address cannot
    be guessed. Invite-only ones for whom they let in, and for moderators. Lists for everybody are
    made of ``open_postings``, never of this.
    """
    published = Q(status__in=_IN_PUBLIC, published_at__isnull=False)
    seen = published & _lets_in(user) | Q(client__in=party_ids_of(user))
    if StaffRole.MODERATOR in staff_roles_of(user):
        seen |= published | Q(status=Posting.Status.SUSPENDED)
    return _as_shown(Posting.objects.filter(seen))


def is_let_in(posting: Posting, user: User | AnonymousUser) -> bool:
    """Whether this posting is meant for them: anything but somebody else's invite-only one."""
    return not posting.is_invite_only or (
        Posting.objects.filter(
            Q(client__in=party_ids_of(user)) | _lets_in(user), pk=posting.pk
        ).exists()
    )


def _lets_in(user: User | AnonymousUser) -> Q:
    """Everything but invite-only ones, and of those: where they are invited, have bid or asked.

    Who had bid or asked before it became invite-only knows it, and is told of it: it stays in sight
    for them, unless they took their question back.
    """
    to_everybody = ~Q(visibility=Posting.Visibility.INVITE_ONLY)
    if not user.is_authenticated:
        return to_everybody
    parties, this = party_ids_of(user), Posting.objects.filter(pk=OuterRef("pk"))
    named = Q(invitations__freelancer__in=parties)
    named |= Q(invitations__freelancer=None, invitations__email__in=proven_addresses_of(user))
    return (
        to_everybody
        | Q(Exists(this.filter(named, invitations__status__in=_INVITED)))
        | Q(Exists(this.filter(bids__freelancer__in=parties)))
        | Q(Exists(this.filter(questions__asker__in=parties, questions__status__in=_ASKED)))
    )


def postings_of(user: User | AnonymousUser) -> QuerySet[Posting]:
    """Their own, drafts too."""
    mine = Posting.objects.filter(client__in=party_ids_of(user))
    return _as_shown(mine)


def postings_closing(user: User | AnonymousUser, *, limit: int) -> list[tuple[Posting, datetime]]:
    """Their own that still take bids, and until when; the soonest first."""
    found = postings_of(user).filter(status=Posting.Status.OPEN, bids_close_at__gt=now())
    found = found.order_by("bids_close_at", "pk")[:limit]
    return [(one, one.bids_close_at) for one in found if one.bids_close_at]


def open_postings() -> QuerySet[Posting]:
    """What everybody finds and may bid on, newest first: none that is unlisted."""
    found = Posting.objects.filter(status=Posting.Status.OPEN, visibility=Posting.Visibility.PUBLIC)
    return _as_shown(found).order_by("-published_at", "-id")


def _as_shown(found: QuerySet[Posting]) -> QuerySet[Posting]:
    """With whose they are and how many of their awards are made."""
    counted = found.annotate(counted_awards=counted_on_each(MADE))
    return counted.select_related("client").defer("search")


@dataclass(frozen=True)
class Filters:
    """What somebody looks for. Budgets are minor units of ``currency`` and need one; ``awards`` is
    how many a posting announces at least.
    """

    q: str = ""
    skill: str = ""
    kind: str = ""
    currency: str = ""
    budget_least: int | None = None
    budget_most: int | None = None
    days: int | None = None
    awards: int | None = None

    def __post_init__(self) -> None:
        """Raises InvalidInput with the field at fault."""
        checked_line(self.q, param="q", longest=LONGEST_QUERY, least=0)
        checked_line(self.skill, param="skill", longest=40, least=0)
        if self.kind and self.kind not in Posting.Kind.values:
            raise InvalidInput("Look for fixed or hourly.", param="kind")
        if self.currency:
            known_currency(self.currency)
        for param in ("budget_least", "budget_most"):
            amount = getattr(self, param)
            if amount is not None:
                checked_amount(amount, param=param, least=0)
                if not self.currency:
                    raise InvalidInput("Choose the currency of the budget.", param="currency")
        if self.days is not None and not 1 <= self.days <= 365:
            raise InvalidInput("Look back from 1 to 365 days.", param="days")
        if self.awards is not None and not 1 <= self.awards <= MOST_AWARDS:
            raise InvalidInput(f"Look for 1 to {MOST_AWARDS} awards.", param="awards")


def browse(filters: Filters, *, order: str = NEWEST) -> QuerySet[Posting]:
    """Open postings that fit, in the order of ``KEYS[order]``.

    The best match first means: of the newest ``RANKED`` hits. Without words nothing matches better
    than anything else, and the newest come first; ask ``order_for`` which it is.
    """
    found = open_postings().filter(_fits(filters))
    if filters.skill:
        skills: Any = [filters.skill.strip().lower()]
        found = found.alias(folded=SKILLS_FOLDED).filter(folded__contains=skills)
    if order_for(filters, order) == NEWEST:
        return found
    newest_hits = found.values("pk")[:RANKED]
    rank = SearchRank(F("search"), _words(filters.q)) * 1_000_000.0
    return (
        _as_shown(Posting.objects.filter(pk__in=newest_hits))
        .annotate(rank=Cast(Cast(rank, FloatField()), IntegerField()))
        .order_by("-rank", "-published_at", "-id")
    )


def order_for(filters: Filters, order: str) -> str:
    """The order that these filters allow."""
    if order not in ORDERS:
        raise InvalidInput("Order by newest or match.", param="order")
    return order if filters.q.strip() else NEWEST


def _fits(filters: Filters) -> Q:
    fits = Q()
    if filters.q.strip():
        fits &= Q(search=_words(filters.q))
    if filters.kind:
        fits &= Q(kind=filters.kind)
    if filters.currency:
        fits &= Q(currency=filters.currency)
    if filters.budget_least is not None:
        # A posting that is open to offers fits no budget: nothing is known of it.
        fits &= Q(budget_most__gte=filters.budget_least) | Q(
            budget_most__isnull=True, budget_least__isnull=False
        )
    if filters.budget_most is not None:
        fits &= Q(budget_least__lte=filters.budget_most) | Q(
            budget_least__isnull=True, budget_most__isnull=False
        )
    if filters.days is not None:
        fits &= Q(published_at__gte=now() - timedelta(days=filters.days))
    if filters.awards is not None:
        fits &= Q(awards__gte=filters.awards)
    return fits


def _words(q: str) -> SearchQuery:
    """Words as people write them: "in quotes", or, -not."""
    return SearchQuery(q, config="english", search_type="websearch")
