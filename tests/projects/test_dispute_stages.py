"""However near the provider's limit is, a dispute can be decided before it."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.people.models import User
from marketplace.common.clock import imagined, now
from payments.escrow.models import Escrow
from payments.policies.models import Policy
from projects.disputes import stages
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import appeal_ruling, decide_dispute
from projects.disputes.services import add_statement, answer_dispute, open_dispute
from projects.milestones.models import Milestone
from projects.tasks import hand_over_disputes
from tests.projects.dispute_world import books_of, seen
from tests.projects.two_mediators import mediator
from tests.world import api_of, browser, reviewed_dispute, submitted_milestone, why

ALL_DAYS = 5 + 7 + 10 + 3 + 10
A_DAY = timedelta(days=1)


def on_money_held_for(left: timedelta | None, **policy: int) -> SimpleNamespace:
    """What ``stages`` asks of a milestone."""
    limit_at = None if left is None else now() + left
    return SimpleNamespace(
        escrow=SimpleNamespace(limit_at=limit_at), contract=SimpleNamespace(policy=Policy(**policy))
    )


@given(
    left=st.timedeltas(timedelta(minutes=1), timedelta(days=400)) | st.none(),
    answer=st.integers(0, 30),
    talks=st.integers(0, 30),
    ruling=st.integers(1, 30),
    appeal=st.integers(0, 30),
)
def test_all_stages_one_after_the_other_end_before_the_limit(left, answer, talks, ruling, appeal):
    """Each as late as it may: what was not said by its end is said in the next one."""
    start = now()
    with imagined(start):
        milestone = on_money_held_for(
            left,
            dispute_answer_days=answer,
            negotiation_days=talks,
            ruling_days=ruling,
            appeal_days=appeal,
        )
        is_short = stages.are_short_on(milestone)
    ends = [start]
    for stage in (stages.ANSWER, stages.TALKS, stages.RULING, stages.APPEAL, stages.HEARING):
        with imagined(ends[-1]):
            ends.append(stages.end_of(stage, milestone))

    assert ends == sorted(ends)
    days = answer + talks + ruling + appeal + ruling
    assert is_short == (left is not None and left < timedelta(days=days + 1))
    if is_short:
        assert ends[-1] < milestone.escrow.limit_at
    else:
        assert ends[-1] == start + timedelta(days=days), "nothing is shorter without need"


def test_each_stage_has_the_same_part_of_its_time(time_machine):
    time_machine.move_to(now(), tick=False)
    half = on_money_held_for(timedelta(days=ALL_DAYS / 2) + A_DAY)
    at = now()
    assert stages.end_of(stages.ANSWER, half) - at == timedelta(days=2.5)
    time_machine.move_to(at + timedelta(days=2.5), tick=False)
    assert stages.end_of(stages.TALKS, half) - now() == timedelta(days=3.5)


def test_a_reply_to_an_appeal_leaves_the_mediator_most_of_the_time(time_machine):
    time_machine.move_to(now(), tick=False)
    short = on_money_held_for(timedelta(days=5) + A_DAY)
    assert stages.end_of(stages.HEARING, short) - now() == timedelta(days=5)
    assert stages.reply_until(short) - now() == timedelta(days=1.5)


def test_whatever_the_rules_say_the_mediator_has_half_of_the_time_of_an_appeal(time_machine):
    time_machine.move_to(now(), tick=False)
    equal = on_money_held_for(None, ruling_days=5, appeal_days=5)
    assert stages.reply_until(equal) - now() == timedelta(days=2.5)


# --- Played --------------------------------------------------------------------------------------


def held_for(**time: float) -> None:
    Escrow.objects.update(limit_at=now() + timedelta(**time))


def disputed(milestone: Milestone, ada: User) -> Dispute:
    return open_dispute(
        milestone_id=milestone.pk,
        by=ada,
        reason="not_as_agreed",
        statement="It is not.",
        asked_for=0,
    )


@pytest.mark.django_db
def test_delivered_work_is_judged_before_the_limit_gives_it_all_back(ada, ben, dora, time_machine):
    """Who opens a dispute in the last hours wins no refund by that."""
    time_machine.move_to(now(), tick=False)
    milestone = submitted_milestone(ada, ben)
    held_for(hours=26)
    limit_at = now() + timedelta(hours=26)
    dispute = disputed(milestone, ada)
    assert dispute.answer_due_at < now() + timedelta(hours=2)
    answer_dispute(dispute_id=dispute.pk, by=ben, statement="All of it is there.")
    time_machine.move_to(seen(dispute).negotiation_ends_at, tick=False)
    assert hand_over_disputes() == {"done": 1, "failed": 0}
    time_machine.move_to(seen(dispute).ruling_due_at, tick=False)
    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=100_000, **why())
    time_machine.move_to(seen(dispute).appeal_ends_at - timedelta(seconds=1), tick=False)
    appeal_ruling(dispute_id=dispute.pk, by=ada, statement="No.")
    add_statement(dispute_id=dispute.pk, by=ben, statement="Yes.")
    time_machine.move_to(seen(dispute).ruling_due_at - timedelta(seconds=1), tick=False)
    assert now() < limit_at
    decide_dispute(dispute_id=dispute.pk, by=mediator("Emil"), to_freelancer=100_000, **why())
    assert books_of(dispute)["ben"] == 97_000


@pytest.mark.django_db
def test_who_opens_one_reads_that_there_is_little_time(ada, ben):
    milestone = submitted_milestone(ada, ben)
    page = f"/milestones/{milestone.public_id}/dispute/"
    assert "There is little time" not in browser(ada).get(page).content.decode()
    held_for(days=10)
    assert "There is little time" in browser(ada).get(page).content.decode()
    dispute = disputed(milestone, ada)
    for person in (ada, ben):
        assert "Held at the provider until" in browser(person).get(dispute.path).content.decode()
    answer = api_of(ben).get(f"/api/v1{dispute.path}").json()
    assert answer["answer_due_at"] < (now() + timedelta(days=2)).isoformat()


# --- Foretold ------------------------------------------------------------------------------------


def foretold(dispute: Dispute, person: User) -> tuple[set[str], str]:
    """What a program reads that happens next to its milestone, and what stands on the page."""
    path = f"/contracts/{dispute.milestone.contract.public_id}/"
    told = api_of(person).get(f"/api/v1{path}next/").json()
    kinds = {strike["kind"] for strike in told["milestones"][0]["happens"]}
    return kinds, browser(person).get(path).content.decode()


@pytest.mark.django_db
def test_a_refund_that_a_decision_goes_before_is_not_foretold(ada, ben, dora):
    dispute = reviewed_dispute(ada, ben)
    held_for(days=13)
    for person in (ada, ben):
        kinds, page = foretold(dispute, person)
        assert "holding_limit" in kinds and "holds the money no longer" in page, "nobody decides"

    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=100_000, **why())
    for is_appealed in (False, True):
        if is_appealed:
            appeal_ruling(dispute_id=dispute.pk, by=ada, statement="Less is done.")
        for person in (ada, ben):
            kinds, page = foretold(dispute, person)
            assert "dispute_carried_out" in kinds and "holding_limit" not in kinds
            assert "decision is carried out" in page and "holds the money no longer" not in page
