"""The two sides of a bid come to terms, round by round; nothing moves, and an award signs them."""

import json
from datetime import timedelta

import pytest

from accounts.models import Notification
from marketplace.common.errors import DomainError, InvalidInput, NotAllowed, WrongState
from marketplace.common.sweeps import BATCH
from projects.agreements.services import award_bid, withdraw_offer
from projects.agreements.suspending.services import suspend_posting
from projects.bids import services as bids
from projects.bids.counters import services
from projects.bids.counters.models import CounterOffer
from projects.bids.counters.selectors import over_counter_ids, standing_on, waiting_for
from projects.bids.declining.services import close_bidding, decline_bid
from projects.bids.differences import terms_differences
from projects.bids.models import Bid
from projects.bids.roles import open_steps
from projects.contracts.selectors import agreement_of
from projects.reasons.services import why_gone
from projects.tasks import lapse_counters
from tests.projects.counter_world import again, bid_of, countered, terms
from tests.world import GROUNDS, plan_of

pytestmark = pytest.mark.django_db

DEEDS = {
    "accept": services.accept_counter,
    "decline": services.decline_counter,
    "withdraw": services.withdraw_counter,
    "counter": lambda counter_id, by: services.counter_counter(
        counter_id=counter_id, by=by, **terms(70_000)
    ),
}


@pytest.fixture
def bid(ada, ben) -> Bid:
    return bid_of(ada, ben)


def told(kind: str) -> list[str]:
    notes = Notification.objects.filter(kind=kind).select_related("recipient").order_by("pk")
    return [note.recipient.name for note in notes]


def fresh(thing):
    return type(thing).objects.get(pk=thing.pk)


# --- Rounds --------------------------------------------------------------------------------------


def test_what_was_accepted_after_three_rounds_is_what_an_award_signs(bid, ada, ben):
    first = countered(bid, ada, 60_000)
    second = again(first, ben, 40_000, 35_000, days=25, criteria=["It runs.", "It is fast."])
    third = again(second, ada, 40_000, 30_000, days=25)
    services.accept_counter(counter_id=third.pk, by=ben)

    bid = fresh(bid)
    assert (bid.price, bid.days, bid.version) == (70_000, 25, 2)
    assert bid.versions.get().price == 80_000  # what stood before stays to be read
    assert [fresh(one).status for one in (first, second, third)] == [
        "countered",
        "countered",
        "accepted",
    ]
    assert fresh(third).became == 2
    assert (told("counter_proposed"), told("counter_accepted")) == (["Ben", "Ada", "Ben"], ["Ada"])
    wording = json.loads(agreement_of(award_bid(bid_id=bid.pk, by=ada)).body)
    assert [part["amount"] for part in wording["milestones"]] == [40_000, 30_000]


def test_nothing_changes_while_it_waits_or_is_declined(bid, ada, ben):
    counter = countered(bid, ada)
    assert (fresh(bid).price, fresh(bid).version) == (80_000, 1)
    services.decline_counter(counter_id=counter.pk, by=ben)
    assert (fresh(bid).price, fresh(bid).version, fresh(bid).status) == (80_000, 1, "submitted")
    assert told("counter_declined") == ["Ada"]


def test_who_withdraws_may_propose_anew(bid, ada):
    services.withdraw_counter(counter_id=countered(bid, ada).pk, by=ada)
    assert countered(bid, ada, 50_000).status == "proposed"


def test_the_difference_is_read_line_by_line(bid, ada):
    counter = countered(bid, ada, 30_000, 40_000, days=30, criteria=["It is fast."])
    lines = terms_differences(bid, counter, "USD")
    assert [(line.title, line.what, line.before, line.after) for line in lines] == [
        ("As a whole", "Price", "$800.00", "$700.00"),
        ("As a whole", "Time", "20 days", "30 days"),
        ("Part 1", "Price", "$800.00", "$300.00"),
        ("Part 1", "Due", "day 20", "day 15"),
        ("Part 1", "Done means", "It runs.", ""),
        ("Part 1", "Done means", "", "It is fast."),
        ("Part 2", "Milestone", "", "Part 2"),
        ("Part 2", "Price", "", "$400.00"),
        ("Part 2", "Due", "", "day 30"),
        ("Part 2", "Done means", "", "It is fast."),
    ]


