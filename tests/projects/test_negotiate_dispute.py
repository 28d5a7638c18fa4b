"""An answered dispute is settled by both, or comes to a mediator: when both ask, or in time."""

from datetime import timedelta

import pytest

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from projects.contracts.models import Event
from projects.disputes.negotiating import services
from projects.disputes.negotiating.services import ask_mediator, hand_over_dispute
from projects.disputes.rules import open_steps
from projects.disputes.rulings.services import decide_dispute
from projects.disputes.sealed.services import seal_figure
from projects.disputes.services import add_statement
from projects.milestones.services import cancel_milestone, release_milestone
from projects.tasks import hand_over_disputes
from tests.projects.dispute_world import seen, told
from tests.races import at_once
from tests.world import (
    api_of,
    browser,
    negotiated_dispute,
    opened_dispute,
    reviewed_dispute,
    why,
)

pytestmark = pytest.mark.django_db


def test_one_side_that_asks_is_told_to_the_other_and_the_clock_runs_on(ada, ben):
    dispute = negotiated_dispute(ada, ben)

    ask_mediator(dispute_id=dispute.pk, by=ada)

    found = seen(dispute)
    assert (found.state, found.mediator_asked_by) == ("negotiating", "client")
    assert found.negotiation_ends_at == dispute.negotiation_ends_at
    assert told("mediator_asked") == [ben.name]
    assert "a mediator takes over at once" in Notification.objects.get(kind="mediator_asked").text
    with pytest.raises(WrongState, match="asked for a mediator already"):
        ask_mediator(dispute_id=dispute.pk, by=ada)
    assert told("mediator_asked") == [ben.name]


def test_when_both_have_asked_a_mediator_takes_over_at_once(ada, ben):
    dispute = negotiated_dispute(ada, ben)
    ask_mediator(dispute_id=dispute.pk, by=ben)

    ask_mediator(dispute_id=dispute.pk, by=ada)

    found = seen(dispute)
    assert found.state == "under_review"
    assert now() + timedelta(days=9) < found.ruling_due_at <= now() + timedelta(days=10)
    assert found.ruling_expected_at is not None
    assert told("dispute_handed_over") == sorted([ada.name, ben.name])
    roles = Event.objects.filter(kind="mediator_asked").order_by("pk")
    assert [event.role for event in roles] == ["freelancer", "client"]
    with pytest.raises(WrongState):
        ask_mediator(dispute_id=dispute.pk, by=ben)


@pytest.mark.parametrize("who", ["cleo", "dora"])
def test_only_the_two_sides_ask(ada, ben, who, request):
    dispute = negotiated_dispute(ada, ben)

    with pytest.raises(NotAllowed):
        ask_mediator(dispute_id=dispute.pk, by=request.getfixturevalue(who))

    assert seen(dispute).mediator_asked_by == ""


def test_nobody_asks_before_the_answer_or_once_a_mediator_has_it(ada, ben):
    for dispute in (opened_dispute(ada, ben), reviewed_dispute(ada, ben)):
        with pytest.raises(WrongState):
            ask_mediator(dispute_id=dispute.pk, by=ada)


def test_no_mediator_decides_while_it_is_negotiated(ada, ben, dora):
    dispute = negotiated_dispute(ada, ben)

    with pytest.raises(WrongState, match="being negotiated"):
        decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=1, **why())

    assert "decide" not in open_steps(seen(dispute), "mediator")


def test_in_time_a_mediator_takes_over_and_the_rulings_clocks_start(ada, ben, time_machine):
    dispute = negotiated_dispute(ada, ben)
    time_machine.move_to(dispute.negotiation_ends_at - timedelta(seconds=1), tick=False)
    assert hand_over_disputes() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState, match="not over yet"):
        hand_over_dispute(dispute_id=dispute.pk)

    time_machine.move_to(dispute.negotiation_ends_at, tick=False)
    assert hand_over_disputes() == {"done": 1, "failed": 0}

    found = seen(dispute)
    assert (found.state, found.ruling_due_at) == ("under_review", now() + timedelta(days=10))
    assert told("dispute_handed_over") == sorted([ada.name, ben.name])
    assert Event.objects.get(kind="dispute_handed_over").role == "system"
    assert hand_over_disputes() == {"done": 0, "failed": 0}


