"""Several awards on one posting: announced, offered, made, and how the posting ends with them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.notifications.models import Notification
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from projects.agreements.services import (
    accept_offer,
    award_bid,
    close_finished_contract,
    decline_offer,
    withdraw_offer,
)
from projects.agreements.suspending.services import suspend_posting
from projects.bids.declining.services import close_bidding, edit_bidding, expire_bidding
from projects.bids.models import Bid
from projects.bids.roles import open_steps
from projects.bids.selectors import expired_posting_ids, postings_to_award
from projects.contracts.checks import (
    accepted_bids_became_contracts,
    postings_make_the_awards_that_they_announce,
)
from projects.contracts.models import Contract
from projects.invitations.services import invite_person
from projects.milestones.services import cancel_milestone
from projects.postings import models as posting_models
from projects.postings.models import Posting
from projects.postings.selectors import Filters, browse
from projects.tasks import expire_postings
from tests.against_the_rules import force
from tests.projects.test_posting_and_bid_lifecycles import POSTING_DEEDS
from tests.walking import tried
from tests.world import GROUNDS, SIGNED, api_of, draft_posting, open_posting, person, submitted_bid

pytestmark = pytest.mark.django_db


def offered(posting: Posting, who: User, ada: User) -> Contract:
    return award_bid(bid_id=submitted_bid(posting, who).pk, by=ada)


def hired(posting: Posting, who: User, ada: User) -> Contract:
    return accept_offer(contract_id=offered(posting, who, ada).pk, by=who)


def as_it_is(posting: Posting) -> Posting:
    return Posting.objects.get(pk=posting.pk)


def told(kind: str) -> list[tuple[str, str]]:
    """Who was told something of this kind, and what."""
    found = Notification.objects.filter(kind=kind).order_by("pk")
    return [(notice.recipient.name, notice.text) for notice in found]


@pytest.fixture
def posting(ada) -> Posting:
    return open_posting(ada, awards=2)


# --- Made one by one -----------------------------------------------------------------------------


def test_it_stays_open_until_the_last_award_is_made(posting, ada, ben, cleo):
    kim = submitted_bid(posting, person("Kim"))
    invitation = invite_person(posting_id=posting.pk, whom="lou@example.com", by=ada)

    first = hired(posting, ben, ada)

    kim.refresh_from_db()
    invitation.refresh_from_db()
    assert (as_it_is(posting).status, posting.awards_made) == ("open", 1)
    assert (first.status, kim.status, invitation.status) == ("active", "submitted", "invited")
    assert posting.takes_bids and told("bid_declined") == []

    hired(posting, cleo, ada)  # whose bid came in after the first award

    kim.refresh_from_db()
    invitation.refresh_from_db()
    assert (as_it_is(posting).status, posting.awards_made) == ("awarded", 2)
    assert (kim.status, kim.declined_for, invitation.status) == (
        "declined",
        "other_chosen",
        "lapsed",
    )
    assert [name for name, _ in told("bid_declined")] == ["Kim"]
    assert Contract.objects.filter(posting=posting, status="active").count() == 2


def test_no_more_are_offered_and_accepted_than_announced(posting, ada, ben, cleo):
    kim = submitted_bid(posting, person("Kim"))
    bens, cleos = offered(posting, ben, ada), offered(posting, cleo, ada)

    def refused() -> None:
        with pytest.raises(WrongState, match="All 2 awards") as refusal:
            award_bid(bid_id=kim.pk, by=ada)
        assert refusal.value.code == "no_award_left"

    refused()  # two are out
    accept_offer(contract_id=bens.pk, by=ben)
    refused()  # one is made, and one is out
    withdraw_offer(contract_id=cleos.pk, by=ada)
    assert award_bid(bid_id=kim.pk, by=ada).status == "offered"


@pytest.mark.parametrize("deed", ["decline", "withdraw"])
def test_an_offer_that_comes_to_nothing_leaves_its_award(posting, ada, ben, cleo, deed):
    hired(posting, ben, ada)
    contract = offered(posting, cleo, ada)

    if deed == "decline":
        decline_offer(contract_id=contract.pk, reason="price", by=cleo)
    else:
        withdraw_offer(contract_id=contract.pk, by=ada)

    assert as_it_is(posting).status == "open"
    assert award_bid(bid_id=contract.bid_id, by=ada).status == "offered"


def test_nobody_is_hired_twice_by_one_posting(posting, ada, ben):
    hired(posting, ben, ada)
    with pytest.raises(WrongState) as refusal:
        submitted_bid(posting, ben)
    assert refusal.value.code == "already_bid"


def test_an_award_counts_whatever_becomes_of_its_contract(posting, ada, ben, cleo):
    contract = hired(posting, ben, ada)
    cancel_milestone(milestone_id=contract.milestones.get().pk, by=ben)
    assert close_finished_contract(contract_id=contract.pk).status == "cancelled"

    assert (as_it_is(posting).status, posting.awards_made) == ("open", 1)
    edit_bidding(posting_id=posting.pk, by=ada, awards=3)  # whoever wants another says so
    hired(posting, cleo, ada)
    assert as_it_is(posting).status == "open"


def test_what_waits_for_a_choice_is_what_has_an_award_left(posting, ada, ben, cleo):
    submitted_bid(posting, person("Kim"))
    contract = offered(posting, ben, ada)
    assert postings_to_award(ada, limit=3) == [posting]

    cleos = offered(posting, cleo, ada)
    assert postings_to_award(ada, limit=3) == []

    accept_offer(contract_id=contract.pk, by=ben)
    withdraw_offer(contract_id=cleos.pk, by=ada)
    assert [one.live_bids for one in postings_to_award(ada, limit=3)] == [2]


# --- More, and fewer -----------------------------------------------------------------------------


def test_a_draft_announces_what_it_likes(ada):
    posting = draft_posting(ada, awards=20)
    assert edit_bidding(posting_id=posting.pk, by=ada, awards=4).awards == 4
    assert draft_posting(ada).awards == 1, "one where nothing is said"


def test_more_may_be_announced_while_it_is_open(ada, ben, cleo):
    posting = open_posting(ada)
    contract = offered(posting, ben, ada)

    edited = edit_bidding(posting_id=posting.pk, by=ada, awards=2)
    accept_offer(contract_id=contract.pk, by=ben)

    assert edited.edited_at is not None, "whoever has bid is shown that it has changed"
    assert as_it_is(posting).status == "open"
    hired(posting, cleo, ada)
    with pytest.raises(WrongState):
        edit_bidding(posting_id=posting.pk, by=ada, awards=3)
    assert as_it_is(posting).status == "awarded"


def test_fewer_than_are_made_or_offered_are_refused(ada, ben, cleo):
    posting = open_posting(ada, awards=5)
    hired(posting, person("Kim"), ada)
    hired(posting, ben, ada)
    offered(posting, cleo, ada)

    for awards, words in ((2, "withdraw an offer"), (1, "made already")):
        with pytest.raises(WrongState, match=words) as refusal:
            edit_bidding(posting_id=posting.pk, by=ada, awards=awards, title="Another title")
        assert (refusal.value.code, refusal.value.param) == ("too_few_awards", "awards")
    with pytest.raises(InvalidInput):
        edit_bidding(posting_id=posting.pk, by=ada, awards=0)

    kept = as_it_is(posting)
    assert (kept.status, kept.awards, kept.title) == ("open", 5, "A shop for handmade lamps")
    assert edit_bidding(posting_id=posting.pk, by=ada, awards=3).status == "open"


def test_as_many_as_are_made_is_enough(ada, ben, cleo):
    posting = open_posting(ada, awards=3)
    hired(posting, ben, ada)
    cleos = submitted_bid(posting, cleo)

    posting = edit_bidding(posting_id=posting.pk, by=ada, awards=1)

    cleos.refresh_from_db()
    assert (posting.status, posting.awards, cleos.declined_for) == ("awarded", 1, "enough_found")
    assert [text.split(". ")[1] for _, text in told("bid_declined")] == [
        "The client has found enough."
    ]


def test_fewer_with_none_made_is_only_fewer(posting, ada, ben):
    bid = submitted_bid(posting, ben)
    assert edit_bidding(posting_id=posting.pk, by=ada, awards=1).status == "open"
    bid.refresh_from_db()
    assert bid.status == "submitted"


# --- The end before the last award ---------------------------------------------------------------


def test_a_client_who_has_found_enough_closes_it_as_awarded(posting, ada, ben, cleo):
    hired(posting, ben, ada)
    cleos = submitted_bid(posting, cleo)
    invitation = invite_person(posting_id=posting.pk, whom="lou@example.com", by=ada)

    closed = close_bidding(posting_id=posting.pk, reason="One is enough for us.", by=ada)

    cleos.refresh_from_db()
    invitation.refresh_from_db()
    assert (closed.status, closed.status_reason) == ("awarded", "One is enough for us.")
    assert closed.closed_at is not None
    assert (cleos.state_in_words, cleos.declined_for) == ("Declined", "enough_found")
    assert invitation.status == "lapsed"
    assert told("bid_declined") == [
        (
            "Cleo",
            "Your bid on “A shop for handmade lamps” was declined. "
            "The client has found enough: One is enough for us.",
        )
    ]
    with pytest.raises(WrongState):
        close_bidding(posting_id=posting.pk, reason="", by=ada)


def test_it_is_not_closed_over_an_offer_that_is_out(posting, ada, ben, cleo):
    hired(posting, ben, ada)
    offered(posting, cleo, ada)

    with pytest.raises(WrongState, match="withdraw it before"):
        close_bidding(posting_id=posting.pk, reason="", by=ada)
    assert (as_it_is(posting).status, as_it_is(posting).status_reason) == ("open", "")


@pytest.mark.parametrize("name", ["ben", "cleo", "mona", "dora"])
def test_only_its_owner_has_found_enough(posting, ada, ben, name, request):
    hired(posting, ben, ada)
    by = request.getfixturevalue(name)
    for deed in (
        lambda: close_bidding(posting_id=posting.pk, reason="", by=by),
        lambda: edit_bidding(posting_id=posting.pk, by=by, awards=1),
    ):
        with pytest.raises(NotAllowed):
            deed()
    assert as_it_is(posting).status == "open"


@pytest.fixture
def left_half_made(ada, ben, cleo, later) -> Posting:
    """Two announced and one made; Cleo's bid is still valid when the time to choose is over."""
    posting = open_posting(ada, awards=2, bids_close_at=now() + timedelta(days=3))
    hired(posting, ben, ada)
    submitted_bid(posting, cleo)
    later(days=63, hours=1)
    Bid.objects.filter(status="submitted").update(valid_until=now() + timedelta(days=1))
    return posting


