"""Awards of one posting by many at the same moment: none too many, and nobody is forgotten."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.notifications.models import Notification
from accounts.people.models import User
from projects.agreements.services import accept_offer, award_bid
from projects.bids import services as bids
from projects.bids.declining.services import close_bidding, edit_bidding, settle_awards
from projects.bids.models import Bid
from projects.contracts.models import Contract
from projects.postings import services as postings
from projects.postings.models import Posting
from tests.against_the_rules import as_the_owner
from tests.projects.test_several_awards import as_it_is, hired, offered
from tests.races import at_once, meet_after, overtaken_after
from tests.world import open_posting, person, submitted_bid

pytestmark = pytest.mark.django_db(transaction=True)


def without_the_lock(monkeypatch) -> None:
    monkeypatch.setattr(postings, "lock_posting", lambda pk: Posting.objects.get(pk=pk))


@pytest.fixture
def without_the_trigger() -> Iterator[None]:
    """PostgreSQL does not look at the awards of a posting when a bid is accepted."""
    for word in ("DISABLE", "ENABLE"):
        with as_the_owner(), connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE projects_bid {word} TRIGGER awards_are_announced")
        if word == "DISABLE":
            yield


def accepts(bid: Bid, by: User) -> Callable[[], None]:
    """What an acceptance does to the posting, without what it does to the agreement."""

    @transaction.atomic
    def accept() -> None:
        bids.accept_bid(bid_id=bid.pk, by=by)
        settle_awards(posting_id=bid.posting_id)

    return accept


def eight_offers(ada: User) -> tuple[Posting, list[tuple[Contract, User]]]:
    """A posting that announces eight awards, all of them offered."""
    posting = open_posting(ada, awards=8)
    people = [person(f"Eve {number}") for number in range(8)]
    return posting, [(offered(posting, one, ada), one) for one in people]


def declined(kind: str = "bid_declined") -> list[str]:
    found = Notification.objects.filter(kind=kind).order_by("pk")
    return list(found.values_list("recipient__name", flat=True))


# --- Offered -------------------------------------------------------------------------------------


def test_of_eight_offers_at_once_two_find_an_award(ada, bells):
    posting = open_posting(ada, awards=2)
    all_bids = [submitted_bid(posting, person(f"Eve {number}")) for number in range(8)]

    outcomes = at_once(*[lambda pk=bid.pk: award_bid(bid_id=pk, by=ada) for bid in all_bids])

    assert sorted(outcomes) == ["done"] * 2 + ["no_award_left"] * 6
    assert Contract.objects.filter(posting=posting).count() == 2


def test_the_last_place_is_offered_once(ada, ben, cleo, bells):
    """Two announced, one made: whoever offers the other one, only one can."""
    posting = open_posting(ada, awards=2)
    hired(posting, ben, ada)
    all_bids = [submitted_bid(posting, person(f"Eve {number}")) for number in range(8)]

    outcomes = at_once(*[lambda pk=bid.pk: award_bid(bid_id=pk, by=ada) for bid in all_bids])

    assert sorted(outcomes) == ["done"] + ["no_award_left"] * 7


# --- Accepted ------------------------------------------------------------------------------------


def test_eight_who_accept_at_once_are_eight_contracts_and_one_end(ada, cleo, bells):
    posting, all_offers = eight_offers(ada)
    cleos = submitted_bid(posting, cleo)

    outcomes = at_once(
        *[
            lambda pk=contract.pk, who=who: accept_offer(contract_id=pk, by=who)
            for contract, who in all_offers
        ]
    )

    cleos.refresh_from_db()
    assert outcomes == ["done"] * 8
    assert Contract.objects.filter(posting=posting, status="active").count() == 8
    assert (as_it_is(posting).status, cleos.declined_for) == ("awarded", "other_chosen")
    assert declined() == ["Cleo"]


def test_of_two_accepted_at_once_with_more_announced_none_ends_it(ada, ben, cleo, bells):
    posting = open_posting(ada, awards=3)
    bens, cleos = offered(posting, ben, ada), offered(posting, cleo, ada)

    outcomes = at_once(
        lambda: accept_offer(contract_id=bens.pk, by=ben),
        lambda: accept_offer(contract_id=cleos.pk, by=cleo),
    )

    assert outcomes == ["done", "done"]
    assert (as_it_is(posting).status, posting.awards_made) == ("open", 2)


def test_without_the_lock_postgresql_makes_them_queue(ada, bells, monkeypatch):
    """The lower guard: a bid that is accepted waits for its posting, so the last one sees all."""
    posting, all_offers = eight_offers(ada)
    without_the_lock(monkeypatch)

    outcomes = at_once(*[accepts(contract.bid, who) for contract, who in all_offers])

    assert outcomes == ["done"] * 8
    assert as_it_is(posting).status == "awarded"


def test_without_both_nobody_would_see_that_the_last_award_is_made(
    ada, bells, monkeypatch, without_the_trigger
):
    posting, all_offers = eight_offers(ada)
    without_the_lock(monkeypatch)
    # Everybody has counted before anybody commits: each sees their own.
    counted = SimpleNamespace(made=Posting.awards_made.fget)
    meet_after(monkeypatch, counted, "made")
    monkeypatch.setattr(Posting, "awards_made", property(counted.made))

    outcomes = at_once(*[accepts(contract.bid, who) for contract, who in all_offers])

    monkeypatch.undo()
    assert outcomes == ["done"] * 8
    assert (as_it_is(posting).status, posting.awards_made) == ("open", 8)


# --- Accepted, and announced otherwise -----------------------------------------------------------


@pytest.fixture
def two_of_three(ada, ben, cleo) -> tuple[Posting, Contract]:
    """Three announced, Ben is hired, Cleo has an offer, and Kim's bid stands."""
    posting = open_posting(ada, awards=3)
    hired(posting, ben, ada)
    submitted_bid(posting, person("Kim"))
    return posting, offered(posting, cleo, ada)


