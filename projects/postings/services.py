"""What can happen to a posting, in the order it happens.

What its end means for the bids on it is seen to one room up, in ``projects.bids.declining``:
``edit_bidding``, ``close_bidding`` and ``expire_bidding``.
"""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.holds.services import judge_may_begin
from accounts.notifications.services import notify
from accounts.parties.models import Party
from accounts.parties.selectors import acts_for, own_party_of
from accounts.people.models import User
from marketplace.common.attachments import check_attachments, check_room
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, NotThere, WrongState
from marketplace.common.files import store_files
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words
from projects.postings import rules
from projects.postings.awards import judge_announced
from projects.postings.models import LIFECYCLE, Posting, PostingFile
from projects.postings.roles import Actor, judge_let_in, role_in

# Whose bid stands was told until when it may be chosen.
_TOLD = ("submitted", "shortlisted", "offered")
# Bids are in this currency and of this kind: what is published keeps them.
_SETTLED_WHEN_PUBLISHED = {"currency", "kind"}


@transaction.atomic
def create_posting(
    *, by: User, party: Party | None = None, publish: bool = False, **fields: Any
) -> Posting:
    """A draft that only its owner sees; ``party`` is whose it is, their own if none is named.

    With ``publish`` it is published at once, or not made at all.

    Takes title (needed), description (Markdown), skills (a list), kind, visibility, currency,
    budget_least and budget_most (minor units), awards (for how many freelancers it is),
    wished_deadline (a date) and bids_close_at. Raises InvalidInput.
    """
    if party is not None and not acts_for(by, party.pk):
        raise NotAllowed("You cannot act for them.")
    checked = rules.checked_posting({"title": ""} | fields)
    rules.check_budget(checked.get("budget_least"), checked.get("budget_most"))
    posting = Posting.objects.create(client=party or own_party_of(by), **checked)
    return publish_posting(posting_id=posting.pk, by=by) if publish else posting


@transaction.atomic
def edit_posting(*, posting_id: int, by: Actor, publish: bool = False, **changes: Any) -> Posting:
    """Change what is given, leave the rest. Once published, kind and currency stay.

    With ``publish`` the draft is published as changed, or nothing changes. An open posting that
    announces no more awards than are made is awarded: with bids on it, ``edit_bidding``. Raises
    InvalidInput, and WrongState for fewer awards than are made or offered.
    """
    if publish:
        # Before the posting is locked, as wherever something new is begun.
        judge_may_begin(by, "publish")
    posting = _advance(posting_id, "edit", by=by)
    # What is not changed is not judged again: a wish may have passed since.
    checked = _changed(posting, rules.checked_posting(_changed(posting, changes)))
    if posting.status == Posting.Status.OPEN:
        if settled := set(checked) & _SETTLED_WHEN_PUBLISHED:
            field = min(settled)
            raise InvalidInput(f"The {field} stays once a posting is published.", param=field)
        if checked.get("description") == "":
            raise InvalidInput("Say what you want done.", param="description")
        if checked.get("bids_close_at", posting.bids_close_at) is None:
            checked["bids_close_at"] = rules.default_bids_close_at()
        if _ends_earlier(posting, checked) and posting.bids.filter(status__in=_TOLD).exists():
            checked["promised_choose_by"] = posting.choose_by
        if "awards" in checked:
            judge_announced(posting, checked["awards"])
        # Who finds it is no part of what is asked for: no bidder need read it again.
        if set(checked) - {"visibility"}:
            checked["edited_at"] = now()
    for field, value in checked.items():
        setattr(posting, field, value)
    rules.check_budget(posting.budget_least, posting.budget_most)
    posting.save(update_fields=list(checked))
    if posting.status == Posting.Status.OPEN and posting.awards == posting.awards_made:
        return award_posting(posting_id=posting.pk, by=SYSTEM)
    return publish_posting(posting_id=posting.pk, by=by) if publish else posting


def _ends_earlier(posting: Posting, changes: dict[str, Any]) -> bool:
    """Whether bids would close before they do now."""
    asked, kept = changes.get("bids_close_at"), posting.bids_close_at
    return asked is not None and kept is not None and asked < kept


def _changed(posting: Posting, given: dict[str, Any]) -> dict[str, Any]:
    missing = object()
    return {
        field: value for field, value in given.items() if getattr(posting, field, missing) != value
    }


@transaction.atomic
def publish_posting(*, posting_id: int, by: Actor) -> Posting:
    """Let everybody see it and bid on it. Raises InvalidInput for what is missing."""
    judge_may_begin(by, "publish")
    posting = _advance(posting_id, "publish", by=by)
    rules.check_publishable(posting)
    posting.published_at = now()
    posting.bids_close_at = posting.bids_close_at or rules.default_bids_close_at()
    posting.save(update_fields=["status", "published_at", "bids_close_at"])
    return posting


