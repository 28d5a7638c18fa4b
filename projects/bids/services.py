"""What can happen to a bid, in the order it happens; how a client says no is in ``declining/``."""

from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from accounts.holds.selectors import held_since
from accounts.holds.services import judge_may_begin
from accounts.parties.models import Party
from accounts.parties.selectors import acts_for, own_party_of
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.words import Words
from projects.bids.counters.services import drop_counter, judge_no_counter
from projects.bids.files.services import checked_files, write_files
from projects.bids.locking.services import lock_bid
from projects.bids.models import LIFECYCLE, Bid
from projects.bids.news import tell_client, tell_freelancer
from projects.bids.roles import role_in
from projects.bids.terms import checked_terms, checked_valid_until
from projects.bids.validity import judge_running, reminds_at
from projects.bids.wordings.services import TERMS, write_wording
from projects.confidentiality.selectors import judge_open_to, judge_promised
from projects.invitations.services import accept_invitations
from projects.postings import services as postings
from projects.postings.awards import judge_award_left
from projects.postings.models import Posting
from projects.postings.roles import Actor
from projects.screening.rules import checked_answers
from projects.screening.selectors import questions_of

# A bid cannot be renewed while it is offered: so much is left of it when it stands again.
TIME_AFTER_AN_OFFER = timedelta(days=3)


@transaction.atomic
def submit_bid(
    *,
    posting_id: int,
    by: User,
    price: int,
    days: int,
    letter: str,
    plan: list[dict[str, Any]],
    valid_until: datetime,
    answers: dict[str, Any] | None = None,
    currency: str | None = None,
    party: Party | None = None,
    files: list[UploadedFile] | None = None,
) -> Bid:
    """Offer to do it. Raises InvalidInput, NotAllowed (own posting), TooLarge or WrongState.

    ``price`` and the plan's amounts are minor units of the posting's currency; the amounts sum to
    the price. ``answers`` are those to its screening questions, by their public ids. ``party`` is
    who bids, the person's own if none is named.
    """
    judge_may_begin(by, "bid")
    # Locked, so that a posting cannot end while a bid is on its way in.
    posting = postings.lock_posting_for(posting_id, by)
    if acts_for(by, posting.client_id):
        raise NotAllowed("You cannot bid on your own posting.")
    if party is not None and not acts_for(by, party.pk):
        raise NotAllowed("You cannot act for them.")
    if not posting.takes_bids:
        raise WrongState("This posting takes no more bids.")
    judge_open_to(posting, by)
    if currency is not None and currency != posting.currency:
        raise InvalidInput(f"This posting is in {posting.currency}.", param="currency")
    given = {"price": price, "days": days, "letter": letter, "plan": plan}
    terms = checked_terms(given | {"valid_until": valid_until}, currency=posting.currency)
    checked_valid_until(valid_until)
    terms["answers"] = checked_answers(questions_of(posting), answers or {})
    bid = _insert(
        Bid(
            posting=posting,
            freelancer=party or own_party_of(by),
            currency=posting.currency,
            remind_at=reminds_at(valid_until),
            **terms,
        )
    )
    write_files(bid, checked_files(bid, uploads=files or []), by=by)
    accept_invitations(posting=posting, party=bid.freelancer, by=by)
    tell_client(bid, "bid_submitted", Words("%(who)s bid %(price)s on “%(title)s”."), by=by)
    return bid


def _insert(bid: Bid) -> Bid:
    try:
        with transaction.atomic():
            bid.save()
    except IntegrityError:
        raise WrongState(
            "You have a bid on this posting already: edit that one.", code="already_bid"
        ) from None
    return bid


@transaction.atomic
def edit_bid(
    *,
    bid_id: int,
    by: Actor,
    files: list[UploadedFile] | None = None,
    remove_files: list[str] | None = None,
    **changes: Any,
) -> Bid:
    """Change what is given of price, days, letter, plan, valid_until and answers (all of them); the
    old wording is kept.

    ``files`` come to it, each in the place of one of the same name; ``remove_files`` are the ids of
    those that go. The same words and files again change nothing. Raises WrongState while a
    counter-offer waits or may be put off: what it differs from stands until it is answered.
    """
    judge_may_begin(by, "bid")
    bid = _advance(bid_id, "edit", by=by)
    if not bid.posting.takes_bids:
        raise WrongState("The time for bids is over: this one stands as it is.")
    unknown = set(changes) - set(TERMS)
    if unknown:
        raise InvalidInput("A bid has no such field.", param=min(unknown))
    old = {name: getattr(bid, name) for name in TERMS}
    new = old | checked_terms(old | changes, currency=bid.currency)
    if "answers" in changes:
        new["answers"] = checked_answers(questions_of(bid.posting), changes["answers"])
    if new["valid_until"] != old["valid_until"]:
        checked_valid_until(new["valid_until"])
    changed = checked_files(bid, uploads=files or [], remove=remove_files)
    if new == old and not changed:
        return bid
    judge_no_counter(bid)
    write_wording(bid, new)
    assert isinstance(by, User)  # the table lets people only
    write_files(bid, changed, by=by)
    tell_client(
        bid, "bid_edited", Words("%(who)s changed the bid on “%(title)s”: now %(price)s."), by=by
    )
    return bid


