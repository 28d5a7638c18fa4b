"""Until when a client may choose: what bidders were told is kept, however the posting is edited."""

from datetime import datetime, timedelta

import pytest

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from projects.agreements.services import award_bid, withdraw_offer
from projects.agreements.suspending.services import suspend_posting
from projects.bids.choosing.services import remind_of_choice
from projects.bids.declining.services import close_bidding, edit_bidding, expire_bidding
from projects.bids.models import Bid
from projects.bids.renewals.services import renew_bid
from projects.bids.selectors import expired_posting_ids, undecided_posting_ids
from projects.bids.services import withdraw_bid
from projects.postings.models import TIME_TO_CHOOSE, Posting
from projects.reasons.services import why_gone
from projects.tasks import expire_postings, remind_of_choices
from tests.projects.test_posting_and_bid_pages import browser_of
from tests.races import at_once
from tests.world import GROUNDS, api_of, open_posting, submitted_bid

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
NOTHING, ONE = {"done": 0, "failed": 0}, {"done": 1, "failed": 0}


@pytest.fixture
def posting(ada) -> Posting:
    return open_posting(ada, bids_close_at=now() + 30 * DAY)


def close_bids_in(posting: Posting, ada, days: int) -> Posting:
    return edit_bidding(posting_id=posting.pk, by=ada, bids_close_at=now() + days * DAY)


def promised(posting: Posting) -> datetime | None:
    return Posting.objects.get(pk=posting.pk).choose_by


def test_a_shorter_time_for_bids_leaves_the_time_to_choose_to_whoever_has_bid(posting, ada, ben):
    submitted_bid(posting, ben)
    told = promised(posting)
    assert told == posting.bids_close_at + TIME_TO_CHOOSE

    edited = close_bids_in(posting, ada, 2)

    assert edited.bids_close_at < posting.bids_close_at
    assert promised(posting) == told
    assert close_bids_in(posting, ada, 1).choose_by == told, "nor by steps"


def test_where_nobody_has_bid_nothing_was_promised(posting, ada, ben):
    withdraw_bid(bid_id=submitted_bid(posting, ben).pk, by=ben)
    edited = close_bids_in(posting, ada, 2)
    assert promised(posting) == edited.bids_close_at + TIME_TO_CHOOSE


def test_a_longer_time_for_bids_is_a_longer_time_to_choose(posting, ada, ben):
    submitted_bid(posting, ben)
    close_bids_in(posting, ada, 2)
    edited = close_bids_in(posting, ada, 50)
    assert promised(posting) == edited.bids_close_at + TIME_TO_CHOOSE


def test_the_sweep_waits_for_what_was_promised(posting, ada, ben, later):
    bid = submitted_bid(posting, ben)
    close_bids_in(posting, ada, 1)
    later(days=25)
    renew_bid(bid_id=bid.pk, by=ben, valid_until=now() + 60 * DAY)  # to the 85th day, of 90
    later(days=38)  # the 63rd: two days more than by the shorter time

    assert expired_posting_ids() == []
    with pytest.raises(WrongState, match="bids to choose from"):
        expire_bidding(posting_id=posting.pk, by=SYSTEM)

    later(days=28)
    Bid.objects.update(valid_until=now() + DAY)
    assert expire_postings() == {"done": 1, "failed": 0}
    assert Bid.objects.get().declined_for == "nobody_hired"


def test_both_doors_say_what_was_promised(posting, ada, ben, later):
    submitted_bid(posting, ben, valid_until=now() + 60 * DAY)
    told = promised(posting)
    form = browser_of(ada).get(f"{posting.path}edit/").content.decode()
    assert "the time to choose stays as those who have bid were told" in form
    close_bids_in(posting, ada, 1)
    later(days=2)

    assert f"{told:%Y-%m-%dT%H:%M}" in browser_of(ada).get(posting.path).content.decode()
    read = api_of(ben).get(f"/api/v1/postings/{posting.public_id}/").json()
    assert read["choose_by"][:16] == f"{told:%Y-%m-%dT%H:%M}"


# --- The reminder before it ends ------------------------------------------------------------------


@pytest.fixture
def chosen_soon(ada, ben, later) -> Bid:
    """Nobody bids any more, and the time to choose ends in less than three days."""
    bid = submitted_bid(
        open_posting(ada, bids_close_at=now() + DAY), ben, valid_until=now() + 60 * DAY
    )
    later(days=58, minutes=1)
    return bid


def reminders() -> list[Notification]:
    return list(Notification.objects.filter(kind="choice_ends").order_by("pk"))


def test_a_client_is_told_once_three_days_before_it_ends(chosen_soon, ada, later):
    later(minutes=-2)
    assert remind_of_choices() == NOTHING
    assert remind_of_choice(posting_id=chosen_soon.posting_id).choice_told_for is None
    later(minutes=2)

    assert (remind_of_choices(), remind_of_choices()) == (ONE, NOTHING)
    remind_of_choice(posting_id=chosen_soon.posting_id)

    (told,) = reminders()
    posting = Posting.objects.get()
    assert (told.recipient, told.path) == (ada, posting.path)
    assert f"{posting.choose_by:%-d %B %Y, %H:%M} UTC" in str(told.text)
    later(days=3)
    assert remind_of_choices() == NOTHING
    assert expire_postings() == ONE


def test_of_another_end_they_are_told_again(chosen_soon, later):
    remind_of_choices()
    Posting.objects.update(promised_choose_by=Posting.objects.get().choose_by + timedelta(hours=5))
    (told,) = reminders()
    assert "on another date" in why_gone([told])[told.pk]
    assert remind_of_choices() == NOTHING

    later(hours=6)
    assert (remind_of_choices(), len(reminders())) == (ONE, 2)


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_tell_it_once(chosen_soon):
    at_once(*[lambda: remind_of_choice(posting_id=chosen_soon.posting_id)] * 8)
    assert len(reminders()) == 1


def award(bid, ada, ben, mona):
    award_bid(bid_id=bid.pk, by=ada)


def withdraw(bid, ada, ben, mona):
    withdraw_bid(bid_id=bid.pk, by=ben)


def close(bid, ada, ben, mona):
    close_bidding(posting_id=bid.posting_id, reason="", by=ada)


def suspend(bid, ada, ben, mona):
    suspend_posting(**GROUNDS, posting_id=bid.posting_id, reason="Hm.", by=mona)


def outlive(bid, ada, ben, mona):
    Bid.objects.update(valid_until=now())


@pytest.mark.parametrize(
    ("way", "why"),
    [
        (award, "Every award is made or offered."),
        (withdraw, "No bid is left to choose."),
        (outlive, "No bid is left to choose."),
        (close, "The posting is not open any more."),
        (suspend, "The posting is not open any more."),
    ],
)
def test_its_mail_is_called_off_once_nothing_is_to_be_chosen(chosen_soon, ada, ben, mona, way, why):
    remind_of_choices()
    (told,) = reminders()
    assert why_gone([told]) == {told.pk: ""}

    way(chosen_soon, ada, ben, mona)

    assert why_gone([told]) == {told.pk: why}
    Posting.objects.update(choice_told_for=None)
    assert undecided_posting_ids() == []
    remind_of_choice(posting_id=chosen_soon.posting_id)
    assert len(reminders()) == 1


def test_while_an_offer_is_out_nobody_is_told_and_afterwards_they_are(chosen_soon, ada):
    contract = award_bid(bid_id=chosen_soon.pk, by=ada)
    assert remind_of_choices() == NOTHING
    withdraw_offer(contract_id=contract.pk, by=ada)
    assert remind_of_choices() == ONE
