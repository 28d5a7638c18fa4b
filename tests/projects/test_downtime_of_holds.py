"""Who could not appeal against a hold while the house was down can do so for as much longer."""

from datetime import timedelta

import pytest

from accounts.holds.models import Hold
from accounts.holds.services import appeal_hold
from accounts.notifications.models import Notification
from projects import tasks
from projects.contracts.models import PutOff
from tests.projects.holds_world import suspended
from tests.projects.test_downtime import DOWN, started_again, stopped, walk_to

pytestmark = pytest.mark.django_db


def a_hold_whose_time_to_appeal_struck(ben, mona, later, **how) -> Hold:
    hold = suspended(ben, mona, **how)
    walk_to(hold.appeal_until + timedelta(hours=1), later)
    stopped()
    return hold


def test_who_is_held_has_as_much_longer_to_appeal(ben, mona, later):
    hold = a_hold_whose_time_to_appeal_struck(ben, mona, later)
    was = hold.appeal_until
    started_again()

    found = PutOff.objects.get()
    hold.refresh_from_db()
    assert (found.clock, found.about, found.contract) == ("hold", hold.public_id, None)
    assert (found.was_due_at, found.due_at) == (was, hold.appeal_until)
    assert DOWN <= found.due_at - was < DOWN + timedelta(minutes=1)
    note = Notification.objects.get(kind="clock_put_off")
    assert note.recipient == ben and note.path == hold.path
    assert "“Ben”: the time to appeal against the hold ends on" in str(note.text)
    assert appeal_hold(hold_id=hold.pk, statement="It was not me.", by=ben).status == "appealed"


def test_a_hold_is_no_longer_for_it(ben, mona, later):
    hold = a_hold_whose_time_to_appeal_struck(ben, mona, later)
    Hold.objects.update(closes_at=hold.appeal_until + timedelta(minutes=90))
    started_again()
    was, ends_at = hold.appeal_until, hold.ends_at
    hold.refresh_from_db()
    assert hold.appeal_until == hold.closes_at == was + timedelta(minutes=90)
    assert hold.ends_at == ends_at


def test_the_staffs_time_to_answer_an_appeal_is_not_put_off(ben, mona, later):
    """What nobody answers in time is over: for whoever appealed, and so not later than was said."""
    hold = suspended(ben, mona, days=20)
    appeal_hold(hold_id=hold.pk, statement="It was not me.", by=ben)
    hold.refresh_from_db()
    walk_to(hold.closes_at + timedelta(hours=1), later)
    stopped()
    started_again()
    assert not PutOff.objects.exists()
    assert tasks.end_due_holds()["done"] == 1