@transaction.atomic
def withdraw_bid(*, bid_id: int, by: Actor) -> Bid:
    """Take it back; another may be made while the posting takes bids."""
    bid = _close(bid_id, "withdraw", by=by)
    tell_client(bid, "bid_withdrawn", Words("%(who)s withdrew the bid on “%(title)s”."), by=by)
    return bid


@transaction.atomic
def shortlist_bid(*, bid_id: int, by: Actor) -> Bid:
    """One of those that the client thinks about."""
    bid = _save(_advance(bid_id, "shortlist", by=by))
    tell_freelancer(
        bid, "bid_shortlisted", Words("Your bid on “%(title)s” is on the shortlist."), by=by
    )
    return bid


@transaction.atomic
def unlist_bid(*, bid_id: int, by: Actor) -> Bid:
    """Off the shortlist again; nobody needs to be told."""
    return _save(_advance(bid_id, "unlist", by=by))


@transaction.atomic
def lapse_bid(*, bid_id: int, by: Actor) -> Bid:
    """Its validity is over. Raises WrongState before that, or while it stands still."""
    bid = lock_bid(bid_id)
    LIFECYCLE.judge(bid, "lapse", role=role_in(bid, by))
    judge_running(bid)
    if bid.valid_until > now():
        raise WrongState("This bid is still valid.")
    bid = _close(bid_id, "lapse", by=by)
    tell_freelancer(
        bid, "bid_lapsed", Words("Your bid on “%(title)s” has lapsed unanswered."), by=by
    )
    return bid


# --- Offers: called by projects.agreements within its own transaction ----------------------------


@transaction.atomic
def offer_bid(*, bid_id: int, by: Actor, version: int | None = None) -> Bid:
    """The client chooses it; the contract is offered on its terms, with an award that is left.

    ``version`` is the wording that the client had before their eyes: a later one is refused, so
    that nobody signs what they have not read. Raises WrongState, with ``no_award_left`` where as
    many are made and offered as were announced, and ``confidentiality_not_accepted`` where its
    author has not promised to keep the details to themselves.
    """
    posting_id = Bid.objects.values_list("posting_id", flat=True).get(pk=bid_id)
    posting = postings.lock_posting(posting_id)
    bid = lock_bid(bid_id)
    LIFECYCLE.judge(bid, "offer", role=role_in(bid, by))
    if posting.status != Posting.Status.OPEN:
        raise WrongState("This posting is not open any more.")
    if posting.is_past_choosing:
        raise WrongState("The time to choose is over: bidders were told that it ends then.")
    if version is not None and version != bid.version:
        raise WrongState("This bid was changed after you opened it. Read it again first.")
    if bid.valid_until <= now():
        raise WrongState("This bid is not valid any more.")
    judge_award_left(posting)
    judge_promised(posting, bid.freelancer)
    bid.offered_from = bid.status
    LIFECYCLE.advance(bid, "offer", role=role_in(bid, by))
    bid.save(update_fields=["status", "offered_from"])
    drop_counter(bid)
    return bid


@transaction.atomic
def return_bid(*, bid_id: int, by: Actor) -> Bid:
    """The offer was declined, withdrawn or lapsed: the bid stands again as it stood before, and for
    a while even where its time ran out meanwhile: nobody could renew it.
    """
    bid = lock_bid(bid_id)
    LIFECYCLE.advance(bid, "return", role=role_in(bid, by), to=bid.offered_from)
    # Of a suspended posting from when its clocks stopped: restored, it gets what they stood.
    moment = held_since(bid.posting.public_id) or now()
    at_least = moment + TIME_AFTER_AN_OFFER
    if bid.valid_until < at_least:
        bid.valid_until, bid.remind_at = at_least, bid.remind_at or reminds_at(at_least, moment)
    bid.save(update_fields=["status", "valid_until", "remind_at"])
    return bid


@transaction.atomic
def accept_bid(*, bid_id: int, by: Actor) -> Bid:
    """The freelancer accepts the offer. What follows for the posting is for ``settle_awards``."""
    return _close(bid_id, "accept", by=by)


# --- How it is done ------------------------------------------------------------------------------


def _advance(bid_id: int, step: str, *, by: Actor) -> Bid:
    bid = lock_bid(bid_id)
    LIFECYCLE.advance(bid, step, role=role_in(bid, by))
    return bid


def _save(bid: Bid) -> Bid:
    bid.save(update_fields=["status"])
    return bid


def _close(bid_id: int, step: str, *, by: Actor) -> Bid:
    bid = _advance(bid_id, step, by=by)
    bid.closed_at = now()
    bid.save(update_fields=["status", "closed_at"])
    drop_counter(bid)
    return bid
