"""Opening a dispute."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.notifications.models import Notification
from accounts.people.models import User
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.escrow.selectors import held_in
from projects.contracts.models import Event
from projects.disputes.models import Dispute, Statement
from projects.disputes.rulings.services import decide_dispute
from projects.disputes.selectors import desk_disputes, disputes_of
from projects.disputes.services import answer_dispute, open_dispute
from projects.milestones.models import Reminder
from projects.milestones.services import release_milestone, release_unreviewed
from tests.races import at_once
from tests.world import (
    active_contract,
    fund,
    funded_milestone,
    opened_dispute,
    planned_milestone,
    submitted_milestone,
    to_mediator,
    why,
)

pytestmark = pytest.mark.django_db


def words(**other):
    return {"reason": "late", "statement": "Two weeks late.", "asked_for": 30_000} | other


def test_it_stops_the_clocks_and_waits_for_the_other_side(ada, ben):
    milestone = submitted_milestone(ada, ben)

    dispute = open_dispute(milestone_id=milestone.pk, by=ada, **words())

    milestone.refresh_from_db()
    assert (milestone.status, milestone.review_ends_at) == ("disputed", None)
    assert not Reminder.objects.filter(milestone=milestone, told_at=None).exists()
    assert (dispute.state, dispute.opened_by_role, dispute.asked_for) == (
        "opened",
        "client",
        30_000,
    )
    assert dispute.answer_due_at == dispute.created_at + timedelta(days=5)
    assert held_in(milestone.escrow) == 103_000
    statement = Statement.objects.get()
    assert (statement.by, statement.role, statement.text) == (ada, "client", "Two weeks late.")
    event = Event.objects.get(kind="dispute_opened")
    assert (event.about, event.title) == (dispute.public_id, milestone.title)


def test_only_the_other_side_is_told(ada, ben):
    dispute = opened_dispute(ada, ben)

    notice = Notification.objects.get(kind="dispute_opened")
    assert notice.recipient == ben
    assert notice.path == f"/disputes/{dispute.public_id}/"
    assert "Answer by" in notice.text


@pytest.mark.parametrize("side", ["ada", "ben"])
def test_either_side_may_and_both_see_it(ada, ben, cleo, dora, side, request):
    opener = request.getfixturevalue(side)

    dispute = opened_dispute(ada, ben, by=opener)

    assert dispute.opened_by == opener
    assert list(disputes_of(ada)) == list(disputes_of(ben)) == [dispute]
    assert list(desk_disputes(dora)) == [dispute]
    for nobody in (disputes_of(cleo), disputes_of(dora), desk_disputes(cleo), desk_disputes(ada)):
        assert list(nobody) == []


def test_the_clocks_are_the_same_whoever_opens_it(ada, ben, dora, time_machine):
    """To answer, to settle and to appeal: none is longer for one side than for the other."""
    time_machine.move_to(datetime(2031, 3, 4, 9, tzinfo=UTC), tick=False)

    def clocks(opener: User, other: User) -> list[datetime | None]:
        dispute = opened_dispute(ada, ben, by=opener)
        answered = answer_dispute(dispute_id=dispute.pk, by=other, statement="No.")
        to_mediator(dispute, ada, ben)
        decided = decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=40_000, **why())
        return [dispute.answer_due_at, answered.negotiation_ends_at, decided.appeal_ends_at]

    times = clocks(ada, ben)
    assert times == clocks(ben, ada)
    assert times == [now() + timedelta(days=days) for days in (5, 7, 3)]


@pytest.mark.parametrize("who", ["cleo", "dora", "house"])
def test_nobody_else_may(ada, ben, who, request):
    milestone = submitted_milestone(ada, ben)
    by = SYSTEM if who == "house" else request.getfixturevalue(who)

    with pytest.raises(NotAllowed):
        open_dispute(milestone_id=milestone.pk, by=by, **words())

    milestone.refresh_from_db()
    assert milestone.status == "submitted"
    assert not Dispute.objects.exists()


def test_there_must_be_money_to_divide(ada, ben):
    milestone = planned_milestone(ada, ben)

    with pytest.raises(WrongState, match="No money is held"):
        open_dispute(milestone_id=milestone.pk, by=ada, **words())


def test_ended_work_cannot_be_disputed(ada, ben):
    milestone = submitted_milestone(ada, ben)
    release_milestone(milestone_id=milestone.pk, by=ada)

    with pytest.raises(WrongState):
        open_dispute(milestone_id=milestone.pk, by=ben, **words())


def test_a_second_one_is_refused(ada, ben):
    milestone = opened_dispute(ada, ben).milestone

    for side in (ada, ben):
        with pytest.raises(WrongState):
            open_dispute(milestone_id=milestone.pk, by=side, **words())
    assert Dispute.objects.count() == Statement.objects.count() == 1


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("reason", "revenge"),
        ("reason", ""),
        ("reason", None),
        ("statement", ""),
        ("statement", "  \n "),
        ("statement", "a\x00b"),
        ("statement", "x" * 10_001),
        ("statement", None),
        ("asked_for", -1),
        ("asked_for", 100_001),
        ("asked_for", 10**30),
        ("asked_for", 1.5),
        ("asked_for", "100"),
        ("asked_for", True),
        ("asked_for", None),
    ],
)
def test_what_cannot_be_used_leaves_nothing_behind(ada, ben, param, value):
    milestone = submitted_milestone(ada, ben)

    with pytest.raises(InvalidInput) as refusal:
        open_dispute(milestone_id=milestone.pk, by=ada, **words(**{param: value}))

    assert refusal.value.param == param
    milestone.refresh_from_db()
    assert milestone.status == "submitted"
    assert milestone.review_ends_at is not None
    assert not Dispute.objects.exists()


@pytest.mark.parametrize("asked_for", [0, 1, 99_999, 100_000])
def test_any_part_of_the_price_may_be_asked_for(ada, ben, asked_for):
    assert opened_dispute(ada, ben, asked_for=asked_for).asked_for == asked_for


def test_silence_no_longer_approves_but_other_milestones_go_on(ada, ben, time_machine):
    contract = active_contract(ada, ben, [50_000, 60_000])
    first, second = (fund(milestone) for milestone in contract.milestones.order_by("position"))
    open_dispute(milestone_id=first.pk, by=ben, **words())

    time_machine.move_to(now() + timedelta(days=60))
    with pytest.raises(WrongState):
        release_unreviewed(milestone_ids=[first.pk])
    assert release_milestone(milestone_id=second.pk, by=ada).status == "released"
    first.refresh_from_db()
    assert first.status == "disputed"


@pytest.mark.django_db(transaction=True)
def test_both_sides_at_once_open_one(ada, ben):
    milestone = funded_milestone(ada, ben)

    outcomes = at_once(
        *[
            lambda by=by: open_dispute(milestone_id=milestone.pk, by=by, **words())
            for by in (ada, ben) * 4
        ]
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert Dispute.objects.count() == Statement.objects.count() == 1
