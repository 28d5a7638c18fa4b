"""What staff lets stand still: placed, appealed against once, and over by itself.

What a hold stops, and what goes on when it is over, is done by the rooms of what is held; they lock
that first. A person has no room above: what suspends and frees one is here.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.holds.models import LIFECYCLE, Hold, HoldFile
from accounts.holds.rules import (
    LONGEST_APPEAL,
    LONGEST_TEXT,
    Clocks,
    checked_days,
    checked_links,
    refusal_of,
    role_in,
)
from accounts.holds.selectors import standing, suspension_of, suspensions_among
from accounts.notifications.services import notify
from accounts.parties.models import Party
from accounts.parties.selectors import own_party_of, person_ids_of
from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_with
from marketplace.common.attachments import check_attachments, check_room
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.files import store_files
from marketplace.common.lifecycle import OWNER, SYSTEM
from marketplace.common.text import checked_text
from marketplace.common.words import Words, said_moment
from marketplace.common.working_days import after_working_days


def judge_may_begin(by: object, deed: str, *, beside: Sequence[int] = ()) -> None:
    """First step of every deed of ``BARRED``, in its transaction: refuse whoever is suspended.

    Where two agree by it, ``beside`` has the primary keys of the parties: whether the other side is
    suspended, ``judge_other_side`` says once it is known that ``by`` may ask. The rows of all of
    them are locked until it ends, in one order: a suspension is placed before all of it, or after.
    Raises Suspended.
    """
    if not isinstance(by, User):
        return
    for person_id in sorted({by.pk, *(person_ids_of(*beside) if beside else ())}):
        _lock_person(person_id)
    if hold := suspension_of(by):
        raise refusal_of(hold, deed)


def judge_other_side(party: Party) -> None:
    """What takes both sides is not agreed on while the other one is suspended either. The caller
    has named it to ``judge_may_begin``. Raises WrongState.
    """
    if hold := suspensions_among([party.pk]).get(party.pk):
        raise WrongState(
            f"{party.name} is suspended from new business until {said_moment(hold.closes_at)} at "
            "the latest: nothing new can be agreed on with them before.",
            code="other_side_suspended",
        )


@transaction.atomic
def suspend_person(
    *,
    person_id: int,
    reason: str,
    evidence: str,
    days: int,
    clocks: Clocks,
    by: User,
    links: Sequence[str] = (),
    files: Sequence[UploadedFile] = (),
) -> Hold:
    """Nothing new for this person for so many days; all that runs goes on, and they are paid. The
    caller tells whom else it concerns, and logs it last.

    Raises NotAllowed, InvalidInput or WrongState (one is in force).
    """
    person = _lock_person(person_id)
    hold = place_hold(
        Hold(
            kind=Hold.Kind.PERSON,
            party=own_party_of(person),
            subject=person.public_id,
            title=person.name,
        ),
        reason=reason,
        evidence=evidence,
        links=links,
        files=files,
        days=days,
        clocks=clocks,
        by=by,
    )
    text = Words(
        "You are suspended until %(until)s at the latest. Read why, what goes on, and how to "
        "appeal.",
        until=hold.ends_at,
    )
    notify(to=person, kind="person_suspended", text=text, path=hold.path)
    return hold


def place_hold(
    hold: Hold,
    *,
    reason: str,
    evidence: str,
    links: Sequence[str],
    files: Sequence[UploadedFile],
    days: int,
    clocks: Clocks,
    by: object,
) -> Hold:
    """Write it down; the caller has locked what it holds, tells whom it concerns, and logs it last.

    Raises NotAllowed (not theirs to hold, or their own), InvalidInput, TooLarge or WrongState.
    """
    judge_holder(hold, by)
    assert isinstance(by, User)
    at = now()
    hold.reason = checked_text(reason, param="reason", longest=LONGEST_TEXT, least=1)
    hold.evidence = checked_text(evidence, param="evidence", longest=LONGEST_TEXT, least=1)
    hold.links = checked_links(links)
    check_attachments([*files])
    check_room([*files], held=0)
    on_it = Hold.objects.filter(kind=hold.kind, subject=hold.subject).order_by("pk")
    if standing(hold.kind).filter(subject=hold.subject).exists():
        raise WrongState(f"There is a hold on {hold.what} already.")
    days = checked_days(days, clocks.most_days, list(on_it), at)
    hold.placed_by, hold.created_at = by, at
    hold.ends_at = hold.closes_at = at + timedelta(days=days)
    hold.appeal_until = min(at + timedelta(days=clocks.appeal_days), hold.ends_at)
    hold.ruling_working_days, hold.ruling_days = clocks.ruling_working_days, clocks.ruling_days
    hold.save(force_insert=True)
    if files:
        HoldFile.objects.bulk_create(
            HoldFile(hold=hold, stored=stored) for stored in store_files([*files], by=by)
        )
    return hold


def judge_holder(hold: Hold, by: object) -> None:
    """Who of the staff places such a hold: not on their own. Raises NotAllowed."""
    role = role_in(hold, by) if isinstance(by, User) else None
    if role == OWNER:
        raise NotAllowed("Somebody else of the staff has to look into what is your own.")
    if role != hold.role:
        raise NotAllowed(f"Only {hold.role} can place this hold.")


@transaction.atomic
def appeal_hold(*, hold_id: int, statement: str, by: User) -> Hold:
    """Say once why it should not stand; another one of the staff answers, or it is lifted.

    Raises NotAllowed, InvalidInput or WrongState (too late, or a second time).
    """
    hold = lock_hold(hold_id)
    LIFECYCLE.judge(hold, "appeal", role=role_in(hold, by))
    if not hold.takes_an_appeal:
        raise WrongState("The time to appeal is over.")
    hold.appeal = checked_text(statement, param="statement", longest=LONGEST_APPEAL, least=1)
    LIFECYCLE.advance(hold, "appeal", role=role_in(hold, by))
    at = now()
    hold.appealed_at = at
    hold.ruling_due_at = at + timedelta(days=hold.ruling_days)
    hold.closes_at = min(hold.ends_at, hold.ruling_due_at)
    zone = settings.STAFF_TIME_ZONE
    expected_at = after_working_days(at, hold.ruling_working_days, zone=zone)
    hold.ruling_expected_at = min(expected_at, hold.closes_at)
    hold.save()
    text = Words(
        "%(who)s has appealed against a hold. Answer by %(due)s; after that it is over.",
        who=hold.party.name,
        due=hold.closes_at,
    )
    tell_who_may_hear(hold, "hold_appealed", text)
    return hold


def tell_who_may_hear(hold: Hold, kind: str, text: Words) -> None:
    """Everybody who may answer the appeal: not who placed it, and nobody whom it concerns."""
    for one in staff_with(StaffRole(hold.role)):
        if one.pk != hold.placed_by_id and role_in(hold, one) == hold.role:
            path = f"/desk/holds/{hold.public_id}/"
            notify(to=one, kind=kind, text=text, path=path, about=hold.public_id)


@transaction.atomic
def uphold_hold(*, hold_id: int, ruling: str, by: User) -> Hold:
    """The appeal is heard and refused, with reasons; it stands until its end.

    Raises NotAllowed (also for who placed it), InvalidInput or WrongState.
    """
    hold = lock_hold(hold_id)
    LIFECYCLE.judge(hold, "uphold", role=role_in(hold, by))
    if by.pk == hold.placed_by_id:
        raise NotAllowed("Somebody else than who placed it answers the appeal. You can lift it.")
    if hold.closes_at <= now():
        raise WrongState("The time to answer is over: it is lifted.")
    hold.ruling = checked_text(ruling, param="ruling", longest=LONGEST_APPEAL, least=1)
    LIFECYCLE.advance(hold, "uphold", role=role_in(hold, by))
    hold.decided_by, hold.decided_at, hold.closes_at = by, now(), hold.ends_at
    hold.save()
    text = Words(
        "Your appeal was refused: what you appealed against stands until %(until)s. Read why.",
        until=hold.ends_at,
    )
    notify(to=hold.party, kind="hold_upheld", text=text, path=hold.path)
    _log(hold, "uphold", f"Refused the appeal of {hold.party.name}.", by, hold.ruling)
    return hold


@transaction.atomic
def free_person(*, hold_id: int, by: User | str, ruling: str = "") -> Hold:
    """The suspension is over: by a moderator at any time, by the clock at its end. The caller tells
    whom else it concerns, and logs it last.
    """
    subject = Hold.objects.values_list("subject", flat=True).get(pk=hold_id)
    person = _lock_person(User.objects.values_list("pk", flat=True).get(public_id=subject))
    hold = close_hold(lock_hold(hold_id), by=by, ruling=ruling)
    text = Words("You are no longer suspended.")
    notify(to=person, kind="person_free", text=text, path=hold.path)
    return hold


def close_hold(hold: Hold, *, by: User | str, ruling: str = "") -> Hold:
    """Write down that it is over; ``ruling`` is what is said of an appeal. The caller has locked
    what was held and this row, lets it go on, and logs it last. Raises NotAllowed or WrongState.
    """
    in_time = hold.closes_at > now()
    step = "end" if by == SYSTEM and not hold.was_not_answered else "lift"
    was_appealed = hold.status == Hold.Status.APPEALED
    LIFECYCLE.advance(hold, step, role=role_in(hold, by))
    if by == SYSTEM and in_time:
        raise WrongState("This hold is not over yet.")
    hold.closed_at = now()
    fields = ["status", "closed_at", "closed_by", "ruling", "decided_by", "decided_at"]
    if isinstance(by, User):
        hold.closed_by = by
        if was_appealed:
            hold.ruling = checked_text(ruling, param="ruling", longest=LONGEST_APPEAL)
            hold.decided_by, hold.decided_at = by, hold.closed_at
    hold.save(update_fields=fields)
    return hold


def log_placed(hold: Hold) -> None:
    """Last of all: the audit log is one deed's alone until that is committed."""
    days = (hold.ends_at - hold.created_at).days
    text = f"Held {hold.what} for {days} days at most."
    _log(hold, "place", text, hold.placed_by, hold.reason)


def log_lifted(hold: Hold, *, by: User | str) -> None:
    """Last of all, as ``log_placed``; what the clock does is no deed of the staff."""
    if isinstance(by, User):
        _log(hold, "lift", f"Lifted the hold on {hold.what}.", by, hold.ruling)


def lock_hold(hold_id: int) -> Hold:
    """The row, held until the caller's transaction ends."""
    return Hold.objects.select_for_update(of=("self",)).select_related("party").get(pk=hold_id)


def _lock_person(person_id: int) -> User:
    """The gate between what somebody begins and their suspension; rows pointing at it are free."""
    return User.objects.select_for_update(no_key=True).get(pk=person_id)


def _log(hold: Hold, step: str, text: str, by: User, reason: str) -> None:
    log_deed(
        f"{step} hold",
        hold.public_id,
        text,
        by=by,
        role=hold.role,
        about=person_ids_of(hold.party_id),
        reason=reason,
    )