def test_accepting_while_fewer_are_announced_ends_it_once(two_of_three, ada, cleo, bells):
    posting, contract = two_of_three

    outcomes = at_once(
        lambda: accept_offer(contract_id=contract.pk, by=cleo),
        *[lambda: edit_bidding(posting_id=posting.pk, by=ada, awards=2)] * 7,
    )

    assert outcomes[0] == "done"
    assert set(outcomes[1:]) <= {"done", "wrong_state"}
    assert (as_it_is(posting).status, posting.awards_made) == ("awarded", 2)
    assert declined() == ["Kim"]


def test_an_award_that_is_offered_is_not_taken_back_by_a_number(two_of_three, ada, cleo, bells):
    posting, contract = two_of_three

    outcomes = at_once(
        lambda: accept_offer(contract_id=contract.pk, by=cleo),
        *[lambda: edit_bidding(posting_id=posting.pk, by=ada, awards=1)] * 7,
    )

    assert outcomes == ["done"] + ["too_few_awards"] * 7
    assert (as_it_is(posting).status, as_it_is(posting).awards) == ("open", 3)


def test_the_last_acceptance_and_one_more_award_leave_one_story(ada, ben, cleo, bells):
    posting = open_posting(ada)
    kims = submitted_bid(posting, person("Kim"))
    contract = offered(posting, cleo, ada)

    accepted, edited = at_once(
        lambda: accept_offer(contract_id=contract.pk, by=cleo),
        lambda: edit_bidding(posting_id=posting.pk, by=ada, awards=2),
    )

    kims.refresh_from_db()
    after = as_it_is(posting)
    assert accepted == "done"
    assert (after.status, after.awards, kims.status) == (
        ("open", 2, "submitted") if edited == "done" else ("awarded", 1, "declined")
    )


# --- Accepted, and closed ------------------------------------------------------------------------


def test_accepting_while_it_is_closed_hires_either_way(two_of_three, ada, cleo, bells):
    posting, contract = two_of_three

    outcomes = at_once(
        lambda: accept_offer(contract_id=contract.pk, by=cleo),
        *[lambda: close_bidding(posting_id=posting.pk, reason="", by=ada)] * 7,
    )

    closed = outcomes[1:].count("done")
    assert outcomes[0] == "done"
    assert set(outcomes[1:]) <= {"done", "wrong_state"} and closed <= 1
    assert as_it_is(posting).status == ("awarded" if closed else "open")
    assert declined() == (["Kim"] if closed else [])
    assert declined("bid_given_back") == []


def test_without_the_lock_only_postgresql_keeps_it_from_closing_over_an_award(
    ada, cleo, bells, monkeypatch
):
    posting = open_posting(ada, awards=2)
    contract = offered(posting, cleo, ada)
    without_the_lock(monkeypatch)
    # Nothing was made when it was counted, and now there is an award.
    overtaken_after(
        monkeypatch, postings, "now", lambda: accept_offer(contract_id=contract.pk, by=cleo)
    )

    with pytest.raises(IntegrityError, match="ends as awarded, and not as closed"):
        close_bidding(posting_id=posting.pk, reason="", by=ada)
    assert (as_it_is(posting).status, posting.awards_made) == ("open", 1)
