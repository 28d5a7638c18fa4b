"""A moderator takes a posting out of sight for a time: a hold like any other (accounts/holds)."""

from collections.abc import Sequence
from datetime import timedelta

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F

from accounts.holds.models import Hold
from accounts.holds.selectors import hold_ids_on
from accounts.holds.services import close_hold, lock_hold, place_hold
from accounts.notifications.services import News, notify, notify_each
from accounts.parties.selectors import person_ids_of
from accounts.people.models import User
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.lifecycle import MODERATOR, SYSTEM
from marketplace.common.words import Words
from payments.policies.selectors import clocks_of_holds
from projects.bids.counters.models import CounterOffer
from projects.bids.models import LIVE, STANDING, Bid
from projects.bids.validity import reminds_at
from projects.contracts.models import Contract, PutOff
from projects.contracts.selectors import page_of
from projects.postings import rules
from projects.postings.models import LIFECYCLE, Posting
from projects.postings.roles import Actor, role_in
from projects.postings.services import lock_posting


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
    its offers, its bids and what is proposed about them, are later by as long as it was suspended:
    whoever has bid is told.
    """
    posting, stood = _advance(posting_id, "restore", by=by), timedelta()
    for hold_id in hold_ids_on(posting.public_id):
        assert isinstance(by, User | str)
        hold = close_hold(lock_hold(hold_id), by=by, ruling=ruling)
        assert hold.closed_at
        stood += hold.closed_at - hold.created_at
    offers, bids = _put_off(posting, stood)
    posting.status_reason = ""
    posting.save(update_fields=["status", "status_reason", "bids_close_at", "promised_choose_by"])
    notify(
        to=posting.client,
        kind="posting_restored",
        text=Words("“%(title)s” is open again.", title=posting.title),
        path=posting.path,
        by=by,
    )
    notify_each([*map(_news_of_offer, offers), *map(_news_of_bid, bids)])
    if by != SYSTEM:
        _log(posting, "restore", f"Restored “{posting.title}”.", by=by, reason=ruling)
    return posting


def _put_off(posting: Posting, stood: timedelta) -> tuple[list[Contract], list[Bid]]:
    """All that stood still, in the order in which other deeds lock it; the offers and the bids that
    go on. The caller saves the posting.
    """
    if posting.bids_close_at:
        posting.bids_close_at += stood
    if posting.promised_choose_by:
        posting.promised_choose_by += stood
    offered = posting.contracts.select_related("freelancer").filter(status=Contract.Status.OFFERED)
    offers = list(offered.select_for_update(of=("self",), no_key=True).order_by("pk"))
    for offer in offers:
        offer.offer_lapses_at += stood
        offer.save(update_fields=["offer_lapses_at"])
    standing = posting.bids.select_related("freelancer").filter(status__in=STANDING)
    bids = list(standing.select_for_update(of=("self",)).order_by("pk"))
    for bid in bids:
        bid.valid_until += stood
        # Whoever was reminded already, of a date that holds no more, is reminded of this one.
        bid.remind_at = bid.remind_at + stood if bid.remind_at else reminds_at(bid.valid_until)
        bid.save(update_fields=["valid_until", "remind_at"])
    waiting = CounterOffer.objects.select_for_update().filter(status=CounterOffer.Status.PROPOSED)
    counters = list(waiting.filter(bid__in=bids).order_by("pk"))
    for counter in counters:
        counter.answer_due_at += stood
        counter.save(update_fields=["answer_due_at"])
    # Their clocks that an outage had put off say so still.
    moved: list[Posting | Contract | Bid | CounterOffer] = [posting, *offers, *bids, *counters]
    PutOff.objects.filter(about__in=[one.public_id for one in moved]).update(
        was_due_at=F("was_due_at") + stood, due_at=F("due_at") + stood
    )
    # Those whose time was over before they stood still lapse now.
    moment = now()
    going_on = [bid for bid in bids if bid.status in LIVE and bid.valid_until > moment]
    return [offer for offer in offers if offer.offer_lapses_at > moment], going_on


def _news_of_offer(offer: Contract) -> News:
    text = Words(
        "The posting of “%(title)s” is open again, and you can accept the offer. Answer by "
        "%(due)s.",
        title=offer.title,
        due=offer.offer_lapses_at,
    )
    return News(
        offer.freelancer,
        "offer_goes_on",
        text,
        page_of(offer),
        about=offer.public_id,
        title=offer.title,
    )


def _news_of_bid(bid: Bid) -> News:
    title = bid.posting.title
    text = Words(
        "“%(title)s” is open again after a suspension, in which bids stood still. Yours is valid "
        "until %(until)s now.",
        title=title,
        until=bid.valid_until,
    )
    return News(bid.freelancer, "bid_goes_on", text, bid.path, about=bid.public_id, title=title)


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
