"""What one side proposes and the other answers: every state, every person, every step, by its deed.

Each thing is Ada's, the client's. What the house does with it by itself is told apart by what both
sides then hear, since all of it ends in the same state.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import CLIENT, FREELANCER
from projects.agreements.changes import services as changes
from projects.agreements.changes.asking.services import propose_ending
from projects.agreements.changes.models import LIFECYCLE as CHANGE
from projects.agreements.changes.models import ChangeOrder
from projects.agreements.models import LIFECYCLE as PROPOSAL
from projects.agreements.models import Proposal
from projects.agreements.proposals import services as proposals
from projects.agreements.services import close_finished_contract
from projects.bids.counters import services as counters
from projects.bids.counters.models import LIFECYCLE as COUNTER
from projects.bids.counters.models import CounterOffer
from projects.bids.services import withdraw_bid
from projects.contracts.models import Event
from projects.givebacks import services as givebacks
from projects.givebacks.models import LIFECYCLE as GIVEBACK
from projects.givebacks.models import GiveBack
from projects.milestones.parts.services import release_part
from projects.milestones.services import cancel_milestone
from tests.against_the_rules import force
from tests.projects.change_world import price_to, wish
from tests.projects.counter_world import bid_of, countered, terms
from tests.projects.giveback_world import on, released
from tests.walking import Deed, Walk, begun, forgotten, people, tried
from tests.world import funded_milestone

pytestmark = pytest.mark.django_db

WAITS = {"proposed", "asked"}
TOO_LATE = 4  # days


def not_by(role: str, states: Iterable[str]) -> dict[tuple[str, str], type[NotAllowed]]:
    """Of both sides, whose answer it is not, however it stands."""
    return dict.fromkeys([(status, role) for status in states], NotAllowed)


def telling(model: Any, kind: str, lapse: Callable[[int], object]) -> Callable[[int], None]:
    """The deed of the house, which says in the record by which step it is: or not at all."""

    def act(pk: int) -> None:
        waited = model.objects.get(pk=pk).status in WAITS
        before = set(Event.objects.values_list("pk", flat=True))
        lapse(pk)
        said = Event.objects.exclude(pk__in=before).values_list("kind", flat=True)
        assert list(said) == [kind] * waited

    return act


# --- Changes of an agreement ----------------------------------------------------------------------


@begun
def a_change(ada, ben):
    return price_to(70_000, funded_milestone(ada, ben), ada)


def a_change_of_what_has_ended(who: Any) -> ChangeOrder:
    order = a_change(who)
    cancel_milestone(milestone_id=order.contract.milestones.get().pk, by=who.ben)
    close_finished_contract(contract_id=order.contract_id)
    return order


def an_ending_whose_money_has_moved(who: Any) -> ChangeOrder:
    milestone = funded_milestone(who.ada, who.ben)
    order = propose_ending(contract_id=milestone.contract_id, by=who.ada)
    release_part(milestone_id=milestone.pk, by=who.ada, amount=10_000)
    return order


def counter_change(pk: int, by: Any) -> object:
    milestone = ChangeOrder.objects.get(pk=pk).contract.milestones.get()
    wishes = [wish(milestone, amount=60_000)]
    return changes.counter_change(order_id=pk, by=by, wishes=wishes)


def lapse_change(pk: int) -> object:
    return changes.lapse_change(order_id=pk)


NOT_ADA = not_by(CLIENT, ChangeOrder.Status.values)
NOT_BEN = not_by(FREELANCER, ChangeOrder.Status.values)
CHANGES = {
    "accept": Deed(
        a_change, lambda pk, by: changes.accept_change(order_id=pk, by=by), refused=NOT_ADA
    ),
    "decline": Deed(
        a_change, lambda pk, by: changes.decline_change(order_id=pk, by=by), refused=NOT_ADA
    ),
    "counter": Deed(a_change, counter_change, refused=NOT_ADA),
    "withdraw": Deed(
        a_change, lambda pk, by: changes.withdraw_change(order_id=pk, by=by), refused=NOT_BEN
    ),
    "lapse": Deed(
        lambda who: a_change(who, days=TOO_LATE),
        telling(ChangeOrder, "change_lapsed", lapse_change),
        by_house=True,
    ),
    "drop": Deed(
        a_change_of_what_has_ended,
        telling(ChangeOrder, "change_dropped", lapse_change),
        by_house=True,
    ),
    "overtake": Deed(
        an_ending_whose_money_has_moved,
        telling(ChangeOrder, "change_overtaken", lapse_change),
        by_house=True,
    ),
}


# --- Proposals to end a milestone -----------------------------------------------------------------


@begun
def a_proposal(ada, ben):
    milestone = funded_milestone(ada, ben)
    return proposals.propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=40_000)


def a_proposal_of_what_has_ended(who: Any) -> Proposal:
    proposal = a_proposal(who)
    cancel_milestone(milestone_id=proposal.milestone_id, by=who.ben)
    return proposal


def a_proposal_of_other_money(who: Any) -> Proposal:
    proposal = a_proposal(who)
    release_part(milestone_id=proposal.milestone_id, by=who.ada, amount=10_000)
    return proposal


def lapse_proposal(pk: int) -> object:
    return proposals.lapse_proposal(proposal_id=pk)


PROPOSALS = {
    "accept": Deed(
        a_proposal,
        lambda pk, by: proposals.accept_proposal(proposal_id=pk, by=by),
        refused=NOT_ADA,
    ),
    "decline": Deed(
        a_proposal,
        lambda pk, by: proposals.decline_proposal(proposal_id=pk, by=by),
        refused=NOT_ADA,
    ),
    "withdraw": Deed(
        a_proposal,
        lambda pk, by: proposals.withdraw_proposal(proposal_id=pk, by=by),
        refused=NOT_BEN,
    ),
    "lapse": Deed(
        lambda who: a_proposal(who, days=TOO_LATE),
        telling(Proposal, "ending_lapsed", lapse_proposal),
        by_house=True,
    ),
    "drop": Deed(
        a_proposal_of_what_has_ended,
        telling(Proposal, "ending_dropped", lapse_proposal),
        by_house=True,
    ),
    "overtake": Deed(
        a_proposal_of_other_money,
        telling(Proposal, "ending_overtaken", lapse_proposal),
        by_house=True,
    ),
}


# --- Money that is asked back ---------------------------------------------------------------------


@begun
def money_asked_back(ada, ben):
    return givebacks.ask_back(**on(released(ada, ben)), by=ada, amount=40_000)


GIVEBACKS = {
    "accept": Deed(
        money_asked_back, lambda pk, by: givebacks.accept_giveback(giveback_id=pk, by=by)
    ),
    "decline": Deed(
        money_asked_back, lambda pk, by: givebacks.decline_giveback(giveback_id=pk, by=by)
    ),
    "withdraw": Deed(
        money_asked_back, lambda pk, by: givebacks.withdraw_giveback(giveback_id=pk, by=by)
    ),
    "lapse": Deed(
        lambda who: money_asked_back(who, days=TOO_LATE),
        telling(GiveBack, "giveback_lapsed", lambda pk: givebacks.lapse_giveback(giveback_id=pk)),
        by_house=True,
    ),
}


# --- Other terms for a bid ------------------------------------------------------------------------


@begun
def other_terms(ada, ben):
    return countered(bid_of(ada, ben), ada)


def terms_of_what_is_gone(who: Any) -> CounterOffer:
    counter = other_terms(who)
    withdraw_bid(bid_id=counter.bid_id, by=who.ben)
    return counter


def lapse_counter(*, tells: list[str]) -> Callable[[int], None]:
    """There is no record of a bid: both hear of it, or have heard of the bid's own end."""

    def act(pk: int) -> None:
        waited = CounterOffer.objects.get(pk=pk).status in WAITS
        counters.lapse_counter(counter_id=pk)
        told = Notification.objects.filter(kind="counter_lapsed")
        assert sorted(one.recipient.name for one in told) == tells * waited

    return act


