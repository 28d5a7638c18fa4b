"""The figures of disputes at the desk: what waits, what came and went, how long rulings took."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.people.services import grant_staff_roles
from marketplace.common.lifecycle import SYSTEM
from projects.contracts.models import Event
from projects.disputes.assigning.services import assign_dispute, give_up_dispute
from projects.disputes.figures.selectors import (
    rulings_by_day,
    times_of,
    waiting_by_assignee,
    waiting_by_state_and_age,
    weeks_of,
)
from projects.disputes.models import Dispute, Ruling
from projects.disputes.rulings.services import appeal_ruling, decide_dispute
from projects.disputes.selectors import desk_disputes
from tests.against_the_rules import force
from tests.projects.two_mediators import mediator
from tests.world import api_of, browser, opened_dispute, person, reviewed_dispute, ruled, why

pytestmark = pytest.mark.django_db

# A Wednesday.
MOMENT = datetime(2027, 3, 10, 12, tzinfo=UTC)
A_DAY = timedelta(days=1)
PAGE, CALL = "/desk/disputes/figures/", "/api/v1/desk/disputes/figures/"


@pytest.fixture(autouse=True)
def at_the_moment(time_machine) -> None:
    time_machine.move_to(MOMENT, tick=False)


def took(ruling: Ruling, days: float, *, at: datetime = MOMENT) -> None:
    """As if it had come so many days after a mediator had the case."""
    force(Ruling.objects.filter(pk=ruling.pk), created_at=at)
    events = Event.objects.filter(about=ruling.dispute.public_id)
    force(events, created_at=at - days * A_DAY)


def decided(ada, ben, dora, days: float, *, at: datetime = MOMENT) -> Ruling:
    dispute = ruled(reviewed_dispute(ada, ben), dora, 40_000)
    ruling = dispute.rulings.get()
    took(ruling, days, at=at)
    return ruling


def test_what_waits_is_counted_by_state_and_age(ada, ben, dora):
    for days in (0, 2.9, 3, 20):
        force(
            Dispute.objects.filter(pk=opened_dispute(ada, ben).pk),
            created_at=MOMENT - days * A_DAY,
        )
    reviewed_dispute(ada, ben)
    ruled(reviewed_dispute(ada, ben), dora, 40_000)

    found = [(one.state, one.counts) for one in waiting_by_state_and_age(desk_disputes(dora))]

    assert found == [("opened", [2, 1, 0, 1]), ("under_review", [1, 0, 0, 0])]


def test_what_waits_for_a_ruling_is_counted_by_who_looks_after_it(ada, ben, dora):
    emil = mediator("Emil")
    cases = [reviewed_dispute(ada, ben) for _ in range(5)]
    for case, who in zip(cases, (emil, emil, dora, dora), strict=False):
        assign_dispute(dispute_id=case.pk, by=dora, mediator=who.public_id)
    give_up_dispute(dispute_id=cases[2].pk, by=dora)
    force(Dispute.objects.filter(pk=cases[1].pk), ruling_expected_at=MOMENT)
    opened_dispute(ada, ben)  # it waits for an answer
    # An appeal is nobody's, whoever had it before.
    appealed = cases[3]
    decide_dispute(dispute_id=appealed.pk, by=dora, to_freelancer=1, **why())
    appeal_ruling(dispute_id=appealed.pk, by=ben, statement="More of it is done.")
    assign_dispute(dispute_id=cases[4].pk, by=dora, mediator=dora.public_id)

    found = [(one.name, one.cases, one.late) for one in waiting_by_assignee(desk_disputes(dora))]

    assert found == [("", 2, 0), (dora.name, 1, 0), (emil.name, 2, 1)]
    said = browser(dora).get(PAGE).content.decode()
    assert "<td>Nobody</td>" in said
    drawn = said[said.index('aria-label="Disputes that wait for a ruling') :]
    assert "Nobody, 2 waiting, 0 later than expected" in drawn
    assert "Emil, 2 waiting, 1 later than expected" in drawn
    loads = api_of(dora).get(CALL).json()["loads"]
    assert loads[0] == {"mediator": None, "name": "", "cases": 2, "late": 0}
    assert loads[2] == {"mediator": emil.public_id, "name": emil.name, "cases": 2, "late": 1}


def test_a_week_begins_on_monday_where_the_staff_works(ada, ben, dora, settings):
    settings.STAFF_TIME_ZONE = UTC
    for at in (
        "2027-03-08T00:00:00+00:00",
        "2027-03-07T23:59:59+00:00",
        "2026-12-20T12:00:00+00:00",
    ):
        force(
            Dispute.objects.filter(pk=opened_dispute(ada, ben).pk),
            created_at=datetime.fromisoformat(at),
        )
    ruled(reviewed_dispute(ada, ben), dora, 40_000)

    weeks = weeks_of(desk_disputes(dora))

    assert len(weeks) == 12
    assert (weeks[-1].monday.isoformat(), weeks[-1].opened, weeks[-1].closed) == (
        "2027-03-08",
        2,
        1,
    )
    assert (weeks[-2].monday.isoformat(), weeks[-2].opened, weeks[-2].closed) == (
        "2027-03-01",
        1,
        0,
    )
    # Before the twelve weeks.
    assert sum(week.opened for week in weeks) == 3


def test_times_run_from_the_mediator_to_the_ruling(ada, ben, dora):
    for days in (1, 2, 3, 12):
        decided(ada, ben, dora, days)
    decided(ada, ben, dora, 5, at=MOMENT - 7 * A_DAY)

    disputes = desk_disputes(dora)
    times, weeks = times_of(disputes), weeks_of(disputes)

    assert (times.rulings, times.median, times.late) == (5, 3 * A_DAY, 1)
    # Of five the ninth of ten lies between the two largest.
    assert times.ninth_of_ten == 5 * A_DAY + 0.6 * 7 * A_DAY
    assert (weeks[-1].times.rulings, weeks[-1].times.median) == (4, 2.5 * A_DAY)
    assert (weeks[-2].times.rulings, weeks[-2].times.median) == (1, 5 * A_DAY)
    assert weeks[-3].times.median is None
    assert rulings_by_day(disputes, most=10) == [1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1]


def test_an_appeal_has_a_time_of_its_own(ada, ben, dora, time_machine):
    emil = grant_staff_roles(user_id=person("Emil").pk, roles={"mediator"}, by=SYSTEM)
    dispute = reviewed_dispute(ada, ben)
    time_machine.move_to(MOMENT + 2 * A_DAY, tick=False)
    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=1, **why())
    time_machine.move_to(MOMENT + 3 * A_DAY, tick=False)
    appeal_ruling(dispute_id=dispute.pk, by=ben, statement="More of it is done.")
    time_machine.move_to(MOMENT + 6 * A_DAY, tick=False)
    decide_dispute(dispute_id=dispute.pk, by=emil, to_freelancer=50_000, **why())

    assert rulings_by_day(desk_disputes(dora), most=10)[:4] == [0, 1, 1, 0]


def test_the_page_says_it_in_drawings_and_in_a_table(ada, ben, dora):
    decided(ada, ben, dora, 2)
    decided(ada, ben, dora, 12)
    opened_dispute(ada, ben)

    said = browser(dora).get(PAGE).content.decode()

    assert "of 2 rulings: half within 7.0 days, nine of ten within 11.0" in said
    assert "1 later than the rules allow" in said
    assert "10: 3 opened, 2 closed" in said  # a drawing, for those who hear it
    assert "8 Mar 2027" in said
    assert said.count('role="img"') == 4
    assert PAGE in browser(dora).get("/desk/disputes/").content.decode()


def test_the_page_of_an_idle_desk_says_so(dora):
    said = browser(dora).get(PAGE).content.decode()
    assert "Nobody disagrees at the moment." in said
    assert "No mediator has decided anything in twelve weeks." in said


@pytest.mark.parametrize(
    ("roles", "status"),
    [({"mediator"}, 200), ({"support"}, 200), ({"finance"}, 404), ({"moderator"}, 404)],
)
def test_only_those_see_it_who_read_disputes(db, roles, status):
    emil = grant_staff_roles(user_id=person("Emil").pk, roles=roles, by=SYSTEM)
    assert browser(emil).get(PAGE).status_code == status
    assert api_of(emil).get(CALL).status_code == status


def test_programs_read_the_same(ada, ben, dora):
    decided(ada, ben, dora, 2.5)
    opened_dispute(ada, ben)

    figures = api_of(dora).get(CALL).json()

    assert figures["waiting"] == [{"state": "opened", "counts": [1, 0, 0, 0]}]
    times = {"rulings": 1, "median_days": 2.5, "nine_of_ten_days": 2.5, "late": 0}
    assert figures["times"] == times
    assert figures["weeks"][-1] == {
        "monday": "2027-03-08",
        "opened": 2,
        "closed": 1,
        "times": times,
    }
    assert figures["weeks"][0]["times"]["median_days"] is None
    assert figures["rulings_by_day"] == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]


def test_what_is_on_contracts_of_ones_own_is_not_counted(ada, ben, dora):
    opened_dispute(ada, dora)
    decided(ada, ben, dora, 2)
    assert waiting_by_state_and_age(desk_disputes(dora)) == []
    assert sum(week.opened for week in weeks_of(desk_disputes(dora))) == 1


def test_more_disputes_cost_no_more_queries(ada, ben, dora):
    costs = []
    for count in (1, 3):
        for _ in range(count):
            decided(ada, ben, dora, 2)
            case, who = reviewed_dispute(ada, ben), mediator(f"Emil {Dispute.objects.count()}")
            assign_dispute(dispute_id=case.pk, by=dora, mediator=who.public_id)
        with CaptureQueriesContext(connection) as queries:
            browser(dora).get(PAGE)
        costs.append(len(queries))
    assert costs[0] == costs[1]
