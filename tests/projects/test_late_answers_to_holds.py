"""An answer to an appeal against a hold that is late: who may give it hears, and who waits."""

from datetime import timedelta

import pytest

from accounts.holds.lateness import services
from accounts.holds.lateness.services import chase_answer
from accounts.holds.models import Hold
from accounts.holds.services import appeal_hold, uphold_hold
from accounts.models import Notification
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from projects.holds.services import let_go
from projects.reasons.rules import REASONS
from projects.tasks import chase_hold_appeals, end_due_holds
from tests.projects.holds_world import KINDS, held
from tests.projects.test_races import without_locks
from tests.races import at_once, meet_after
from tests.world import api_of, browser, person

pytestmark = pytest.mark.django_db

NONE, ONE = {"done": 0, "failed": 0}, {"done": 1, "failed": 0}
LATE, WANTED = "hold_answer_late", "hold_answer_wanted"
ROLE = {"person": "moderator", "posting": "moderator", "payouts": "finance"}


def staff(name: str, role: str) -> User:
    return grant_staff_roles(user_id=person(name).pk, roles={role}, by=SYSTEM)


@pytest.fixture
def max_(db) -> User:
    """Another moderator."""
    return staff("Max", "moderator")


def appealed(ben: User, mona: User, kind: str = "person", **how) -> Hold:
    """Expected in an hour, and over in a day."""
    finance = User.objects.filter(email="fay@example.com").first() or staff("Fay", "finance")
    hold = held(kind, ben, mona, finance, **how)
    appeal_hold(hold_id=hold.pk, statement="These were my own drafts.", by=ben)
    Hold.objects.update(
        ruling_expected_at=now() + timedelta(hours=1), closes_at=now() + timedelta(days=1)
    )
    hold.refresh_from_db()
    return hold


def told(kind: str) -> list[str]:
    found = Notification.objects.filter(kind=kind).order_by("recipient__name")
    return list(found.values_list("recipient__name", flat=True))


@pytest.mark.parametrize("kind", KINDS)
def test_who_may_answer_and_who_waits_hear_of_it_once(ben, mona, later, kind):
    staff("Max", ROLE[kind])
    staff("Cora", "support")
    hold = appealed(ben, mona, kind)
    assert chase_hold_appeals() == NONE
    with pytest.raises(WrongState, match="not late"):
        chase_answer(hold_id=hold.pk)

    later(hours=1.1)
    assert (chase_hold_appeals(), chase_hold_appeals()) == (ONE, NONE)

    assert (told(WANTED), told(LATE)) == (["Max"], ["Ben"])
    hold.refresh_from_db()
    assert (hold.status, bool(hold.ruling_late_at)) == ("appealed", True)
    with pytest.raises(WrongState, match="told already"):
        chase_answer(hold_id=hold.pk)
    wanted = Notification.objects.get(kind=WANTED)
    assert (wanted.path, wanted.about) == (f"/desk/holds/{hold.public_id}/", hold.public_id)
    assert "Ben has appealed against a hold, and the answer is late" in str(wanted.text)
    waits = Notification.objects.get(kind=LATE)
    assert waits.path == hold.path
    assert "takes longer than expected" in str(waits.text)


def test_whoever_has_it_placed_or_is_held_is_not_asked(ben, mona, max_, later):
    grant_staff_roles(user_id=ben.pk, roles={"moderator"}, by=SYSTEM)
    appealed(ben, mona)
    later(hours=2)
    chase_hold_appeals()
    assert (told(WANTED), told(LATE)) == (["Max"], ["Ben"])


def test_what_is_answered_or_over_is_not_late(ben, mona, max_, later):
    answered = appealed(ben, mona)
    uphold_hold(hold_id=answered.pk, ruling="It stands.", by=max_)
    later(hours=2)
    assert chase_hold_appeals() == NONE
    let_go(hold_id=answered.pk, by=max_)

    over = appealed(ben, mona)
    later(days=1.1)
    assert chase_hold_appeals() == NONE
    with pytest.raises(WrongState):
        chase_answer(hold_id=over.pk)
    assert end_due_holds() == ONE
    assert told(WANTED) == told(LATE) == []


def test_its_mail_is_called_off_once_somebody_has_answered(ben, mona, max_, later):
    hold = appealed(ben, mona)
    later(hours=2)
    chase_hold_appeals()
    notice, reason = Notification.objects.get(kind=WANTED), REASONS[WANTED]
    hold.refresh_from_db()
    assert reason.why_gone(hold, notice) == ""
    uphold_hold(hold_id=hold.pk, ruling="It stands.", by=max_)
    hold.refresh_from_db()
    assert reason.why_gone(hold, notice) == "The appeal waits for no answer any more."


def test_page_program_and_desk_say_that_it_is_late(ben, mona, max_, later):
    hold = appealed(ben, mona)
    own, desk = browser(ben).get("/account/holds/").text, f"/desk/holds/{hold.public_id}/"
    assert "is expected by" in own and "is expected by" in browser(max_).get(desk).text
    later(hours=2)
    chase_hold_appeals()
    assert "everybody who may give it has been told" in browser(ben).get("/account/holds/").text
    assert "it is late, and Ben has been told" in browser(max_).get(desk).text
    (said,) = api_of(ben).get("/api/v1/holds/").json()["results"]
    assert said["ruling_late_at"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("is_locked", "times"), [(True, 1), (False, 8)])
def test_eight_beats_at_once_tell_it_once(ben, mona, max_, monkeypatch, is_locked, times):
    """Without the lock all eight judge before any of them has written."""
    hold = appealed(ben, mona)
    Hold.objects.update(ruling_expected_at=now())
    if not is_locked:
        without_locks(monkeypatch)
        meet_after(monkeypatch, services, "lock_hold")

    outcomes = at_once(*[lambda: chase_answer(hold_id=hold.pk)] * 8)

    assert sorted(outcomes) == ["done"] * times + ["wrong_state"] * (8 - times)
    assert told(WANTED) == ["Max"] * times