COUNTERS = {
    "accept": Deed(
        other_terms,
        lambda pk, by: counters.accept_counter(counter_id=pk, by=by),
        refused=NOT_ADA,
    ),
    "decline": Deed(
        other_terms,
        lambda pk, by: counters.decline_counter(counter_id=pk, by=by),
        refused=NOT_ADA,
    ),
    "counter": Deed(
        other_terms,
        lambda pk, by: counters.counter_counter(counter_id=pk, by=by, **terms(70_000)),
        refused=NOT_ADA,
    ),
    "withdraw": Deed(
        other_terms,
        lambda pk, by: counters.withdraw_counter(counter_id=pk, by=by),
        refused=NOT_BEN,
    ),
    "lapse": Deed(
        lambda who: other_terms(who, days=TOO_LATE),
        lapse_counter(tells=["Ada", "Ben"]),
        by_house=True,
    ),
    "drop": Deed(terms_of_what_is_gone, lapse_counter(tells=[]), by_house=True),
}


# --- All of them ----------------------------------------------------------------------------------

ROOMS = {
    "change": (CHANGE, CHANGES),
    "proposal": (PROPOSAL, PROPOSALS),
    "giveback": (GIVEBACK, GIVEBACKS),
    "counter": (COUNTER, COUNTERS),
}
CASES = [(room, step) for room, (_, deeds) in ROOMS.items() for step in deeds]


def as_it_would_be(status: str) -> dict[str, Any]:
    return {"closed_at": None if status in WAITS else now()}


def accepted_is_a_wording(status: str) -> dict[str, Any]:
    return as_it_would_be(status) | {"became": 2 if status == "accepted" else None}


@pytest.mark.parametrize("room", ROOMS)
def test_every_step_has_its_deed(room):
    table, deeds = ROOMS[room]
    assert set(table.steps) - set(deeds) == ({"counter"} if room == "proposal" else set())


@pytest.mark.parametrize(("room", "step"), CASES)
def test_answers_obey_their_tables(room, step, who):
    table, deeds = ROOMS[room]
    would = accepted_is_a_wording if room == "counter" else as_it_would_be
    Walk(table, deeds, people, would).of(step, who)


@pytest.mark.parametrize("status", Proposal.Status.values)
def test_a_proposal_is_countered_by_another_and_only_while_it_waits(status, who):
    """The deed is one on the milestone, and no answer to what has ended: whoever would answer that
    proposes something of their own. So no walk of this table plays it.
    """
    first = a_proposal(who)
    force(Proposal.objects.filter(pk=first.pk), status=status, **as_it_would_be(status))
    waits = status in WAITS

    def propose(_: int, by: Any) -> object:
        return proposals.propose_ending(
            milestone_id=first.milestone_id,
            by=by,
            to_freelancer=60_000,
            counters=first.public_id,
        )

    deed = Deed(a_proposal, propose)
    for role, by in people(who).items():
        with forgotten():
            outcome = tried(deed, first.pk, by)
            after = Proposal.objects.get(pk=first.pk).status
            if role not in {CLIENT, FREELANCER}:
                assert (outcome, after) == (NotAllowed, status), role
            elif waits and role == CLIENT:
                assert (outcome, after) == (WrongState, status), "one at a time"
            else:
                assert (outcome, after) == (None, "countered" if waits else status)
                kind = "ending_countered" if waits else "ending_proposed"
                assert Event.objects.latest("pk").kind == kind
