"""Editing, withdrawing, shortlisting, lapsing and offering bids."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from projects.agreements.suspending.services import suspend_posting
from projects.bids import services
from projects.bids.declining.services import settle_awards
from projects.bids.differences import letter_differences, wording_differences
from projects.bids.models import Bid, BidVersion
from projects.bids.selectors import lapsed_bid_ids
from projects.bids.wordings.services import MOST_VERSIONS
from projects.postings.services import edit_posting
from projects.tasks import lapse_bids
from tests.races import at_once
from tests.world import GROUNDS, open_posting, plan_of, submitted_bid

pytestmark = pytest.mark.django_db


@pytest.fixture
def bid(ada, ben) -> Bid:
    return submitted_bid(open_posting(ada), ben)


def told(kind: str) -> list[str]:
    """Who was told something of this kind."""
    names = Notification.objects.filter(kind=kind).values_list("recipient__name", flat=True)
    return list(names)


def test_its_page_is_where_notices_lead(bid):
    assert bid.path == reverse("bid", args=[bid.public_id])


# --- Editing -------------------------------------------------------------------------------------


def test_an_edit_keeps_the_earlier_wording_and_tells_the_client(bid, ben):
    first = bid.created_at

    services.edit_bid(bid_id=bid.pk, by=ben, price=90_000, plan=plan_of(40_000, 50_000))
    bid = services.edit_bid(bid_id=bid.pk, by=ben, letter="Shorter.")

    assert (bid.version, bid.price, bid.letter) == (3, 90_000, "Shorter.")
    kept = list(bid.versions.order_by("number").values_list("number", "price", "created_at"))
    assert [row[:2] for row in kept] == [(1, 80_000), (2, 90_000)]
    assert kept[0][2] == first  # when it was written, not when it was replaced
    assert told("bid_edited") == ["Ada", "Ada"]


def test_the_same_words_again_change_nothing(bid, ben):
    edited = services.edit_bid(bid_id=bid.pk, by=ben, price=bid.price, letter=f" {bid.letter} ")

    assert edited.version == 1
    assert not BidVersion.objects.exists()
    assert told("bid_edited") == []


def test_a_plan_that_no_longer_sums_to_the_price_is_refused(bid, ben):
    with pytest.raises(InvalidInput) as refusal:
        services.edit_bid(bid_id=bid.pk, by=ben, price=90_000)

    assert refusal.value.param == "plan"
    assert "$800.00" in refusal.value.message
    bid.refresh_from_db()
    assert (bid.price, bid.version) == (80_000, 1)


def test_an_unknown_field_is_refused(bid, ben):
    with pytest.raises(InvalidInput) as refusal:
        services.edit_bid(bid_id=bid.pk, by=ben, currency="EUR")
    assert refusal.value.param == "currency"


def test_after_the_time_for_bids_it_stands_as_it_is(ada, ben, time_machine):
    posting = open_posting(ada, bids_close_at=now() + timedelta(days=1))
    bid = submitted_bid(posting, ben)
    time_machine.move_to(now() + timedelta(days=2))

    with pytest.raises(WrongState):
        services.edit_bid(bid_id=bid.pk, by=ben, letter="One more thing.")


def test_both_sides_can_read_what_an_edit_changed(ada, ben):
    bid = submitted_bid(open_posting(ada), ben, plan=plan_of(80_000, criteria=["It runs."]))
    services.edit_bid(
        bid_id=bid.pk,
        by=ben,
        price=90_000,
        days=30,
        plan=[
            {"title": "Part 1", "amount": 40_000, "days": 10, "criteria": []},
            {"title": "Part 2", "amount": 50_000, "days": 30, "criteria": ["It is fast."]},
        ],
    )
    bid.refresh_from_db()

    found = wording_differences(bid.versions.get(), bid, "USD")

    assert [(c.title, c.what, c.before, c.after) for c in found] == [
        ("As a whole", "Price", "$800.00", "$900.00"),
        ("As a whole", "Time", "20 days", "30 days"),
        ("Part 1", "Price", "$800.00", "$400.00"),
        ("Part 1", "Due", "day 20", "day 10"),
        ("Part 1", "Done means", "It runs.", ""),
        ("Part 2", "Milestone", "", "Part 2"),
        ("Part 2", "Price", "", "$500.00"),
        ("Part 2", "Due", "", "day 30"),
        ("Part 2", "Done means", "", "It is fast."),
    ]


def test_a_letter_is_compared_line_by_line():
    lines = letter_differences("Dear Ada,\nI am cheap.\nBen", "Dear Ada,\nI am good.\nBen")

    assert [(line.sign, line.text) for line in lines] == [
        ("kept", "Dear Ada,"),
        ("removed", "I am cheap."),
        ("added", "I am good."),
        ("kept", "Ben"),
    ]
    assert letter_differences("same", "same") == []


def test_a_letter_of_a_thousand_lines_is_shown_whole():
    lines = letter_differences("a\nb\n" * 1_000, "b\na\n" * 1_000)
    assert [line.sign for line in lines] == ["removed", "added"]


# --- Choosing ------------------------------------------------------------------------------------


def test_the_shortlist_is_told_of_and_left_in_silence(bid, ada):
    bid = services.shortlist_bid(bid_id=bid.pk, by=ada)
    assert bid.status == "shortlisted"
    with pytest.raises(WrongState):
        services.shortlist_bid(bid_id=bid.pk, by=ada)

    bid = services.unlist_bid(bid_id=bid.pk, by=ada)
    assert bid.status == "submitted"
    with pytest.raises(WrongState):
        services.unlist_bid(bid_id=bid.pk, by=ada)
    assert told("bid_shortlisted") == ["Ben"]


def test_withdrawing_happens_once(bid, ben):
    assert services.withdraw_bid(bid_id=bid.pk, by=ben).status == "withdrawn"
    with pytest.raises(WrongState):
        services.withdraw_bid(bid_id=bid.pk, by=ben)
    assert told("bid_withdrawn") == ["Ada"]


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_and_a_shortlisting_at_once_leave_one_story(ada, ben):
    for _ in range(4):
        bid = submitted_bid(open_posting(ada), ben)

        outcomes = at_once(
            lambda pk=bid.pk: services.withdraw_bid(bid_id=pk, by=ben),
            lambda pk=bid.pk: services.shortlist_bid(bid_id=pk, by=ada),
        )

        bid.refresh_from_db()
        assert bid.status == "withdrawn"
        assert outcomes[0] == "done"
        assert outcomes[1] in ("done", "wrong_state")


@pytest.mark.django_db(transaction=True)
def test_edits_at_once_are_numbered_one_after_the_other(ada, ben):
    bid = submitted_bid(open_posting(ada), ben)

    outcomes = at_once(
        *[
            lambda n=n: services.edit_bid(bid_id=bid.pk, by=ben, letter=f"Wording {n}")
            for n in range(6)
        ]
    )

    bid.refresh_from_db()
    assert outcomes == ["done"] * 6
    assert bid.version == 7
    assert sorted(bid.versions.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]


# --- Lapsing -------------------------------------------------------------------------------------


def test_it_lapses_when_its_validity_is_over(bid, time_machine):
    with pytest.raises(WrongState):
        services.lapse_bid(bid_id=bid.pk, by=SYSTEM)
    assert lapse_bids() == {"done": 0, "failed": 0}

    time_machine.move_to(now() + timedelta(days=31))
    assert lapsed_bid_ids() == [bid.pk]
    assert lapse_bids() == {"done": 1, "failed": 0}
    assert lapse_bids() == {"done": 0, "failed": 0}

    bid.refresh_from_db()
    assert bid.status == "lapsed"
    assert bid.closed_at is not None
    assert told("bid_lapsed") == ["Ben"]


# --- Offers --------------------------------------------------------------------------------------


def test_an_offer_and_its_return(bid, ada, ben):
    assert services.offer_bid(bid_id=bid.pk, by=ada, version=1).status == "offered"
    assert services.return_bid(bid_id=bid.pk, by=ben).status == "submitted"
    services.shortlist_bid(bid_id=bid.pk, by=ada)
    assert services.offer_bid(bid_id=bid.pk, by=ada).status == "offered"
    assert services.return_bid(bid_id=bid.pk, by=ada).status == "shortlisted"


def test_a_bid_is_changed_so_often_and_no_more(bid, ben):
    for number in range(MOST_VERSIONS - 1):
        services.edit_bid(bid_id=bid.pk, by=ben, letter=f"Wording {number}")

    with pytest.raises(WrongState, match="stands as it is"):
        services.edit_bid(bid_id=bid.pk, by=ben, letter="One more.")
    bid.refresh_from_db()
    assert bid.versions.count() == MOST_VERSIONS - 1


def test_nobody_offers_on_words_they_have_not_read(bid, ada, ben):
    services.edit_bid(bid_id=bid.pk, by=ben, price=95_000, plan=plan_of(95_000))

    with pytest.raises(WrongState):
        services.offer_bid(bid_id=bid.pk, by=ada, version=1)
    assert services.offer_bid(bid_id=bid.pk, by=ada, version=2).status == "offered"


def test_of_one_award_there_is_one_offer_at_a_time(bid, ada, cleo):
    other = submitted_bid(bid.posting, cleo)
    services.offer_bid(bid_id=bid.pk, by=ada)

    with pytest.raises(WrongState, match="There is an offer already") as refusal:
        services.offer_bid(bid_id=other.pk, by=ada)
    assert refusal.value.code == "no_award_left"


def test_a_bid_past_its_validity_is_not_offered(bid, ada, time_machine):
    time_machine.move_to(now() + timedelta(days=31))
    with pytest.raises(WrongState):
        services.offer_bid(bid_id=bid.pk, by=ada)


def test_a_suspended_posting_makes_no_offers(bid, ada, mona):
    suspend_posting(
        **GROUNDS,
        posting_id=bid.posting_id,
        reason="Under question.",
        by=mona,
    )
    with pytest.raises(WrongState):
        services.offer_bid(bid_id=bid.pk, by=ada)


def test_only_the_freelancer_accepts_and_the_rest_are_declined(bid, ada, ben, cleo):
    posting = bid.posting
    other = submitted_bid(posting, cleo)
    services.offer_bid(bid_id=bid.pk, by=ada)
    with pytest.raises(NotAllowed):
        services.accept_bid(bid_id=bid.pk, by=ada)

    services.accept_bid(bid_id=bid.pk, by=ben)
    settle_awards(posting_id=posting.pk)

    bid.refresh_from_db()
    other.refresh_from_db()
    posting.refresh_from_db()
    assert (bid.status, other.status, posting.status) == ("accepted", "declined", "awarded")
    assert other.declined_for == "other_chosen"
    assert told("bid_declined") == ["Cleo"]
    with pytest.raises(WrongState):
        settle_awards(posting_id=posting.pk)


@pytest.mark.django_db(transaction=True)
def test_two_offers_at_once_leave_one(ada, ben, cleo):
    for _ in range(5):
        posting = open_posting(ada)
        bids = [submitted_bid(posting, ben), submitted_bid(posting, cleo)]

        outcomes = at_once(
            *[lambda pk=bid.pk: services.offer_bid(bid_id=pk, by=ada) for bid in bids]
        )

        assert sorted(outcomes) == ["done", "no_award_left"]
        assert posting.bids.filter(status="offered").count() == 1


def test_a_title_with_braces_is_only_a_title(ada, ben):
    posting = open_posting(ada, title="A {price} shop {0} for {who.password}")
    submitted_bid(posting, ben)
    assert "{who.password}" in Notification.objects.get(kind="bid_submitted").text


def test_an_edited_posting_is_newer_than_the_bid(bid, ada):
    edit_posting(posting_id=bid.posting_id, by=ada, title="A lamp shop and a blog")
    bid.refresh_from_db()
    assert bid.posting.edited_at > bid.worded_at