def test_both_go_on_talking_and_settle_it(ada, ben):
    dispute = negotiated_dispute(ada, ben)
    add_statement(dispute_id=dispute.pk, by=ada, statement="What about half?")
    add_statement(dispute_id=dispute.pk, by=ben, statement="Seal it.")
    seal_figure(dispute_id=dispute.pk, by=ada, amount=60_000)

    seal_figure(dispute_id=dispute.pk, by=ben, amount=40_000)

    assert (seen(dispute).state, seen(dispute).to_freelancer) == ("closed", 50_000)


@pytest.mark.parametrize("end", [release_milestone, cancel_milestone])
def test_what_has_ended_meanwhile_goes_to_nobody(ada, ben, end, time_machine):
    dispute = negotiated_dispute(ada, ben)
    end(milestone_id=dispute.milestone_id, by=ada if end is release_milestone else ben)
    time_machine.move_to(now() + timedelta(days=8))

    assert hand_over_disputes() == {"done": 0, "failed": 0}
    for deed in (
        lambda: ask_mediator(dispute_id=dispute.pk, by=ada),
        lambda: hand_over_dispute(dispute_id=dispute.pk),
    ):
        with pytest.raises(WrongState, match="dispute is closed"):
            deed()


def test_its_pages_say_what_happens_and_offer_to_ask(ada, ben, dora):
    dispute = negotiated_dispute(ada, ben)
    page, desk = f"/disputes/{dispute.public_id}/", f"/desk/disputes/{dispute.public_id}/"
    assert "Ask for a mediator now" in browser(ada).get(page).content.decode()
    assert "Both sides negotiate" in browser(dora).get(desk).content.decode()

    assert browser(ada).post(f"{page}mediation/").status_code == 302

    assert "Ask for a mediator now" not in browser(ada).get(page).content.decode()
    shown = browser(ben).get(page).content.decode()
    assert "Ada has asked for a mediator." in shown
    assert "The client has asked." in browser(dora).get(desk).content.decode()
    assert "Negotiation" in browser(dora).get("/desk/disputes/").content.decode()
    assert browser(ben).post(f"{page}mediation/").status_code == 302
    assert "A mediator is reading both sides" in browser(ben).get(page).content.decode()


def test_programs_ask_once_and_read_who_has_asked(ada, ben, cleo):
    dispute = negotiated_dispute(ada, ben)
    path = f"/api/v1/disputes/{dispute.public_id}/"
    assert "ask_mediator" in api_of(ada).get(path).json()["next_steps"]

    key = {"HTTP_IDEMPOTENCY_KEY": "k1"}
    program = api_of(ada)
    answers = [program.post(f"{path}mediation/", {}, **key) for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json()["mediator_asked_by"] == "client"
    assert "ask_mediator" not in answers[0].json()["next_steps"]
    refused = program.post(f"{path}mediation/", {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "wrong_state")
    assert api_of(cleo).post(f"{path}mediation/", {}).status_code == 404
    second = api_of(ben).post(f"{path}mediation/", {}).json()
    assert (second["status"], bool(second["ruling_due_at"])) == ("under_review", True)


@pytest.mark.django_db(transaction=True)
def test_both_ask_eight_times_at_once_and_the_clock_strikes(ada, ben, time_machine):
    dispute = negotiated_dispute(ada, ben)
    time_machine.move_to(dispute.negotiation_ends_at)

    at_once(
        *[lambda: ask_mediator(dispute_id=dispute.pk, by=ada)] * 3,
        *[lambda: ask_mediator(dispute_id=dispute.pk, by=ben)] * 3,
        *[lambda: hand_over_dispute(dispute_id=dispute.pk)] * 2,
    )

    assert seen(dispute).state == "under_review"
    assert told("dispute_handed_over") == sorted([ada.name, ben.name])
    assert Event.objects.filter(kind="dispute_handed_over").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_judgement_it_is_handed_over_eight_times(ada, ben, time_machine, monkeypatch):
    dispute = negotiated_dispute(ada, ben)
    ask_mediator(dispute_id=dispute.pk, by=ada)
    monkeypatch.setattr(services, "judge_step", lambda *args: None)
    monkeypatch.setattr(services.LIFECYCLE.__class__, "judge", lambda *args, **kwargs: None)

    at_once(*[lambda: ask_mediator(dispute_id=dispute.pk, by=ben)] * 8)

    assert Event.objects.filter(kind="dispute_handed_over").count() == 8
