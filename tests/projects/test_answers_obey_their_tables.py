"""Who may answer what waits for an answer, and when: by the deeds themselves, whoever asks."""

import pytest

from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from marketplace.common.lifecycle import CLIENT, FREELANCER, SYSTEM
from projects.agreements.changes import services as changes
from projects.agreements.changes.models import LIFECYCLE as CHANGE
from projects.agreements.models import LIFECYCLE as PROPOSAL
from projects.agreements.proposals import services as proposals
from projects.givebacks import services as givebacks
from projects.givebacks.models import LIFECYCLE as GIVEBACK
from tests.against_the_rules import force
from tests.projects.change_world import price_to, wish
from tests.projects.giveback_world import on, released
from tests.world import funded_milestone

pytestmark = pytest.mark.django_db


def a_change(ada, ben):
    return price_to(70_000, funded_milestone(ada, ben), ada)


def a_proposal(ada, ben):
    milestone = funded_milestone(ada, ben)
    return proposals.propose_ending(milestone_id=milestone.pk, by=ada, to_freelancer=40_000)


def money_asked_back(ada, ben):
    return givebacks.ask_back(**on(released(ada, ben)), by=ada, amount=40_000)


def counter(order_id, by):
    milestone = changes.ChangeOrder.objects.get(pk=order_id).contract.milestones.get()
    return changes.counter_change(order_id=order_id, by=by, wishes=[wish(milestone, amount=60_000)])


# What Ada proposes: its table, the name of its key, and the deed of each step.
ROOMS = {
    "change": (
        a_change,
        CHANGE,
        "order_id",
        {
            "accept": changes.accept_change,
            "decline": changes.decline_change,
            "counter": counter,
            "withdraw": changes.withdraw_change,
        },
    ),
    "proposal": (
        a_proposal,
        PROPOSAL,
        "proposal_id",
        {
            "accept": proposals.accept_proposal,
            "decline": proposals.decline_proposal,
            "withdraw": proposals.withdraw_proposal,
        },
    ),
    "giveback": (
        money_asked_back,
        GIVEBACK,
        "giveback_id",
        {
            "accept": givebacks.accept_giveback,
            "decline": givebacks.decline_giveback,
            "withdraw": givebacks.withdraw_giveback,
        },
    ),
}
CASES = [(room, step) for room, (_, _, _, deeds) in ROOMS.items() for step in deeds]


@pytest.mark.parametrize(("room", "step"), CASES)
def test_only_the_other_side_answers_and_only_once(room, step, ada, ben, cleo, dora, mona):
    begin, table, key, deeds = ROOMS[room]
    thing = begin(ada, ben)
    model, first = type(thing), thing.status
    people = {CLIENT: ada, FREELANCER: ben, "stranger": cleo, "finance": dora, "moderator": mona}
    for status in model.Status.values:
        closed_at = None if status == first else now()
        for role, by in {**people, SYSTEM: SYSTEM}.items():
            force(model.objects.filter(pk=thing.pk), status=status, closed_at=closed_at)
            is_theirs = role == (CLIENT if step == "withdraw" else FREELANCER)
            if is_theirs and status == first:
                assert step in table.open_to(role, status)
                continue  # done in the tests of each room
            with pytest.raises(WrongState if is_theirs else NotAllowed):
                deeds[step](**{key: thing.pk}, by=by)
            assert model.objects.get(pk=thing.pk).status == status


@pytest.mark.parametrize("room", ROOMS)
def test_every_step_of_a_side_has_its_deed(room):
    _, table, _, deeds = ROOMS[room]
    of_a_side = {name for name, step in table.steps.items() if step.by & {CLIENT, FREELANCER}}
    # A proposal is countered by another one, about its milestone (test_counter_a_proposal.py).
    assert of_a_side - ({"counter"} if room == "proposal" else set()) == set(deeds)