def test_when_the_time_to_choose_is_over_it_ends_with_what_was_made(left_half_made):
    assert expired_posting_ids() == [left_half_made.pk]
    assert expire_postings() == {"done": 1, "failed": 0}
    assert expire_postings() == {"done": 0, "failed": 0}

    posting, cleos = as_it_is(left_half_made), Bid.objects.get(freelancer__name="Cleo")
    assert (posting.status, posting.awards, posting.awards_made) == ("awarded", 2, 1)
    assert (cleos.state_in_words, cleos.declined_for) == ("Given back", "no_more_hired")
    assert told("bid_given_back") == [
        (
            "Cleo",
            "Your bid on “A shop for handmade lamps” is given back. "
            "The time to choose is over, and nobody more was hired.",
        )
    ]
    assert told("posting_awarded") == [
        (
            "Ada",
            "“A shop for handmade lamps” has ended: its time is over, with 1 of 2 awards made.",
        )
    ]
    assert told("posting_expired") == []


@pytest.fixture
def nearly_over(ada, ben, cleo, later) -> Posting:
    """Three announced and one made; Cleo's bid is valid for as long as there is time to choose."""
    posting = open_posting(ada, awards=3, bids_close_at=now() + timedelta(days=3))
    hired(posting, ben, ada)
    bid = submitted_bid(posting, cleo)
    later(days=62)
    Bid.objects.filter(pk=bid.pk).update(valid_until=posting.choose_by + timedelta(days=2))
    return posting


