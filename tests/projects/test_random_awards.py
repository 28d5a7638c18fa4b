"""Postings whose people do anything in any order, and then nothing any more."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import DomainError
from projects.agreements.services import accept_offer, award_bid, decline_offer, withdraw_offer
from projects.bids.declining.services import close_bidding, decline_bid, edit_bidding
from projects.bids.models import STANDING, Bid
from projects.bids.services import withdraw_bid
from projects.contracts.checks import CHECKS
from projects.contracts.models import Contract
from projects.invitations.services import invite_person
from projects.postings.models import Posting
from projects.tasks import expire_postings, lapse_bids, lapse_offers
from tests.world import open_posting, person, submitted_bid

pytestmark = pytest.mark.django_db


class Life:
    """One posting, its client, and six people who may bid on it."""

    def __init__(self, seed: int, ada: User, later: Callable[..., None]) -> None:
        self.chance, self.ada, self.later = random.Random(seed), ada, later
        self.people = [person(f"Eve {number}") for number in range(6)]
        awards = self.chance.randint(1, 4)
        closes = now() + timedelta(days=self.chance.randint(5, 40))
        self.posting = open_posting(ada, awards=awards, bids_close_at=closes)

    def step(self) -> None:
        deeds = [self.bid] * 3 + [self.offer] * 4 + [self.answer] * 4
        deeds += [self.announce, self.say_no, self.invite, self.wait, self.close_bids_earlier]
        # Seldom: it ends everything.
        deeds += [self.close] * (self.chance.random() < 0.2)
        try:
            with transaction.atomic():
                self.chance.choice(deeds)()
        except DomainError:
            pass  # the law says no, and nothing is moved

    def bid(self) -> None:
        submitted_bid(self.posting, self.chance.choice(self.people))

    def offer(self) -> None:
        if bid := self._one_of(Bid, {"submitted", "shortlisted"}):
            award_bid(bid_id=bid.pk, by=self.ada)

    def answer(self) -> None:
        if contract := self._one_of(Contract, {"offered"}):
            who = contract.freelancer.members.get()
            self.chance.choice(
                [
                    lambda: accept_offer(contract_id=contract.pk, by=who),
                    lambda: accept_offer(contract_id=contract.pk, by=who),
                    lambda: decline_offer(contract_id=contract.pk, reason="price", by=who),
                    lambda: withdraw_offer(contract_id=contract.pk, by=self.ada),
                ]
            )()

    def announce(self) -> None:
        awards = self.chance.randint(0, 6)
        edit_bidding(posting_id=self.posting.pk, by=self.ada, awards=awards)

    def say_no(self) -> None:
        if bid := self._one_of(Bid, {"submitted"}):
            if self.chance.random() < 0.5:
                withdraw_bid(bid_id=bid.pk, by=bid.freelancer.members.get())
            else:
                decline_bid(bid_id=bid.pk, reason="plan", by=self.ada)

    def invite(self) -> None:
        whom = self.chance.choice(self.people).email
        invite_person(posting_id=self.posting.pk, whom=whom, by=self.ada)

    def close_bids_earlier(self) -> None:
        moment = now() + timedelta(hours=self.chance.randint(1, 200))
        edit_bidding(posting_id=self.posting.pk, by=self.ada, bids_close_at=moment)

    def close(self) -> None:
        close_bidding(posting_id=self.posting.pk, reason="", by=self.ada)

    def wait(self) -> None:
        self.later(days=self.chance.randint(1, 9))
        self.sweep()

    def sweep(self) -> None:
        for task in (lapse_offers, lapse_bids, expire_postings):
            assert task()["failed"] == 0, task

    def _one_of(self, model, statuses: set[str]):
        found = model._default_manager.filter(posting=self.posting, status__in=statuses)
        return self.chance.choice(list(found.order_by("pk")) or [None])


@pytest.mark.parametrize("seed", range(8))
def test_whatever_they_do_the_numbers_agree_and_it_ends(seed, ada, later):
    life = Life(seed, ada, later)
    for _ in range(30):
        life.step()
        assert [finding for check in CHECKS for finding in check()] == []

    # And then nothing any more: offers lapse, then the time to choose is over.
    for days in (8, 160):
        later(days=days)
        life.sweep()

    posting = Posting.objects.get()
    assert posting.status in ("awarded", "closed", "expired")
    assert (posting.status == "awarded") == (posting.awards_made > 0)
    assert not Bid.objects.filter(status__in=STANDING).exists()
    assert not posting.invitations.filter(status="invited").exists()
    assert [finding for check in CHECKS for finding in check()] == []