def test_a_milestone_that_is_dropped_or_moved_is_known_by_its_title(bid, ada):
    new = countered(bid, ada, 60_000)
    bid.plan = [
        {"title": "Draw", "amount": 1_000, "days": 5, "criteria": []},
        {"title": "Part 1", "amount": 60_000, "days": 20, "criteria": ["It runs."]},
        {"title": "Clean", "amount": 2_000, "days": 20, "criteria": []},
    ]
    bid.price = 63_000
    found = [
        (line.title, line.what, line.before) for line in terms_differences(bid, new, "USD")[1:]
    ]
    assert found == [("Draw", "Milestone", "Draw"), ("Clean", "Milestone", "Clean")]
    new.plan = [bid.plan[1], bid.plan[0] | {"days": 20}, bid.plan[2]]
    order = next(line for line in terms_differences(bid, new, "USD") if line.what == "Order")
    assert (order.before, order.after) == ("Draw · Part 1 · Clean", "Part 1 · Draw · Clean")


# --- Whose answer --------------------------------------------------------------------------------


def test_only_the_client_begins(bid, ben, cleo, dora):
    for by in (ben, cleo, dora):
        with pytest.raises(NotAllowed):
            services.propose_counter(bid_id=bid.pk, by=by, **terms(60_000))


def test_one_waits_at_a_time_and_the_bid_stands_still_meanwhile(bid, ada, ben):
    counter = countered(bid, ada)
    with pytest.raises(WrongState, match="answered or withdrawn first"):
        countered(bid, ada, 50_000)
    with pytest.raises(WrongState, match="answered or withdrawn first"):
        bids.edit_bid(bid_id=bid.pk, by=ben, letter="Other words.")
    assert {"counter", "edit"} & {*open_steps(bid, ada), *open_steps(bid, ben)} == set()
    services.decline_counter(counter_id=counter.pk, by=ben)
    bids.edit_bid(bid_id=bid.pk, by=ben, letter="Other words.")


# --- What cannot be meant ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"price": 60_001}, "plan"),  # the milestones do not sum to it
        ({"price": 0}, "price"),
        ({"price": "60000"}, "price"),
        ({"days": 0}, "days"),  # before the contract has begun
        ({"days": -3}, "days"),
        ({"days": 731}, "days"),
        ({"plan": []}, "plan"),
        ({"plan": "all of it"}, "plan"),
        ({"plan": plan_of(60_000, days=21)}, "plan[0].days"),
        ({"plan": [plan_of(60_000)[0] | {"days": 0}]}, "plan[0].days"),
        ({"plan": [plan_of(60_000)[0] | {"title": " "}]}, "plan[0].title"),
        ({"plan": [plan_of(60_000)[0] | {"amount": -1}]}, "plan[0].amount"),
        ({"plan": [plan_of(60_000)[0] | {"due_at": "today"}]}, "plan[0].due_at"),
        ({"plan": [plan_of(60_000)[0] | {"criteria": ["x"] * 11}]}, "plan[0].criteria"),
        ({"note": "x" * 2_001}, "note"),
    ],
)
def test_what_cannot_be_agreed_on_is_refused_by_its_field(said, field, bid, ada):
    with pytest.raises(InvalidInput) as refusal:
        services.propose_counter(bid_id=bid.pk, by=ada, **terms(60_000) | said)
    assert refusal.value.param == field and refusal.value.message
    assert not CounterOffer.objects.exists()


def test_what_stands_already_is_not_proposed(bid, ada, ben):
    with pytest.raises(InvalidInput, match="stands already"):
        countered(bid, ada, 80_000)
    counter = countered(bid, ada, 60_000)
    with pytest.raises(InvalidInput, match="accept it"):
        again(counter, ben, 60_000)
    assert fresh(counter).status == "proposed"  # a refused round leaves the one before


def test_an_earlier_wording_is_not_answered(bid, ada, ben):
    bids.edit_bid(bid_id=bid.pk, by=ben, letter="Other words.")
    with pytest.raises(WrongState, match="Read it again"):
        countered(bid, ada, 60_000, version=1)
    countered(bid, ada, 60_000, version=2)


def test_nobody_proposes_without_end(bid, ada, ben, monkeypatch):
    monkeypatch.setattr(services, "MOST_COUNTERS", 2)
    for amount in (60_000, 61_000):
        services.withdraw_counter(counter_id=countered(bid, ada, amount).pk, by=ada)
    with pytest.raises(WrongState, match="2 times"):
        countered(bid, ada, 62_000)


# --- The end of the bid, and time ----------------------------------------------------------------


