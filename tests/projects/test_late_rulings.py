"""A ruling is expected within working days; when it is late, who can do something hears of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from django.db.models import QuerySet

from accounts.notifications.models import Notification
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.errors import WrongState
from marketplace.common.lifecycle import SYSTEM
from payments.escrow.models import Escrow
from payments.policies.services import add_version
from projects.contracts.models import Event
from projects.disputes.lateness import services
from projects.disputes.lateness.services import chase_ruling, own_up, urge_ruling
from projects.disputes.models import Dispute
from projects.disputes.rulings.services import appeal_ruling
from projects.milestones.services import release_milestone
from projects.tasks import chase_rulings, own_up_to_rulings, urge_rulings
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.dispute_world import AS_DECIDED, rule, seen
from tests.projects.two_mediators import mediator
from tests.races import at_once, meet_after
from tests.world import api_of, browser, reviewed_dispute, ruled

pytestmark = pytest.mark.django_db
FRIDAY = datetime(2026, 12, 4, 15, 20, tzinfo=UTC)
TUESDAY = FRIDAY + timedelta(days=4)


@pytest.fixture(autouse=True)
def friday(time_machine) -> None:
    time_machine.move_to(FRIDAY, tick=False)


def told(kind: str) -> set[str]:
    return {one.recipient.name for one in Notification.objects.filter(kind=kind)}


def test_it_is_expected_in_two_working_days_of_the_staff(ada, ben, settings):
    settings.STAFF_TIME_ZONE = ZoneInfo("Pacific/Kiritimati")  # where Saturday has begun
    dispute = reviewed_dispute(ada, ben)

    assert dispute.ruling_expected_at == datetime(2026, 12, 8, 10, tzinfo=UTC)
    assert dispute.ruling_due_at == FRIDAY + timedelta(days=10)


def test_it_is_never_expected_later_than_it_is_due(ada, ben):
    add_version({"ruling_working_days": 30})

    dispute = reviewed_dispute(ada, ben)

    assert dispute.ruling_expected_at == dispute.ruling_due_at == FRIDAY + timedelta(days=10)


def test_when_it_is_late_mediators_and_both_sides_hear_of_it_once(ada, ben, dora, time_machine):
    dispute = reviewed_dispute(ada, ben)
    assert dispute.ruling_expected_at == TUESDAY
    time_machine.move_to(TUESDAY - timedelta(seconds=1))
    assert chase_rulings() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState, match="not late yet"):
        chase_ruling(dispute_id=dispute.pk)

    time_machine.move_to(TUESDAY)
    assert chase_rulings() == {"done": 1, "failed": 0}

    assert told("ruling_late") == {ada.name, ben.name}
    assert told("ruling_wanted") == {dora.name}
    assert Event.objects.get(kind="ruling_late").role == SYSTEM
    assert seen(dispute).ruling_late_at == now()
    assert seen(dispute).state == "under_review"
    assert chase_rulings() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState, match="knows already"):
        chase_ruling(dispute_id=dispute.pk)


def test_who_may_decide_hears_of_a_case_at_once_and_of_its_appeal(ada, ben, dora):
    emil = mediator("Emil")
    dispute = rule(reviewed_dispute(ada, ben), dora)
    assert told("case_handed_over") == {dora.name, emil.name}
    Notification.objects.all().delete()

    appeal_ruling(dispute_id=dispute.pk, by=ada, statement="No.")

    notice = Notification.objects.get(kind="case_handed_over")
    assert notice.recipient == emil and notice.path == dispute.desk_path
    assert "waits for another mediator" in str(notice.text)


def test_a_mediator_who_is_a_side_is_told_as_a_side(ada, dora, time_machine):
    reviewed_dispute(ada, dora)
    time_machine.move_to(TUESDAY)
    chase_rulings()

    assert told("ruling_late") == {ada.name, dora.name}
    assert told("ruling_wanted") == set()


def test_a_dispute_that_has_ended_is_not_late(ada, ben, dora, time_machine):
    decided, moot = reviewed_dispute(ada, ben), reviewed_dispute(ada, ben)
    ruled(decided, dora, 1, "Hardly anything.")
    release_milestone(milestone_id=moot.milestone_id, by=ada)
    time_machine.move_to(TUESDAY)

    assert chase_rulings() == {"done": 0, "failed": 0}
    for dispute in (decided, moot):
        with pytest.raises(WrongState):
            chase_ruling(dispute_id=dispute.pk)


def test_its_pages_and_the_api_say_when_it_is_expected_and_that_it_is_late(
    ada, ben, dora, time_machine
):
    dispute = reviewed_dispute(ada, ben)
    page, desk = f"/disputes/{dispute.public_id}/", f"/desk/disputes/{dispute.public_id}/"
    assert "The ruling is expected by" in browser(ada).get(page).content.decode()
    assert "Ruling expected by" in browser(dora).get(desk).content.decode()
    assert "Ruling late" not in browser(dora).get("/desk/disputes/").content.decode()

    time_machine.move_to(TUESDAY + timedelta(minutes=1))
    chase_rulings()

    assert "It takes longer than expected" in browser(ben).get(page).content.decode()
    assert "This ruling is late" in browser(dora).get(desk).content.decode()
    assert "Ruling late" in browser(dora).get("/desk/disputes/").content.decode()
    answer = api_of(ada).get(f"/api/v1/disputes/{dispute.public_id}/").json()
    assert answer["ruling_expected_at"] == "2026-12-08T15:20:00Z"
    assert answer["ruling_late_at"] == "2026-12-08T15:21:00Z"


# --- The last moment has passed -------------------------------------------------------------------

OVERDUE = FRIDAY + timedelta(days=10)


def test_when_nobody_decides_at_the_latest_moment_the_house_says_so_once(
    ada, ben, dora, cleo, time_machine
):
    grant_staff_roles(user_id=cleo.pk, roles={"support"}, by=SYSTEM)
    dispute = reviewed_dispute(ada, ben)
    time_machine.move_to(OVERDUE - timedelta(seconds=1))
    chase_rulings()
    Notification.objects.all().delete()
    assert own_up_to_rulings() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState, match="time to decide yet"):
        own_up(dispute_id=dispute.pk)

    time_machine.move_to(OVERDUE)
    assert own_up_to_rulings() == {"done": 1, "failed": 0}

    assert told("ruling_overdue") == {ada.name, ben.name}
    assert told("ruling_wanted") == {dora.name, cleo.name}
    assert Event.objects.get(kind="ruling_overdue").role == SYSTEM
    for person, path, words in (
        (ada, dispute.path, "nobody has: that is our fault"),
        (dora, dispute.desk_path, "This ruling is overdue"),
    ):
        assert words in browser(person).get(path).content.decode()
    assert own_up_to_rulings() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState, match="knows already"):
        own_up(dispute_id=dispute.pk)
    assert ruled(seen(dispute), dora, 40_000).status == "closed", "better late than never"


def test_it_is_told_to_both_before_it_happens(ada, ben):
    dispute = reviewed_dispute(ada, ben)
    milestone = dispute.milestone.public_id
    happens = api_of(ada).get(f"/api/v1/milestones/{milestone}/next/").json()["happens"]

    (overdue,) = [one for one in happens if one["step"] == "own_up"]
    assert overdue["at"] == OVERDUE.isoformat().replace("+00:00", "Z")
    assert "the money stays held" in overdue["text"]


def missed(ada, ben, time_machine) -> Dispute:
    """Nobody has decided at the latest moment, and everybody has been told."""
    dispute = reviewed_dispute(ada, ben)
    time_machine.move_to(OVERDUE)
    assert own_up_to_rulings() == {"done": 1, "failed": 0}
    Notification.objects.all().delete()
    return dispute


def test_the_staff_hears_of_it_each_day_until_somebody_decides(ada, ben, dora, cleo, time_machine):
    grant_staff_roles(user_id=cleo.pk, roles={"support"}, by=SYSTEM)
    dispute = missed(ada, ben, time_machine)
    time_machine.move_to(OVERDUE + timedelta(hours=23))
    assert urge_rulings() == {"done": 0, "failed": 0}
    urge_ruling(dispute_id=dispute.pk)
    assert not Notification.objects.exists()

    for day in (1, 2, 3):
        time_machine.move_to(OVERDUE + timedelta(days=day))
        assert urge_rulings() == {"done": 1, "failed": 0}
        assert urge_rulings() == {"done": 0, "failed": 0}
        assert Notification.objects.filter(recipient=dora).count() == day
    assert told("ruling_wanted") == {dora.name, cleo.name}
    assert Notification.objects.count() == 6, "both sides know"
    said = str(Notification.objects.filter(recipient=dora).latest("pk").text)
    assert "had to be decided by" in said and "nobody has" in said

    ruled(seen(dispute), dora, 40_000)
    time_machine.move_to(OVERDUE + timedelta(days=4))
    assert urge_rulings() == {"done": 0, "failed": 0}


def test_an_appeal_begins_without_what_was_missed_before_it(ada, ben, dora, time_machine):
    dispute = rule(missed(ada, ben, time_machine), dora)
    appeal_ruling(dispute_id=dispute.pk, by=ada, statement="No.")
    appealed = seen(dispute)
    assert appealed.ruling_missed_at is appealed.ruling_urged_at is None


def test_nobody_is_urged_while_a_bank_keeps_them_from_deciding(ada, ben, dora, time_machine):
    dispute = missed(ada, ben, time_machine)
    bank = Bank(payment_of(dispute.milestone.escrow), 103_000)
    bank.takes()
    time_machine.move_to(OVERDUE + timedelta(days=1))
    assert urge_rulings() == {"done": 0, "failed": 0}
    urge_ruling(dispute_id=dispute.pk)
    assert told("ruling_wanted") == set()
    bank.gives_back()
    assert urge_rulings() == {"done": 1, "failed": 0}


def test_in_the_last_day_before_the_limit_a_bank_keeps_nobody_from_hearing_of_it(
    ada, ben, dora, time_machine
):
    """It may be decided then, and a refund comes next: nobody is to learn of it afterwards."""
    dispute = reviewed_dispute(ada, ben)
    Bank(payment_of(dispute.milestone.escrow), 51_500).takes()
    for at, sweep in (
        (TUESDAY, chase_rulings),
        (OVERDUE, own_up_to_rulings),
        (OVERDUE + timedelta(days=1), urge_rulings),
    ):
        time_machine.move_to(at)
        Escrow.objects.update(limit_at=at + timedelta(days=1, seconds=1))
        assert sweep() == {"done": 0, "failed": 0}
        Escrow.objects.update(limit_at=at + timedelta(days=1))
        assert sweep() == {"done": 1, "failed": 0}
    assert Notification.objects.filter(recipient=dora, kind="ruling_wanted").count() == 3

    assert rule(seen(dispute), dora, 10_000).state == "decided"


def test_an_appeal_that_nobody_hears_is_no_broken_word_but_the_first_decision(
    ada, ben, dora, time_machine
):
    dispute = rule(reviewed_dispute(ada, ben), dora)
    appeal_ruling(dispute_id=dispute.pk, by=ada, statement="No.")
    milestone = dispute.milestone.public_id
    told_next = api_of(ada).get(f"/api/v1/milestones/{milestone}/next/").json()
    assert told_next["if_nobody_acts"]["step"] == "carry_out"
    assert told_next["if_nobody_acts"]["to_client"] == AS_DECIDED["ada"]
    assert "if it stands" in browser(ben).get(dispute.path).content.decode()

    time_machine.move_to(OVERDUE)
    assert own_up_to_rulings() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState):
        own_up(dispute_id=dispute.pk)


def test_who_cannot_decide_for_a_bank_is_not_overdue(ada, ben, dora, time_machine):
    dispute = reviewed_dispute(ada, ben)
    Bank(payment_of(dispute.milestone.escrow), 103_000).takes()
    time_machine.move_to(seen(dispute).ruling_due_at + timedelta(minutes=1))
    assert own_up_to_rulings() == {"done": 0, "failed": 0}
    # Nor where it has come between who looked and who says so.
    with pytest.raises(WrongState, match="bank wants money of it back"):
        own_up(dispute_id=dispute.pk)
    assert seen(dispute).ruling_missed_at is None


def test_nor_late_and_nobody_is_promised_a_moment(ada, ben, dora, time_machine):
    dispute = reviewed_dispute(ada, ben)
    Bank(payment_of(dispute.milestone.escrow), 103_000).takes()
    time_machine.move_to(TUESDAY)

    assert chase_rulings() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState, match="bank wants money of it back"):
        chase_ruling(dispute_id=dispute.pk)
    assert told("ruling_late") == set()
    shown = browser(ada).get(dispute.path).content.decode()
    assert "A mediator decides once Ada’s bank has let go" in shown
    assert "at the latest" not in shown


@pytest.mark.django_db(transaction=True)
def test_eight_beats_at_once_own_up_once(ada, ben, dora, time_machine):
    dispute = reviewed_dispute(ada, ben)
    time_machine.move_to(OVERDUE)

    outcomes = at_once(*[lambda: own_up(dispute_id=dispute.pk)] * 8)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert Notification.objects.filter(kind="ruling_overdue").count() == 2


@pytest.mark.django_db(transaction=True)
def test_without_the_judgement_they_own_up_eight_times(ada, ben, dora, time_machine, monkeypatch):
    dispute = reviewed_dispute(ada, ben)
    time_machine.move_to(OVERDUE)
    monkeypatch.setattr(services, "judge_step", lambda *args: None)

    at_once(*[lambda: own_up(dispute_id=dispute.pk)] * 8)

    assert Notification.objects.filter(kind="ruling_overdue").count() == 16


@pytest.mark.django_db(transaction=True)
def test_eight_beats_at_once_tell_it_once(ada, ben, dora, time_machine):
    dispute = reviewed_dispute(ada, ben)
    time_machine.move_to(TUESDAY)

    outcomes = at_once(*[lambda: chase_ruling(dispute_id=dispute.pk)] * 8)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert Notification.objects.filter(kind="ruling_late").count() == 2
    assert Notification.objects.filter(kind="ruling_wanted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_judgement_they_tell_it_eight_times(ada, ben, dora, time_machine, monkeypatch):
    dispute = reviewed_dispute(ada, ben)
    time_machine.move_to(TUESDAY)
    monkeypatch.setattr(services, "judge_step", lambda *args: None)

    at_once(*[lambda: chase_ruling(dispute_id=dispute.pk)] * 8)

    assert Notification.objects.filter(kind="ruling_wanted").count() == 8


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("is_locked", "times"), [(True, 1), (False, 8)])
def test_eight_beats_at_once_urge_once(ada, ben, dora, time_machine, monkeypatch, is_locked, times):
    """Without the lock the key of the day is the guard; without that, too, it is told eightfold."""
    dispute = missed(ada, ben, time_machine)
    time_machine.move_to(OVERDUE + timedelta(days=1))
    if not is_locked:
        monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
        meet_after(monkeypatch, services, "lock_dispute")
        monkeypatch.setattr(services, "tell_staff", partial(_without_key, services.tell_staff))

    assert at_once(*[lambda: urge_ruling(dispute_id=dispute.pk)] * 8) == ["done"] * 8

    monkeypatch.undo()
    assert Notification.objects.filter(kind="ruling_wanted").count() == times


def _without_key(tell: Callable[..., None], *args: object, key: str) -> None:
    tell(*args)
