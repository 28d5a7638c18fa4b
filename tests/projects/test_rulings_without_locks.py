"""Decisions, appeals and acceptances with their lock taken away: what it keeps apart.

All eight are judged to be allowed before anybody writes. What lies below stops some of them, by
PostgreSQL's own rules; where it does not, money moves past an appeal, or stays where both sides
have decided that it goes.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM, Lifecycle
from projects.disputes import services as disputes
from projects.disputes.models import Dispute, Ruling
from projects.disputes.rulings import services as rulings
from projects.disputes.rulings.services import accept_ruling, carry_out_ruling
from projects.disputes.services import add_statement
from tests.projects.dispute_world import (
    AS_DECIDED,
    IN_HALVES,
    NOTHING_MOVED,
    appeal,
    books_of,
    rule,
    seen,
)
from tests.projects.test_races import (
    got_past_the_first_judgement,
    stopped_by_the_database,
    without_locks,
)
from tests.projects.two_mediators import mediator
from tests.races import at_once, meet_after, outcomes_at_once
from tests.world import person

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[], object]


def both_accept(standing: Dispute, ada: User, ben: User) -> list[str]:
    return at_once(
        *[
            lambda: accept_ruling(dispute_id=standing.pk, by=ada),
            lambda: accept_ruling(dispute_id=standing.pk, by=ben),
        ]
        * 4
    )


def test_both_accept_at_once_and_it_is_carried_out_once(standing, ada, ben, bells):
    outcomes = both_accept(standing, ada, ben)

    assert sorted(outcomes) == ["done"] * 2 + ["wrong_state"] * 6
    assert (seen(standing).status, books_of(standing)) == ("closed", AS_DECIDED)


def test_without_the_lock_each_takes_itself_for_the_first_and_nothing_is_carried_out(
    standing, ada, ben, bells, monkeypatch
):
    without_locks(monkeypatch)
    meet_after(monkeypatch, rulings, "judge_step")

    assert both_accept(standing, ada, ben) == ["done"] * 8

    assert (seen(standing).status, books_of(standing)) == ("decided", NOTHING_MOVED)


# --- An appeal, and what carries it out ----------------------------------------------------------


@pytest.fixture(params=["accepted", "over"])
def carry_out(request, standing, ada, ben, time_machine) -> tuple[Act, Act]:
    """What carries it out, and an appeal that is a moment earlier."""
    if request.param == "accepted":
        accept_ruling(dispute_id=standing.pk, by=ada)
        return (
            lambda: accept_ruling(dispute_id=standing.pk, by=ben),
            lambda: appeal(standing, ben),
        )

    def at_the_end() -> None:
        time_machine.move_to(standing.appeal_ends_at, tick=False)
        carry_out_ruling(dispute_id=standing.pk)

    def just_before() -> None:
        time_machine.move_to(standing.appeal_ends_at - timedelta(seconds=1), tick=False)
        appeal(standing, ben)

    return at_the_end, just_before


def test_without_the_lock_money_moves_past_an_appeal(standing, bells, monkeypatch, carry_out):
    carried_out, appealed = carry_out
    without_locks(monkeypatch)
    meet_after(monkeypatch, rulings, "judge_step", then=appealed)

    outcomes = outcomes_at_once(*[carried_out] * 8)

    ends = [one for one in outcomes if not isinstance(one, Exception)]
    found = seen(standing)
    assert len(ends) == 1, outcomes
    assert (found.status, found.appealed_by) == ("closed", "freelancer")
    assert books_of(standing) == AS_DECIDED


def test_without_the_lock_only_the_database_keeps_an_appeal_from_what_was_carried_out(
    standing, bells, monkeypatch, carry_out
):
    carried_out, appealed = carry_out
    without_locks(monkeypatch)
    meet_after(monkeypatch, disputes, "judge_step", then=carried_out)

    outcomes = outcomes_at_once(*[appealed] * 8)

    words = "no move leads from closed to appealed"
    assert all(stopped_by_the_database(one, words) for one in outcomes), outcomes
    assert (seen(standing).status, books_of(standing)) == ("closed", AS_DECIDED)


# --- Two mediators -------------------------------------------------------------------------------


def test_without_the_lock_two_mediators_on_appeal_pass_the_first_judgement_together(
    standing, ada, ben, bells, monkeypatch
):
    appeal(standing, ben)
    add_statement(dispute_id=standing.pk, by=ada, statement="It is not.")
    emil, fina = (
        grant_staff_roles(user_id=person(name).pk, roles={"mediator"}, by=SYSTEM)
        for name in ("Emil", "Fina")
    )
    without_locks(monkeypatch)
    meet_after(monkeypatch, Lifecycle, "advance")

    outcomes = outcomes_at_once(
        *[lambda by=by: rule(standing, by, 50_000) for by in (emil, fina) * 4]
    )

    assert got_past_the_first_judgement(outcomes), outcomes
    assert Ruling.objects.count() == 2
    assert books_of(standing) == IN_HALVES


# --- A decision on appeal, and the first one that stands -----------------------------------------


@pytest.fixture
def at_the_end_of_an_appeal(standing, ben, time_machine) -> tuple[Act, Act]:
    """What carries the first decision out, and another one that is a moment earlier."""
    appeal(standing, ben)
    emil, due_at = mediator("Emil"), seen(standing).ruling_due_at

    def at_the_end() -> None:
        time_machine.move_to(due_at, tick=False)
        carry_out_ruling(dispute_id=standing.pk)

    def just_before() -> None:
        time_machine.move_to(due_at - timedelta(seconds=1), tick=False)
        rule(standing, emil, 50_000)

    return at_the_end, just_before


def test_without_the_lock_the_milestone_keeps_the_first_decision_from_the_last_word(
    standing, bells, monkeypatch, at_the_end_of_an_appeal
):
    carried_out, decided = at_the_end_of_an_appeal
    without_locks(monkeypatch)
    meet_after(monkeypatch, rulings, "judge_step", then=decided)

    outcomes = outcomes_at_once(*[carried_out] * 8)

    assert all("you cannot resolve now" in str(one) for one in outcomes), outcomes
    assert (seen(standing).to_freelancer, books_of(standing)) == (50_000, IN_HALVES)


def test_without_the_lock_only_what_is_held_keeps_a_decision_from_what_was_carried_out(
    standing, bells, monkeypatch, at_the_end_of_an_appeal
):
    carried_out, decided = at_the_end_of_an_appeal
    without_locks(monkeypatch)
    meet_after(monkeypatch, rulings, "judge_decision", then=carried_out)

    outcomes = outcomes_at_once(*[decided] * 8)

    assert all("No money is held" in str(one) for one in outcomes), outcomes
    assert (seen(standing).to_freelancer, books_of(standing)) == (40_000, AS_DECIDED)
