"""While the house was down nobody could bid, choose or renew: those times are longer by as much."""

import re
from datetime import datetime, timedelta

import pytest

from accounts.notifications.models import Notification
from accounts.people.models import User
from marketplace.common.clock import now
from projects import tasks
from projects.bids.models import Bid
from projects.bids.renewals.services import renew_bid
from projects.contracts.models import PutOff
from projects.postings.models import TIME_TO_CHOOSE, Posting
from tests.projects.test_downtime import DOWN, beat_heart, started_again, stopped, walk_to
from tests.world import api_of, browser, open_posting, person, submitted_bid

pytestmark = pytest.mark.django_db

NOTHING = {"done": 0, "failed": 0}


def posting_with_a_bid(ada: User, ben: User) -> tuple[Posting, Bid]:
    posting = open_posting(ada, bids_close_at=now() + timedelta(days=3))
    return posting, submitted_bid(posting, ben)


def bidding(ada: User, ben: User) -> tuple[Posting, Bid]:
    return posting_with_a_bid(ada, ben)


def choice(ada: User, ben: User) -> tuple[Posting, Bid]:
    posting, bid = posting_with_a_bid(ada, ben)
    Bid.objects.update(valid_until=now() + timedelta(days=90))
    return posting, bid


def validity(ada: User, ben: User) -> tuple[Posting, Bid]:
    posting, bid = posting_with_a_bid(ada, ben)
    Posting.objects.update(bids_close_at=None)
    return posting, bid


def clock_of(name: str) -> datetime:
    """When it strikes as things are."""
    if name == "bid":
        return Bid.objects.get().valid_until
    posting = Posting.objects.get()
    return posting.bids_close_at if name == "bidding" else posting.choose_by


CLOCKS = {"bidding": bidding, "choice": choice, "bid": validity}


@pytest.mark.parametrize("name", CLOCKS)
def test_it_strikes_as_much_later_and_both_read_why(ada, ben, later, name):
    posting, bid = CLOCKS[name](ada, ben)
    was = clock_of(name)
    walk_to(was + timedelta(hours=1), later)
    stopped()
    assert (tasks.lapse_bids(), tasks.expire_postings()) == (NOTHING, NOTHING)
    beat_heart()
    assert (tasks.lapse_bids(), tasks.expire_postings()) == (NOTHING, NOTHING)
    tasks.make_up_for_outages()
    assert (tasks.lapse_bids(), tasks.expire_postings()) == (NOTHING, NOTHING)

    found = PutOff.objects.get()
    about = bid if name == "bid" else posting
    assert (found.clock, found.about, found.contract) == (name, about.public_id, None)
    assert (found.was_due_at, found.due_at) == (was, clock_of(name))
    assert DOWN <= found.due_at - was < DOWN + timedelta(minutes=1)
    words = {"bidding": "the time to bid", "choice": "the time to choose a bid"}
    for reader in (ada, ben):
        note = Notification.objects.get(recipient=reader, kind__endswith="_put_off")
        of_bid = "the time for which the bid is valid" if reader == ben else "bids that would have"
        assert words.get(name, of_bid) in note.text
        assert posting.title in note.text and "Milepost was down" in note.text
        assert browser(reader).get(note.path).status_code == 200
    page = browser(ada).get(about.path).content.decode()
    assert "extended by 2 h 10 min: Milepost was down from" in re.sub(r"\s+", " ", page)

    why = "extended by 2 h 10 min: Milepost was down from"
    for reader in (ada, ben):
        read = api_of(reader).get(f"/api/v1{posting.path}").json()
        shown = {"bidding": read["bids_put_off"], "choice": read["choice_put_off"]}
        shown["bid"] = api_of(reader).get(f"/api/v1{bid.path}").json()["put_off"]
        assert shown.pop(name).startswith(why)
        assert set(shown.values()) == {""}

    later(hours=2)
    struck = {"bidding": NOTHING, "choice": tasks.expire_postings, "bid": tasks.lapse_bids}[name]
    assert struck == NOTHING or struck()["done"] == 1, "then, and not never"


def test_of_many_bids_the_client_hears_once_a_posting_and_each_bidder_of_their_own(ada, ben, later):
    postings = [open_posting(ada), open_posting(ada)]
    bids = [submitted_bid(postings[0], person(name)) for name in ("Cai", "Dov", "Eve")]
    bids.append(submitted_bid(postings[1], ben))
    Bid.objects.update(valid_until=now() + timedelta(days=2))
    later(days=2, hours=1)
    stopped()
    started_again()

    told = Notification.objects.filter(recipient=ada, kind__endswith="_put_off").order_by("path")
    assert [note.path for note in told] == sorted(posting.path for posting in postings)
    for bid in bids:
        note = Notification.objects.get(
            recipient__memberships__party=bid.freelancer, kind="clock_put_off"
        )
        assert note.path == bid.path
    for _ in range(2):
        Bid.objects.update(valid_until=now() + timedelta(hours=1))
        later(hours=2)
        stopped()
        started_again()
    assert told.all().count() == 6, "of each outage anew"


def test_what_did_not_strike_in_it_stays_as_it_was(ada, ben, later):
    posting_with_a_bid(ada, ben)
    times = {name: clock_of(name) for name in CLOCKS}
    later(hours=1)
    stopped()
    started_again()
    assert {name: clock_of(name) for name in CLOCKS} == times
    assert not PutOff.objects.exists()


def test_the_time_to_choose_follows_on_the_time_to_bid(ada, ben, later):
    posting_with_a_bid(ada, ben)
    walk_to(clock_of("bidding") + timedelta(minutes=30), later)
    stopped()
    started_again()
    assert clock_of("choice") == clock_of("bidding") + TIME_TO_CHOOSE


def test_no_bid_stands_longer_than_its_client_may_choose(ada, ben, later):
    posting_with_a_bid(ada, ben)
    Bid.objects.update(valid_until=clock_of("choice") - timedelta(hours=1))
    walk_to(clock_of("choice") - timedelta(minutes=30), later)
    stopped()
    started_again()
    assert clock_of("bid") == clock_of("choice")


def test_it_is_reminded_of_as_much_later_and_its_past_ends_with_a_renewal(ada, ben, later):
    _, bid = validity(ada, ben)
    Bid.objects.update(remind_at=bid.valid_until - timedelta(minutes=10))
    walk_to(bid.valid_until + timedelta(hours=1), later)
    stopped()
    assert tasks.remind_of_bids() == NOTHING
    started_again()
    bid.refresh_from_db()
    assert bid.remind_at == bid.valid_until - timedelta(minutes=10)
    assert "Milepost was down" in browser(ben).get(bid.path).content.decode()

    renew_bid(bid_id=bid.pk, valid_until=now() + timedelta(days=20), by=ben)
    assert "Milepost was down" not in browser(ben).get(bid.path).content.decode()
