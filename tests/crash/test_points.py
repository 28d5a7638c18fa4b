"""What is to strike at a point really strikes, or whoever asked for it hears that it did not."""

from datetime import timedelta

import pytest
from django.db import transaction

from marketplace.common.clock import now
from marketplace.common.models import Outage
from tests.crash import points
from tests.crash.points import KILL, LOST_DONE, LOST_UNDONE, Point, run_apart

pytestmark = pytest.mark.django_db(transaction=True)

OF = f"COMMIT of {__name__}.note_an_outage"
BEFORE, AFTER = Point(f"before {OF}", 1), Point(f"after {OF}", 1)


def note_an_outage() -> None:
    with transaction.atomic():
        Outage.objects.create(began_at=now() - timedelta(hours=1), ended_at=now())


def test_where_nothing_is_to_strike_it_is_done():
    run = run_apart(note_an_outage)

    assert (run.ended, run.struck, run.reached) == ("done", "", [BEFORE, AFTER])
    assert run.kept == {f"{__name__}.note_an_outage"}
    assert Outage.objects.count() == 1


@pytest.mark.parametrize(
    ("at", "how", "ended", "kept"),
    [
        (BEFORE, KILL, "killed", 0),
        (BEFORE, LOST_UNDONE, "Error: ", 0),
        (AFTER, KILL, "killed", 1),
        (AFTER, LOST_DONE, "Error: ", 1),
    ],
)
def test_each_strikes_and_leaves_what_it_says(at, how, ended, kept):
    assert how in at.ways

    run = run_apart(note_an_outage, at=at, how=how)

    assert run.struck == how
    assert ended in run.ended
    assert run.reached[-1] == at
    assert Outage.objects.count() == kept


@pytest.mark.parametrize("how", [KILL, LOST_DONE])
def test_at_a_point_that_is_never_reached_nothing_strikes(how):
    with pytest.raises(AssertionError, match="nothing struck"):
        run_apart(note_an_outage, at=Point(AFTER.name, 2), how=how)


def test_a_session_that_outlives_its_end_is_no_lost_connection(monkeypatch):
    monkeypatch.setattr(points, "_end_session", lambda _: None)

    with pytest.raises(AssertionError, match="nothing struck"):
        run_apart(note_an_outage, at=BEFORE, how=LOST_UNDONE)

    assert Outage.objects.count() == 1
