"""A moderator takes a posting out of sight for a time: a hold like any other (accounts/holds)."""

from collections.abc import Sequence
from datetime import timedelta

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F

from accounts.holds.models import Hold
from accounts.holds.selectors import hold_ids_on
from accounts.holds.services import close_hold, lock_hold, place_hold
from accounts.notifications.services import notify
from accounts.parties.selectors import person_ids_of
from accounts.people.models import User
from marketplace.common.audit import log_deed
from marketplace.common.lifecycle import MODERATOR, SYSTEM
from marketplace.common.words import Words
from payments.policies.selectors import clocks_of_holds
from projects.postings import rules
from projects.postings.models import LIFECYCLE, Posting
from projects.postings.roles import Actor, role_in
from projects.postings.services import lock_posting

# Of bids, as their room names them.
STANDING = ("submitted", "shortlisted", "offered")


@transaction.atomic
def suspend_posting(
    *,
    posting_id: int,
    reason: str,
    evidence: str,
    days: int,
    by: Actor,
    links: Sequence[str] = (),
    files: Sequence[UploadedFile] = (),
) -> Posting:
    """Take it out of sight for so many days at most, for a reason and on evidence that its owner
    reads; its times and its bids stand still meanwhile. Raises NotAllowed, InvalidInput, TooLarge
    or WrongState.
    """
    posting = _advance(posting_id, "suspend", by=by)
    posting.status_reason = rules.checked_reason(reason)
    posting.save(update_fields=["status", "status_reason"])
    hold = place_hold(
        Hold(
            kind=Hold.Kind.POSTING,
            party=posting.client,
            subject=posting.public_id,
            title=posting.title,
        ),
        reason=posting.status_reason,
        evidence=evidence,
        links=links,
        files=files,
        days=days,
        clocks=clocks_of_holds(Hold.Kind.POSTING),
        by=by,
    )
    notify(
        to=posting.client,
        kind="posting_suspended",
        text=Words(
            "“%(title)s” was suspended: %(reason)s",
            title=posting.title,
            reason=posting.status_reason,
        ),
        path=hold.path,
        by=by,
    )
    text = f"Suspended “{posting.title}” for {days} days at most."
    _log(posting, "suspend", text, by=by, reason=posting.status_reason)
    return posting


@transaction.atomic
def restore_posting(*, posting_id: int, by: Actor, ruling: str = "") -> Posting:
    """Show it again: the suspension is over, was answered, or was a mistake; ``ruling`` is what is
    said of an appeal. By a moderator at any time, by the clock at its end. Its times, and those of
    its bids, are later by as long as it was suspended.
    """
    posting = _advance(posting_id, "restore", by=by)
    for hold_id in hold_ids_on(posting.public_id):
        assert isinstance(by, User | str)
        hold = close_hold(lock_hold(hold_id), by=by, ruling=ruling)
        assert hold.closed_at
        _put_off(posting, hold.closed_at - hold.created_at)
    posting.status_reason = ""
    posting.save(update_fields=["status", "status_reason", "bids_close_at", "promised_choose_by"])
    notify(
        to=posting.client,
        kind="posting_restored",
        text=Words("“%(title)s” is open again.", title=posting.title),
        path=posting.path,
        by=by,
    )
    if by != SYSTEM:
        _log(posting, "restore", f"Restored “{posting.title}”.", by=by, reason=ruling)
    return posting


def _put_off(posting: Posting, stood: timedelta) -> None:
    """Bids live one room up: their times are moved from here, so that no way of restoring a posting
    leaves them behind. The caller saves the posting.
    """
    if posting.bids_close_at:
        posting.bids_close_at += stood
    if posting.promised_choose_by:
        posting.promised_choose_by += stood
    standing = posting.bids.filter(status__in=STANDING).order_by("pk").select_for_update()
    ids = list(standing.values_list("pk", flat=True))
    posting.bids.filter(pk__in=ids).update(
        valid_until=F("valid_until") + stood, remind_at=F("remind_at") + stood
    )


def _advance(posting_id: int, step: str, *, by: Actor) -> Posting:
    posting = lock_posting(posting_id)
    LIFECYCLE.advance(posting, step, role=role_in(posting, by))
    return posting


def _log(posting: Posting, step: str, text: str, *, by: Actor, reason: str = "") -> None:
    assert isinstance(by, User)  # the table lets moderators only
    log_deed(
        f"{step} posting",
        posting.public_id,
        text,
        by=by,
        role=MODERATOR,
        about=person_ids_of(posting.client_id),
        reason=reason,
    )
