"""What stands still, whom it concerns, and who of the staff sees it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Prefetch, Q, QuerySet, prefetch_related_objects

from accounts.holds.models import STANDING, Hold, HoldFile
from accounts.parties.models import Party
from accounts.parties.selectors import own_party_of, parties_of, party_ids_of
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput


def holds_of(user: User) -> QuerySet[Hold]:
    """Those that concern this person, whether they stand or not; the newest first."""
    found = Hold.objects.filter(party__in=parties_of(user)).prefetch_related(with_hold_files())
    return found.order_by("-created_at", "-id")


def appealable_by(user: User, *, limit: int) -> list[Hold]:
    """Those against which this person can appeal now, the first whose time for it ends first."""
    at = now()
    found = holds_of(user).filter(status=Hold.Status.PLACED, appeal_until__gt=at, closes_at__gt=at)
    return list(found.order_by("appeal_until", "pk")[:limit])


def suspension_of(user: User) -> Hold | None:
    """What keeps this person from beginning anything new; nothing does once its time is over."""
    found = standing(Hold.Kind.PERSON).filter(party__in=party_ids_of(user), closes_at__gt=now())
    return found.first()


def suspensions_among(party_ids: Iterable[int]) -> dict[int, Hold]:
    """Who of them is suspended now, by the primary key of their party; one query."""
    found = standing(Hold.Kind.PERSON).filter(party__in=party_ids, closes_at__gt=now())
    return {hold.party_id: hold for hold in found.select_related("party")}


def standing(kind: str = "") -> QuerySet[Hold]:
    """Those in force, of one kind or of all."""
    found = among_standing(Hold.objects.all())
    return found.filter(kind=kind) if kind else found


def among_standing(holds: QuerySet[Hold]) -> QuerySet[Hold]:
    return holds.filter(status__in=STANDING)


def standing_hold_on(kind: str, party: Party | int) -> Hold | None:
    """The one of this kind that is in force on somebody."""
    return standing(kind).filter(party=party).first()


def hold_ids_on(subject: str) -> list[int]:
    """What is in force on the thing of this public id."""
    found = among_standing(Hold.objects.filter(subject=subject)).order_by("pk")
    return list(found.values_list("pk", flat=True))


def held_since(subject: str) -> datetime | None:
    """Since when the thing of this public id stands still; None where nothing holds it."""
    found = among_standing(Hold.objects.filter(subject=subject)).order_by("pk")
    return found.values_list("created_at", flat=True).first()


def desk_holds(user: User) -> QuerySet[Hold]:
    """For moderators those of people and postings, for finance those of payouts, for support all to
    read; nobody sees those that concern themselves.
    """
    roles = staff_roles_of(user)
    kinds: set[str] = set()
    if roles & {StaffRole.MODERATOR, StaffRole.SUPPORT}:
        kinds |= {Hold.Kind.PERSON, Hold.Kind.POSTING}
    if roles & {StaffRole.FINANCE, StaffRole.SUPPORT}:
        kinds.add(Hold.Kind.PAYOUTS)
    found = Hold.objects.filter(kind__in=kinds).exclude(party__in=parties_of(user))
    found = found.select_related("party", "placed_by", "decided_by", "closed_by")
    return found.prefetch_related(with_hold_files())


def with_hold_files() -> Prefetch:
    """With holds: the files that came with them, by their names."""
    return Prefetch(
        "files", HoldFile.objects.select_related("stored").order_by("stored__name", "pk")
    )


def files_on(hold: Hold) -> list[HoldFile]:
    """Those of one hold, by their names."""
    prefetch_related_objects([hold], with_hold_files())
    return list(hold.files.all())


def due_hold_ids(at: datetime, *, limit: int) -> list[int]:
    """Those whose time is over, or whose appeal nobody has answered in time."""
    due = standing().filter(closes_at__lte=at).order_by("closes_at", "pk")
    return list(due.values_list("pk", flat=True)[:limit])


def late_hold_ids(at: datetime, *, limit: int) -> list[int]:
    """Those whose appeal was to be answered by now, of which nobody was told that it is late; not
    those that are over.
    """
    late = Hold.objects.filter(
        status=Hold.Status.APPEALED,
        ruling_late_at=None,
        ruling_expected_at__lte=at,
        closes_at__gt=at,
    ).order_by("ruling_expected_at", "pk")
    return list(late.values_list("pk", flat=True)[:limit])


def ending_hold_ids(at: datetime, *, kind: str, ahead: timedelta, limit: int) -> list[int]:
    """Those of this kind that are over so soon (``ahead``) by themselves, of which end nobody was
    told; not those that were placed for no longer.
    """
    soon = standing(kind).filter(
        closes_at__gt=at, closes_at__lte=at + ahead, created_at__lt=F("closes_at") - ahead
    )
    untold = soon.exclude(end_told_at=F("closes_at")).order_by("closes_at", "pk")
    return list(untold.values_list("pk", flat=True)[:limit])


def party_named(name: str) -> Party:
    """The party of this id, or of the person with this id or address. Raises InvalidInput."""
    name = name.strip()
    if party := Party.objects.filter(public_id=name).first():
        return party
    if person := User.objects.filter(Q(email__iexact=name) | Q(public_id=name)).first():
        return own_party_of(person)
    raise InvalidInput("Nobody has this address or id.", param="who")
