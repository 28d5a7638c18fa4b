"""A suspended posting has a hold like any other: evidence, an end, an appeal."""

from datetime import timedelta

import pytest

from accounts.holds.models import Hold
from accounts.holds.services import appeal_hold, uphold_hold
from accounts.models import Notification
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, WrongState
from marketplace.common.lifecycle import SYSTEM
from projects.agreements.suspending.services import restore_posting, suspend_posting
from projects.bids.selectors import bids_that_lapse
from projects.bids.services import lapse_bid
from projects.holds.services import let_go
from projects.postings.models import Posting
from projects.tasks import end_due_holds, expire_postings, lapse_bids, remind_of_bids
from tests.races import at_once
from tests.world import GROUNDS, api_of, browser, open_posting, person, submitted_bid

pytestmark = pytest.mark.django_db

WHY = GROUNDS | {"reason": "It asks for passwords."}
NOTHING = {"done": 0, "failed": 0}


@pytest.fixture
def max_(db) -> User:
    return grant_staff_roles(user_id=person("Max").pk, roles={"moderator"}, by=SYSTEM)


@pytest.fixture
def posting(ada, mona) -> Posting:
    return suspend_posting(posting_id=open_posting(ada).pk, by=mona, **WHY)


def status_of(posting: Posting) -> str:
    posting.refresh_from_db()
    return posting.status


def test_its_owner_reads_why_and_appeals_and_another_moderator_refuses(posting, ada, mona, max_):
    hold = Hold.objects.get()
    assert (hold.kind, hold.subject, hold.reason) == ("posting", posting.public_id, WHY["reason"])
    assert "/account/holds/" in browser(ada).get(posting.path).text
    assert WHY["evidence"] in browser(ada).get("/account/holds/").text

    appeal_hold(hold_id=hold.pk, statement="It asks for none.", by=ada)
    uphold_hold(hold_id=hold.pk, ruling="Line three does.", by=max_)

    assert status_of(posting) == "suspended"
    assert "Line three does." in browser(ada).get("/account/holds/").text


@pytest.mark.parametrize("way", ["its page", "the desk", "the clock", "silence"])
def test_however_it_ends_the_posting_is_open_and_its_hold_is_over(posting, ada, mona, later, way):
    hold = Hold.objects.get()
    if way == "its page":
        restore_posting(posting_id=posting.pk, by=mona)
    elif way == "the desk":
        let_go(hold_id=hold.pk, by=mona, ruling="")
    elif way == "the clock":
        later(days=7)
        assert end_due_holds() == {"done": 1, "failed": 0}
    else:
        Hold.objects.update(ends_at=hold.created_at + timedelta(days=30))
        appeal_hold(hold_id=hold.pk, statement="It asks for none.", by=ada)
        later(days=10)
        assert end_due_holds() == {"done": 1, "failed": 0}

    hold.refresh_from_db()
    assert (status_of(posting), hold.status) == (
        "open",
        "ended" if way == "the clock" else "lifted",
    )
    told = Notification.objects.filter(recipient=ada, kind__startswith="posting_")
    assert list(told.order_by("pk").values_list("kind", flat=True)) == [
        "posting_suspended",
        "posting_restored",
    ]


@pytest.mark.parametrize(
    ("asked", "param"),
    [({"evidence": ""}, "evidence"), ({"days": 31}, "days"), ({"links": ["x y"]}, "links")],
    ids=str,
)
def test_without_grounds_or_an_end_it_stays_open(ada, mona, asked, param):
    posting = open_posting(ada)
    with pytest.raises(InvalidInput) as refusal:
        suspend_posting(posting_id=posting.pk, by=mona, **(WHY | asked))
    assert (refusal.value.param, status_of(posting)) == (param, "open")


def test_nobody_ends_it_before_its_time_but_a_moderator(posting):
    with pytest.raises(WrongState, match="not over yet"):
        let_go(hold_id=Hold.objects.get().pk, by=SYSTEM)
    assert status_of(posting) == "suspended"


def test_the_doors_ask_for_the_grounds(ada, mona):
    posting = open_posting(ada)
    page = browser(mona).post(f"{posting.path}suspend/", {"reason": "Hm."})
    assert (page.status_code, status_of(posting)) == (400, "open")
    url = f"/api/v1{posting.path}suspend/"
    answer = api_of(mona).post(url, {"reason": "Hm.", "evidence": "x", "days": 99})
    assert answer.json()["error"]["param"] == "days"
    sent = browser(mona).post(f"{posting.path}suspend/", WHY | {"links": "https://example.com/a"})
    assert (sent.status_code, status_of(posting)) == (302, "suspended")
    assert Hold.objects.get().links == ["https://example.com/a"]


@pytest.mark.parametrize("way", ["page", "API", "clock"])
def test_its_times_and_its_bids_stand_still_meanwhile(ada, ben, mona, later, way):
    posting = open_posting(ada, bids_close_at=now() + timedelta(days=10))
    bid = submitted_bid(posting, ben, valid_until=now() + timedelta(days=7))
    Posting.objects.update(promised_choose_by=now() + timedelta(days=69))
    posting.refresh_from_db()
    before, remind_at = (posting.bids_close_at, posting.promised_choose_by), bid.remind_at
    suspend_posting(posting_id=posting.pk, by=mona, **(WHY | {"days": 12}))
    later(days=12)

    assert lapse_bids() == remind_of_bids() == NOTHING
    for reader in (ada, ben):
        assert "valid for as much longer as that lasts" in browser(reader).get(bid.path).text
    assert "stands still while the posting" in browser(ben).get("/my/bids/").text
    assert "Its times and its bids stand still" in browser(ada).get(posting.path).text
    assert bids_that_lapse(ben, limit=9) == []
    longer = {"valid_until": (now() + timedelta(days=9)).isoformat()}
    renewal = api_of(ben).post(f"/api/v1{bid.path}renew/", longer)
    assert renewal.status_code == 409
    assert "stand still" in renewal.json()["error"]["message"]
    with pytest.raises(WrongState, match="stand still"):
        lapse_bid(bid_id=bid.pk, by=SYSTEM)

    if way == "page":
        browser(mona).post(f"{posting.path}restore/")
    elif way == "API":
        api_of(mona).post(f"/api/v1{posting.path}restore/")
    else:
        end_due_holds()
    assert expire_postings() == lapse_bids() == remind_of_bids() == NOTHING
    assert status_of(posting) == "open"
    old = (*before, bid.valid_until, remind_at)
    bid.refresh_from_db()
    new = (posting.bids_close_at, posting.promised_choose_by, bid.valid_until, bid.remind_at)
    stood = {after - was for after, was in zip(new, old, strict=True)}
    assert len(stood) == 1 and timedelta(days=12) <= stood.pop() < timedelta(days=12, minutes=2)
    later(days=7)
    assert lapse_bids() == {"done": 1, "failed": 0}


@pytest.mark.django_db(transaction=True)
def test_restored_by_hand_and_by_the_clock_at_once_it_is_open_once(posting, mona):
    hold, at = Hold.objects.get(), now()
    Hold.objects.update(created_at=at - timedelta(days=7), ends_at=at, closes_at=at)
    acts = [
        lambda: restore_posting(posting_id=posting.pk, by=mona),
        lambda: let_go(hold_id=hold.pk, by=SYSTEM),
    ]

    assert sorted(at_once(*acts * 4)) == ["done"] + ["wrong_state"] * 7
    assert Notification.objects.filter(kind="posting_restored").count() == 1