def test_an_offer_that_is_out_then_is_answered_first(nearly_over, ada, cleo, later):
    contract = award_bid(bid_id=Bid.objects.get(status="submitted").pk, by=ada)
    later(days=1, hours=1)
    assert expired_posting_ids() == []
    with pytest.raises(WrongState, match="offer out"):
        expire_bidding(posting_id=nearly_over.pk, by=SYSTEM)

    accept_offer(contract_id=contract.pk, by=cleo)

    assert as_it_is(nearly_over).status == "open", "two of three"
    assert expire_postings() == {"done": 1, "failed": 0}
    assert (as_it_is(nearly_over).status, nearly_over.awards_made) == ("awarded", 2)


def test_no_offer_is_made_when_the_time_to_choose_is_over(nearly_over, ada, cleo, later):
    """One after the other they would hold the posting open for ever."""
    bid = Bid.objects.get(status="submitted")
    assert "offer" in open_steps(bid, ada)
    later(days=1, hours=1)

    assert "offer" not in open_steps(Bid.objects.get(pk=bid.pk), ada)
    with pytest.raises(WrongState, match="time to choose is over"):
        award_bid(bid_id=bid.pk, by=ada)
    answer = api_of(ada).post(f"/api/v1/bids/{bid.public_id}/award/", SIGNED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_state")
    assert expire_postings() == {"done": 1, "failed": 0}
    assert as_it_is(nearly_over).status == "awarded"


def test_with_nobody_left_to_choose_from_it_ends_when_bids_do(ada, ben, later):
    posting = open_posting(ada, awards=2, bids_close_at=now() + timedelta(days=3))
    hired(posting, ben, ada)
    later(days=2)
    assert expired_posting_ids() == []

    later(days=1, hours=1)
    assert expire_postings() == {"done": 1, "failed": 0}
    assert as_it_is(posting).status == "awarded"


# --- The table, and what PostgreSQL keeps --------------------------------------------------------


@pytest.mark.parametrize("step", POSTING_DEEDS)
def test_with_an_award_made_whatever_ends_it_awards_it(step, posting, ada, ben, mona, dora):
    """Every state that it can be in, every person, every step."""
    hired(posting, ben, ada)
    people = {"owner": ada, "moderator": mona, "system": SYSTEM, "": ben, "mediator": dora}
    past = now() - timedelta(hours=1)
    table, deed = posting_models.LIFECYCLE.steps[step], POSTING_DEEDS[step]
    if deed.by_house:
        people = {"system": SYSTEM}
    for status in ("open", "awarded", "suspended"):
        for role, by in people.items():
            force(
                Posting.objects.filter(pk=posting.pk),
                status=status,
                title="A shop for lamps",
                bids_close_at=past if step == "expire" else None,
            )
            expected, after = None, status
            if role not in table.by:
                expected = NotAllowed
            elif status not in table.source:
                expected = WrongState
            elif step in ("close", "expire"):
                after = "awarded"
            elif table.to != {"same"}:
                (after,) = table.to
            outcome = tried(deed, posting.pk, by)
            assert outcome == expected, (step, status, role)
            assert as_it_is(posting).status == after, (step, status, role)


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ({"status": "closed"}, "is closed, with 1 of 2 awards made and 1 offered."),
        ({"status": "expired"}, "is expired, with 1 of 2 awards made and 1 offered."),
        ({"status": "open", "awards": 1}, "is open, with 1 of 1 awards made and 1 offered."),
    ],
)
def test_the_proof_of_the_books_finds_a_number_that_is_wrong(
    posting, ada, ben, cleo, planted, said
):
    hired(posting, ben, ada)
    offered(posting, cleo, ada)
    assert postings_make_the_awards_that_they_announce() == []

    force(Posting.objects.filter(pk=posting.pk), **planted)
    assert postings_make_the_awards_that_they_announce() == [f"{posting.public_id} {said}"]