def withdraw(bid, ada, ben):
    bids.withdraw_bid(bid_id=bid.pk, by=ben)


def decline(bid, ada, ben):
    decline_bid(bid_id=bid.pk, reason="price", by=ada)


def close(bid, ada, ben):
    close_bidding(posting_id=bid.posting_id, reason="Enough.", by=ada)


def award(bid, ada, ben):
    award_bid(bid_id=bid.pk, by=ada)


@pytest.mark.parametrize("end", [withdraw, decline, close, award])
def test_with_the_bid_ends_what_is_proposed_about_it(end, bid, ada, ben):
    counter = countered(bid, ada)
    end(bid, ada, ben)
    assert fresh(counter).status == "lapsed"
    assert told("counter_lapsed") == []  # of the end itself both hear
    with pytest.raises(WrongState):
        services.accept_counter(counter_id=counter.pk, by=ben)
    with pytest.raises(WrongState):
        countered(bid, ada, 50_000)


def test_an_offer_that_comes_back_brings_no_terms_back(bid, ada, ben):
    counter = countered(bid, ada)
    contract = award_bid(bid_id=bid.pk, by=ada)
    withdraw_offer(contract_id=contract.pk, by=ada)
    assert fresh(bid).status == "submitted"
    assert fresh(counter).status == "lapsed" and standing_on(fresh(bid)) is None
    assert countered(bid, ada, 50_000).status == "proposed"


def test_on_a_posting_that_is_suspended_nothing_is_agreed_on(bid, ada, ben, mona):
    counter = countered(bid, ada)
    suspend_posting(
        **GROUNDS,
        posting_id=bid.posting_id,
        reason="It is a lottery.",
        by=mona,
    )
    for step in ("accept", "counter"):
        with pytest.raises(WrongState, match="stand still"):
            DEEDS[step](counter_id=counter.pk, by=ben)
    with pytest.raises(WrongState, match="not open"):
        countered(bid, ada, 50_000)
    assert lapse_counters() == {"done": 0, "failed": 0}
    assert DEEDS["decline"](counter_id=counter.pk, by=ben).status == "declined"


def test_it_lapses_with_the_days_to_answer_seen_at_once_and_told_once(bid, ada, ben, later):
    counter = countered(bid, ada)
    assert counter.answer_due_at == counter.created_at + timedelta(days=3)
    assert over_counter_ids(limit=BATCH) == []
    assert [one for one, _ in waiting_for(ben, limit=3)] == [counter]
    later(days=3, minutes=1)
    assert (fresh(counter).status, fresh(counter).state) == ("proposed", "lapsed")
    for deed, by in (("accept", ben), ("counter", ben), ("decline", ben), ("withdraw", ada)):
        with pytest.raises(WrongState):
            DEEDS[deed](counter_id=counter.pk, by=by)
    assert waiting_for(ben, limit=3) == []
    assert lapse_counters() == {"done": 1, "failed": 0}
    assert lapse_counters() == {"done": 0, "failed": 0}
    services.lapse_counter(counter_id=counter.pk)
    assert sorted(told("counter_lapsed")) == ["Ada", "Ben"]
    assert fresh(bid).status == "submitted"


def test_no_answer_is_waited_for_longer_than_the_bid_is_valid(bid, ada, later):
    later(days=29)
    counter = countered(bid, ada)
    assert counter.answer_due_at == bid.valid_until
    later(days=2)
    assert fresh(counter).state == "lapsed"
    with pytest.raises(WrongState, match="not valid"):
        countered(bid, ada, 50_000)


def test_what_is_over_gives_way_to_the_next_though_nobody_has_written_it_down(bid, ada, later):
    over = countered(bid, ada)
    later(days=4)
    assert countered(bid, ada, 50_000).status == "proposed"
    assert fresh(over).status == "lapsed"


def test_the_reasons_of_its_mails_go_with_it(bid, ada, ben):
    counter = countered(bid, ada)
    note = Notification.objects.get(kind="counter_proposed")
    assert why_gone([note]) == {note.pk: ""}
    services.decline_counter(counter_id=counter.pk, by=ben)
    assert why_gone([note]) == {note.pk: "The other terms are open no longer."}


def test_every_refusal_has_words(bid, ada, ben):
    counter = countered(bid, ada)
    for deed, by in (("accept", ada), ("withdraw", ben)):
        with pytest.raises(DomainError) as refusal:
            DEEDS[deed](counter_id=counter.pk, by=by)
        assert refusal.value.message.endswith(".")