@transaction.atomic
def close_posting(*, posting_id: int, reason: str, by: Actor) -> Posting:
    """It will not be awarded here, or not once more: with an award made it ends as awarded.

    With bids on it: ``close_bidding``.
    """
    posting = _advance(posting_id, "close", by=by)
    reason = rules.checked_reason(reason, least=0)
    if posting.awards_made:
        return award_posting(posting_id=posting_id, by=SYSTEM, reason=reason)
    posting.status_reason, posting.closed_at = reason, now()
    posting.save(update_fields=["status", "status_reason", "closed_at"])
    return posting


@transaction.atomic
def expire_posting(*, posting_id: int, by: Actor) -> Posting:
    """Its time is over: with some award made it ends as awarded, otherwise as expired.

    Raises WrongState while bids may still come in.
    """
    posting = _advance(posting_id, "expire", by=by)
    if not posting.is_past_bids:
        raise WrongState("Bids are still welcome here.")
    if posting.awards_made:
        text = Words.counted(
            "“%(title)s” has ended: its time is over, with %(made)s of %(count)s award made.",
            "“%(title)s” has ended: its time is over, with %(made)s of %(count)s awards made.",
            count=posting.awards,
            title=posting.title,
            made=posting.awards_made,
        )
        _tell(posting, "posting_awarded", text, by=by)
        return award_posting(posting_id=posting_id, by=by)
    posting.closed_at = now()
    posting.save(update_fields=["status", "closed_at"])
    text = Words(
        "“%(title)s” has expired: its time for bids is over, and nobody was hired.",
        title=posting.title,
    )
    _tell(posting, "posting_expired", text, by=by)
    return posting


def _tell(posting: Posting, kind: str, text: Words, *, by: Actor) -> None:
    notify(to=posting.client, kind=kind, text=text, path=posting.path, title=posting.title, by=by)


@transaction.atomic
def award_posting(*, posting_id: int, by: Actor, reason: str = "") -> Posting:
    """Its awards are made, or as many as will be. By SYSTEM only; the bids left: ``settle_awards``.

    ``reason`` is what its client says of ending it before the last one.
    """
    posting = _advance(posting_id, "award", by=by)
    posting.status_reason, posting.closed_at = reason, now()
    posting.save(update_fields=["status", "status_reason", "closed_at"])
    return posting


@transaction.atomic
def add_files(*, posting_id: int, uploads: list[UploadedFile], by: User) -> list[PostingFile]:
    """Attach files that explain the posting, all of them or none."""
    posting = _advance(posting_id, "edit", by=by)
    if not uploads:
        raise InvalidInput("Choose at least one file.", param="files")
    there = list(posting.files.values_list("stored__name", "stored__size"))
    check_attachments(uploads, beside=[name for name, _ in there])
    check_room(uploads, held=sum(size for _, size in there))
    note_edit(posting)
    return [
        PostingFile.objects.create(posting=posting, stored=stored)
        for stored in store_files(uploads, by=by)
    ]


@transaction.atomic
def remove_file(*, posting_id: int, file_public_id: str, by: Actor) -> Posting:
    """Take a file off the posting; its bytes stay with whoever has fetched them.

    Raises WrongState while an offer is out that names the file, and for good once both sides of a
    contract have signed it.
    """
    posting = _advance(posting_id, "edit", by=by)
    file = posting.files.select_related("stored").filter(stored__public_id=file_public_id).first()
    if file is None:
        raise NotThere("There is no such file on this posting.")
    if posting.bids.filter(status="offered").exists():
        raise WrongState("An offer is out that names this file: withdraw it first.")
    # Each wording names what it was signed with by its hash.
    signed = posting.contracts.filter(accepted_at__isnull=False)
    if signed.filter(agreements__body__contains=file.stored.sha256).exists():
        raise WrongState("An agreement that was signed names this file: it stays for good.")
    file.delete()
    note_edit(posting)
    return posting


def lock_posting(posting_id: int) -> Posting:
    """The row, held until the caller's transaction ends; rows that point at it stay free."""
    return Posting.objects.select_for_update(no_key=True).get(pk=posting_id)


def lock_posting_for(posting_id: int, by: User) -> Posting:
    """The same for somebody who bids or asks; refuses as ``judge_let_in`` does."""
    posting = lock_posting(posting_id)
    judge_let_in(posting, by)
    return posting


def note_edit(posting: Posting) -> None:
    """Who has bid already is shown that what is asked for has changed since."""
    if posting.status != Posting.Status.DRAFT:
        posting.edited_at = now()
        posting.save(update_fields=["edited_at"])


def _advance(posting_id: int, step: str, *, by: Actor) -> Posting:
    posting = lock_posting(posting_id)
    LIFECYCLE.advance(posting, step, role=role_in(posting, by))
    return posting