def test_the_proof_finds_an_award_that_nobody_made(posting, ben):
    submitted_bid(posting, ben)
    force(Posting.objects.filter(pk=posting.pk), status="awarded")
    assert postings_make_the_awards_that_they_announce() == [
        f"{posting.public_id} is awarded, with 0 of 2 awards made and 0 offered."
    ]


def test_the_proof_finds_an_acceptance_that_nobody_signed(posting, ben):
    bid = submitted_bid(posting, ben)
    force(Bid.objects.filter(pk=bid.pk), status="accepted")
    assert accepted_bids_became_contracts() == [
        f"{bid.public_id} is accepted, and no contract on it was signed by both."
    ]


def refused_by(law: str):
    return pytest.raises(IntegrityError, match=law)


@pytest.mark.parametrize("awards", [0, 21])
def test_the_database_keeps_the_number_to_its_bounds(posting, awards):
    with refused_by("a_posting_announces_some_awards"), transaction.atomic():
        Posting.objects.filter(pk=posting.pk).update(awards=awards)


def test_the_database_lets_no_more_be_taken_than_announced(posting, ada, ben, cleo):
    hired(posting, ben, ada)
    offered(posting, cleo, ada)
    kims = submitted_bid(posting, person("Kim"))

    with refused_by("a posting of 2 awards has 3 made or offered"), transaction.atomic():
        Bid.objects.filter(pk=kims.pk).update(status="offered")
    with refused_by("a posting of 1 awards has 2 made or offered"), transaction.atomic():
        Posting.objects.filter(pk=posting.pk).update(awards=1)


@pytest.mark.parametrize("status", ["closed", "expired"])
def test_the_database_ends_a_posting_with_an_award_as_awarded(posting, ada, ben, status):
    hired(posting, ben, ada)
    with refused_by("ends as awarded"), transaction.atomic():
        Posting.objects.filter(pk=posting.pk).update(status=status)


@pytest.mark.parametrize(("before", "after"), [("submitted", "offered"), ("offered", "accepted")])
def test_the_database_makes_no_award_on_a_posting_that_is_not_open(
    posting, ben, mona, before, after
):
    bid = submitted_bid(posting, ben)
    force(Bid.objects.filter(pk=bid.pk), status=before)
    suspend_posting(**GROUNDS, posting_id=posting.pk, reason="Hm.", by=mona)
    with refused_by("a posting that is suspended makes no awards"), transaction.atomic():
        Bid.objects.filter(pk=bid.pk).update(status=after)


# --- Found ---------------------------------------------------------------------------------------


def test_whoever_looks_for_several_finds_those_for_several(ada):
    open_posting(ada)
    two, five = open_posting(ada, awards=2), open_posting(ada, awards=5)

    assert list(browse(Filters(awards=2))) == [five, two]
    assert list(browse(Filters(awards=3, q="lamps"), order="match")) == [five]
    for awards in (0, 21):
        with pytest.raises(InvalidInput) as refusal:
            Filters(awards=awards)
        assert refusal.value.param == "awards"
