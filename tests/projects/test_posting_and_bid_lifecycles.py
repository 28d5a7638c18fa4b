"""Every state, every person, every step: the tables decide, and the services obey them."""

from datetime import timedelta

import pytest
from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.errors import DomainError, NotAllowed, WrongState
from marketplace.common.lifecycle import CLIENT, FREELANCER, MODERATOR, OWNER, SAME, SYSTEM
from projects.bids import models as bid_models
from projects.bids import services as bids
from projects.bids.counters.models import CounterOffer
from projects.bids.counters.services import propose_counter
from projects.bids.declining import services as declining
from projects.bids.models import Bid
from projects.bids.renewals.services import renew_bid
from projects.postings import models as posting_models
from projects.postings import services as postings
from projects.postings.models import Posting
from projects.postings.suspending.services import restore_posting, suspend_posting
from tests.against_the_rules import force
from tests.projects.counter_world import terms
from tests.world import GROUNDS, draft_posting, open_posting, submitted_bid

pytestmark = pytest.mark.django_db

POSTING_DEEDS = {
    "publish": lambda pk, by: postings.publish_posting(posting_id=pk, by=by),
    "edit": lambda pk, by: postings.edit_posting(posting_id=pk, by=by, title="Another title"),
    "award": lambda pk, by: postings.award_posting(posting_id=pk, by=by),
    "close": lambda pk, by: declining.close_bidding(posting_id=pk, reason="Enough.", by=by),
    "expire": lambda pk, by: declining.expire_bidding(posting_id=pk, by=by),
    "suspend": lambda pk, by: suspend_posting(**GROUNDS, posting_id=pk, reason="Hm.", by=by),
    "restore": lambda pk, by: restore_posting(posting_id=pk, by=by),
}
BID_DEEDS = {
    "edit": lambda pk, by: bids.edit_bid(bid_id=pk, by=by, letter="Other words."),
    "renew": lambda pk, by: renew_bid(bid_id=pk, by=by, valid_until=now() + timedelta(days=40)),
    "shortlist": lambda pk, by: bids.shortlist_bid(bid_id=pk, by=by),
    "unlist": lambda pk, by: bids.unlist_bid(bid_id=pk, by=by),
    "offer": lambda pk, by: bids.offer_bid(bid_id=pk, by=by),
    "return": lambda pk, by: bids.return_bid(bid_id=pk, by=by),
    "accept": lambda pk, by: bids.accept_bid(bid_id=pk, by=by),
    "counter": lambda pk, by: propose_counter(bid_id=pk, by=by, **terms(60_000)),
    "decline": lambda pk, by: declining.decline_bid(bid_id=pk, reason="price", by=by),
    "give_back": lambda pk, by: declining.give_back_bid(bid_id=pk, by=by),
    "withdraw": lambda pk, by: bids.withdraw_bid(bid_id=pk, by=by),
    "lapse": lambda pk, by: bids.lapse_bid(bid_id=pk, by=by),
}


OFFERED_FROM = "shortlisted"


def test_every_step_has_its_deed():
    assert set(POSTING_DEEDS) == set(posting_models.LIFECYCLE.steps)
    assert set(BID_DEEDS) == set(bid_models.LIFECYCLE.steps)


@pytest.mark.parametrize("step", POSTING_DEEDS)
def test_postings_obey_their_table(step, ada, ben, mona, dora):
    posting = draft_posting(ada)
    # Past its time for bids, so that nothing but the table keeps it from expiring.
    past = now() - timedelta(hours=1)
    people = {OWNER: ada, MODERATOR: mona, SYSTEM: SYSTEM, "": ben, "mediator": dora}
    for status in Posting.Status.values:
        for role, by in people.items():
            force(
                Posting.objects.filter(pk=posting.pk),
                status=status,
                title="A shop for lamps",
                published_at=past,
                bids_close_at=past if step == "expire" else None,
            )
            with transaction.atomic():
                outcome = _try(POSTING_DEEDS[step], posting.pk, by)
            expected = _lawful(posting_models.LIFECYCLE.steps[step], status, role)
            assert outcome == expected, (step, status, role)
            posting.refresh_from_db()
            assert posting.status == _after(
                posting_models.LIFECYCLE.steps[step], status, outcome
            ), (step, status, role)


@pytest.mark.parametrize("step", BID_DEEDS)
def test_bids_obey_their_table(step, ada, ben, cleo, mona, dora):
    bid = submitted_bid(open_posting(ada), ben)
    valid_until = now() + timedelta(days=-1 if step == "lapse" else 30)
    people = {CLIENT: ada, FREELANCER: ben, SYSTEM: SYSTEM, "": cleo, "staff": dora, "mod": mona}
    for status in Bid.Status.values:
        for role, by in people.items():
            force(
                Bid.objects.filter(pk=bid.pk),
                status=status,
                declined_for="price" if status == "declined" else "",
                letter="First words.",
                valid_until=valid_until,
                offered_from=OFFERED_FROM,
            )
            CounterOffer.objects.all().delete()
            with transaction.atomic():
                outcome = _try(BID_DEEDS[step], bid.pk, by)
            expected = _lawful(bid_models.LIFECYCLE.steps[step], status, role)
            assert outcome == expected, (step, status, role)
            bid.refresh_from_db()
            assert bid.status == _after(bid_models.LIFECYCLE.steps[step], status, outcome), (
                step,
                status,
                role,
            )


def _try(deed, pk, by) -> type[DomainError] | None:
    try:
        deed(pk, by)
    except DomainError as refusal:
        return type(refusal)
    return None


def _lawful(step, status, role) -> type[DomainError] | None:
    if role not in step.by:
        return NotAllowed
    return None if status in step.source else WrongState


def _after(step, status, outcome) -> str:
    if outcome is not None or step.to == {SAME}:
        return status
    # Where the deed decides: a returned bid goes back to where it was offered from.
    return OFFERED_FROM if len(step.to) > 1 else next(iter(step.to))
