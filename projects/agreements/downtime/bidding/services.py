"""What an outage does to the clocks of postings and bids, and who hears of it."""

from datetime import datetime

from django.db import transaction

from accounts.notifications.services import News, notify_each
from marketplace.common.models import Outage
from marketplace.common.words import Words
from projects.bids.counters.models import CounterOffer
from projects.bids.counters.services import tell_both_of_counter
from projects.bids.models import STANDING, Bid
from projects.contracts.models import PutOff
from projects.postings.models import Posting

C = PutOff.Clock
Thing = Posting | Bid | CounterOffer


@transaction.atomic
def put_off_bidding(clock: str, thing: Thing, due_at: datetime) -> datetime:
    """Let this clock strike at that time; when it does then. The caller holds the row's lock."""
    if isinstance(thing, CounterOffer):
        # The bid itself is not valid for longer.
        thing.answer_due_at = max(thing.answer_due_at, min(due_at, thing.bid.valid_until))
        thing.save(update_fields=["answer_due_at"])
        return thing.answer_due_at
    if isinstance(thing, Bid):
        # No bid stands longer than its client may choose.
        due_at = max(thing.valid_until, min(due_at, thing.posting.choose_by or due_at))
        if thing.remind_at is not None:
            thing.remind_at += due_at - thing.valid_until
        thing.valid_until = due_at
        thing.save(update_fields=["valid_until", "remind_at"])
    elif clock == C.BIDDING:
        thing.bids_close_at = due_at
        thing.save(update_fields=["bids_close_at"])
    else:
        thing.promised_choose_by = due_at
        thing.save(update_fields=["promised_choose_by"])
    return due_at


@transaction.atomic
def tell_of_bidding(thing: Thing, kind: str, text: Words, outage: Outage) -> None:
    """The client hears of it, and whoever has bid; of one bid whoever made it, and the client once
    for all the bids on their posting that the outage put off; of other terms both sides.
    """
    if isinstance(thing, CounterOffer):
        tell_both_of_counter(thing, kind, text)
        return
    posting = posting_of(thing)
    bids = [thing] if isinstance(thing, Bid) else _standing_on(posting)
    news = [News(bid.freelancer, kind, text, bid.path, title=posting.title) for bid in bids]
    if isinstance(thing, Bid):
        news.append(_of_all_bids(posting, outage))
    else:
        news.append(News(posting.client, kind, text, posting.path, title=posting.title))
    notify_each(news)


def _of_all_bids(posting: Posting, outage: Outage) -> News:
    text = Words(
        "“%(title)s”: bids that would have lapsed while Milepost was down, from %(began)s to "
        "%(ended)s, are valid for longer by as much, as far as your time to choose goes.",
        title=posting.title,
        began=outage.began_at,
        ended=outage.ended_at,
    )
    # The first of them that is put off tells it, whoever puts it off.
    key = f"{posting.public_id}:bids_put_off:{outage.pk}"
    return News(posting.client, "bids_put_off", text, posting.path, key=key, title=posting.title)


def posting_of(thing: Thing) -> Posting:
    """What whoever reads of it knows it by."""
    if isinstance(thing, Posting):
        return thing
    return thing.posting if isinstance(thing, Bid) else thing.bid.posting


def _standing_on(posting: Posting) -> list[Bid]:
    return list(posting.bids.filter(status__in=STANDING).select_related("freelancer"))
