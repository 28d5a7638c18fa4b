"""A client who does not fund in time: both are warned, and the freelancer may end it for that."""

from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import transaction

from accounts.notifications.models import Notification
from marketplace.common.clock import now
from marketplace.common.errors import NotAllowed, WrongState
from payments.escrow.models import Escrow
from payments.escrow.services import take_in
from payments.fundings.models import Payment
from payments.policies.services import add_version
from projects.agreements import services as agreements
from projects.agreements.changes.services import accept_change
from projects.agreements.leaving import services as leaving
from projects.agreements.leaving.services import leave_contract
from projects.agreements.outlook import prospects_of
from projects.agreements.services import close_finished_contract
from projects.agreements.turns import turn_of
from projects.contracts.models import Contract
from projects.contracts.selectors import agreement_of
from projects.contracts.sentences import sentence_of
from projects.milestones import services
from projects.milestones.models import Milestone, Reminder
from projects.milestones.rules import open_steps
from projects.milestones.selectors import contracts_with_news
from projects.milestones.services import cancel_milestone, fund_milestone, release_milestone
from projects.tasks import close_finished_contracts, tell_fundings, tell_reminders
from tests.projects.change_world import price_to, the_books_agree
from tests.projects.ending_world import part, states_of, tag_for
from tests.projects.test_leave_contract import grounds_of
from tests.races import at_once, overtaken_after
from tests.world import active_contract, api_of, browser, fund, offered_contract

pytestmark = pytest.mark.django_db


def contract_of_two(ada, ben) -> Contract:
    """Nothing of it is funded; the client has 14 days."""
    return active_contract(ada, ben, [100_000, 50_000])


def due(contract: Contract) -> datetime | None:
    return Contract.objects.values_list("funding_due_at", flat=True).get(pk=contract.pk)


def is_near(moment: datetime | None, days: float) -> bool:
    return moment is not None and abs(moment - now() - timedelta(days=days)) < timedelta(minutes=1)


def paid(payment: Payment) -> None:
    """As the letter of its payment says, which knows nothing of contracts."""
    names = {"intent_id": f"pi_{payment.public_id}", "charge_id": f"ch_{payment.public_id}"}
    take_in(payment_id=payment.pk, **names)


def opened(milestone: Milestone) -> Payment:
    return fund_milestone(milestone_id=milestone.pk, by=milestone.contract.client.members.get())


def heard(kind: str) -> int:
    return Notification.objects.filter(kind=kind).count()


# --- When it runs --------------------------------------------------------------------------------


def test_it_begins_with_both_signatures_and_money_stops_it(ada, ben):
    offered = offered_contract(ada, ben)
    assert due(offered) is None
    contract = contract_of_two(ada, ben)
    assert is_near(due(contract), 14)

    fund(part(contract, 2))

    assert due(contract) is None
    assert not Reminder.objects.filter(kind__startswith="fund_").exists()


def test_a_part_of_the_money_stops_it_too(ada, ben):
    contract = contract_of_two(ada, ben)
    fund(part(contract, 1), 40_000)
    assert due(contract) is None


@pytest.mark.parametrize("deed", [release_milestone, cancel_milestone])
def test_it_begins_anew_where_nothing_is_held_any_more(ada, ben, later, deed):
    contract = contract_of_two(ada, ben)
    first = fund(part(contract, 1))
    later(days=10)
    assert due(contract) is None
    deed(milestone_id=first.pk, by=ada if deed is release_milestone else ben)

    close_finished_contracts()
    close_finished_contracts()

    assert is_near(due(contract), 14)
    assert Reminder.objects.filter(kind__startswith="fund_").count() == 3
    assert contracts_with_news(limit=9) == []


def test_it_does_not_begin_while_another_milestone_is_held(ada, ben):
    contract = active_contract(ada, ben, [100_000, 50_000, 50_000])
    first, _ = fund(part(contract, 1)), fund(part(contract, 2))
    release_milestone(milestone_id=first.pk, by=ada)
    assert contracts_with_news(limit=9) == [contract.pk]
    close_finished_contracts()
    assert due(contract) is None
    assert contracts_with_news(limit=9) == [], "looked at once, not again and again"


def test_what_is_dropped_while_it_runs_moves_nothing(ada, ben, later):
    """Else a client could win time by ending one milestone after the other."""
    contract = contract_of_two(ada, ben)
    was = due(contract)
    later(days=5)
    cancel_milestone(milestone_id=part(contract, 1).pk, by=ada, step="drop")
    close_finished_contracts()
    assert due(contract) == was
    later(days=2.1)
    tell_reminders()
    assert heard("fund_in_7_days") == 2, "its warnings hung on the one that has ended"


def test_what_both_sign_anew_begins_it_anew(ada, ben, later):
    contract = contract_of_two(ada, ben)
    later(days=10)
    order = price_to(70_000, part(contract, 1), ben)
    accept_change(order_id=order.pk, by=ada)
    assert is_near(due(contract), 14)


def test_it_ends_with_the_contract(ada, ben):
    contract = contract_of_two(ada, ben)
    for position in (1, 2):
        cancel_milestone(milestone_id=part(contract, position).pk, by=ada, step="drop")
    close_finished_contracts()
    contract.refresh_from_db()
    assert (contract.status, contract.funding_due_at) == ("cancelled", None)
    assert not Reminder.objects.filter(kind__startswith="fund_").exists()


def test_rules_that_know_no_such_time_have_no_such_clock(ada, ben, later):
    add_version({"funding_days": 0})
    contract = contract_of_two(ada, ben)
    assert due(contract) is None
    assert "to fund a milestone" not in _agreement_page(contract, ada)
    later(days=100)
    close_finished_contracts()
    assert contracts_with_news(limit=9) == []
    assert open_steps(part(contract, 1), "freelancer") == ["cancel", "propose_ending"]
    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    assert grounds_of(contract) == ["cancel", "cancel"]


def test_a_new_version_is_for_who_signs_under_it(ada, ben):
    before = contract_of_two(ada, ben)
    add_version({"funding_days": 3})
    assert is_near(due(before), 14)
    assert is_near(due(contract_of_two(ada, ben)), 3)
    assert agreement_of(before).body.count('"funding_days":14') == 1


def test_the_agreement_says_it_in_words(ada, ben):
    contract = contract_of_two(ada, ben)
    assert "Ada has 14 days to fund a milestone" in _agreement_page(contract, ben)


# --- Both are warned -----------------------------------------------------------------------------


def test_both_hear_of_it_a_week_and_a_day_before_and_when_it_is_over(ada, ben, later):
    contract_of_two(ada, ben)
    gone = 0.0
    for day, count in {6.9: 0, 7.1: 1, 12.9: 1, 13.1: 2, 13.9: 2, 14.1: 3, 40: 3}.items():
        later(days=day - gone)
        gone = day
        tell_reminders()
        tell_reminders()
        for person in (ada, ben):
            told = Notification.objects.filter(recipient=person, kind__startswith="fund_")
            assert told.count() == count, f"after {day} days"
    assert "Ada has until" in Notification.objects.filter(kind="fund_in_1_day").first().text
    assert "Ben may end it for that" in Notification.objects.filter(kind="fund_over").first().text


def test_after_an_outage_only_the_last_word_is_told(ada, ben, later):
    contract_of_two(ada, ben)
    later(days=14.1)
    tell_reminders()
    assert (heard("fund_in_7_days"), heard("fund_in_1_day"), heard("fund_over")) == (0, 0, 2)


def test_a_warning_is_dropped_when_money_has_come_in_also_before_anybody_told_so(ada, ben, later):
    contract = contract_of_two(ada, ben)
    payment = opened(part(contract, 2))
    later(days=7.1)
    paid(payment)
    tell_reminders()
    assert heard("fund_in_7_days") == 0
    tell_fundings()
    assert due(contract) is None


# --- Ended for that ------------------------------------------------------------------------------


def test_the_freelancer_ends_it_for_that_in_one_step_and_no_money_moves(ada, ben, later):
    contract = contract_of_two(ada, ben)
    was_due = due(contract)
    later(days=14.1)

    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))

    contract.refresh_from_db()
    assert (contract.status, contract.funding_due_at) == ("cancelled", None)
    assert states_of(contract) == ["cancelled", "cancelled"]
    assert grounds_of(contract) == ["cancel_unfunded"] * 2
    told = Notification.objects.get(kind="contract_left")
    when = f"{was_due:%-d %B %Y, %H:%M} UTC"
    assert told.recipient == ada
    assert told.text == (
        f"Ben has ended “{contract.title}”: 2 milestones are cancelled, since nothing was funded "
        f"by {when}. Nothing is held, so no money moves."
    )
    lines = [sentence_of(event).text for event in contract.events.order_by("pk")]
    assert "Cancelled “Part 1”: the client did not fund it in time" in lines
    assert any(line.endswith(f"since nothing was funded by {when}") for line in lines)
    total = prospects_of(contract).total
    assert (total.held, total.refunded, total.spent) == (0, 0, 0)
    call_command("check_ledger")


def test_before_that_the_freelancer_leaves_as_ever_and_nobody_was_late(ada, ben, later):
    contract = contract_of_two(ada, ben)
    later(days=13)
    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    assert grounds_of(contract) == ["cancel", "cancel"]
    assert "since nothing was funded" not in Notification.objects.get(kind="contract_left").text


def test_what_was_paid_before_stays_paid(ada, ben, later):
    contract = contract_of_two(ada, ben)
    release_milestone(milestone_id=fund(part(contract, 1)).pk, by=ada)
    close_finished_contracts()
    later(days=15)
    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    contract.refresh_from_db()
    assert contract.status == "completed"
    assert grounds_of(contract) == ["cancel_unfunded"]
    assert prospects_of(contract).total.received == 97_000


def test_money_that_comes_late_still_counts(ada, ben, later):
    contract = contract_of_two(ada, ben)
    later(days=20)
    seen = tag_for(contract, ben)
    paid(opened(part(contract, 1)))

    with pytest.raises(WrongState, match="has changed since you read it"):
        leave_contract(contract_id=contract.pk, by=ben, seen=seen)
    with pytest.raises(WrongState, match="Money has just come in"):
        cancel_milestone(milestone_id=part(contract, 2).pk, by=ben, step="cancel_unfunded")

    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    assert grounds_of(contract) == ["cancel", "cancel"]
    assert prospects_of(contract).total.refunded == 103_000


def test_one_milestone_alone_is_ended_for_it_too(ada, ben, later):
    contract = contract_of_two(ada, ben)
    pk = part(contract, 1).pk
    with pytest.raises(WrongState, match="it can be ended for that from"):
        cancel_milestone(milestone_id=pk, by=ben, step="cancel_unfunded")
    later(days=14.1)
    with pytest.raises(NotAllowed):
        cancel_milestone(milestone_id=pk, by=ada, step="cancel_unfunded")

    cancel_milestone(milestone_id=pk, by=ben, step="cancel_unfunded")

    assert "the client did not fund it in time" in (
        Notification.objects.get(kind="milestone_cancelled").text
    )
    assert states_of(contract) == ["cancelled", "planned"]
    leave_contract(contract_id=contract.pk, by=ben, seen=tag_for(contract, ben))
    assert grounds_of(contract) == ["cancel_unfunded"] * 2


# --- Pages and programs --------------------------------------------------------------------------


def test_both_read_it_in_what_happens_next_and_what_they_can_do(ada, ben, later):
    contract = contract_of_two(ada, ben)
    page = f"/contracts/{contract.public_id}/"
    for person in (ada, ben):
        told = api_of(person).get(f"/api/v1{page}next/").json()
        (strike,) = told["happens"]
        assert (strike["kind"], strike["step"], strike["by"]) == (
            "may_leave_unfunded",
            "leave",
            "freelancer",
        )
        assert strike["stopped_by"] == [{"role": "client", "step": "fund"}]
        shown = browser(person).get(page).content.decode()
        assert "Ben may end the contract because Ada has not funded it in time" in shown
    later(days=14.1)
    contract.refresh_from_db()
    prospects = prospects_of(contract)
    turn = turn_of(prospects, "freelancer")
    assert (turn.step, turn.waits) == ("leave", False)
    assert f"{page}leave/" in browser(ben).get(page).content.decode()
    assert "Ben may end the contract now" in turn_of(prospects, "client").text


def test_the_page_of_the_end_and_the_program_say_the_cause(ada, ben, later):
    contract = contract_of_two(ada, ben)
    later(days=14.1)
    page = browser(ben).get(f"/contracts/{contract.public_id}/leave/").content.decode()
    assert page.count("Ada did not fund it in time") == 2
    api = api_of(ben)
    told = api.get(f"/api/v1/contracts/{contract.public_id}/").json()
    assert "leave" in told["next_steps"]
    answer = api.post(
        f"/api/v1/contracts/{contract.public_id}/leave/", {"seen": told["leave_tag"]}, format="json"
    )
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    again = api.post(
        f"/api/v1/contracts/{contract.public_id}/leave/", {"seen": told["leave_tag"]}, format="json"
    )
    assert again.status_code == 409


def test_a_program_hears_what_is_wrong(ada, ben, later):
    contract = contract_of_two(ada, ben)
    url = f"/api/v1/milestones/{part(contract, 1).public_id}/cancel/"
    body = {"ground": "cancel_unfunded"}
    assert api_of(ben).post(url, body, format="json").status_code == 409
    assert api_of(ada).post(url, body, format="json").status_code == 403
    later(days=14.1)
    done = api_of(ben).post(url, body, format="json")
    assert (done.status_code, done.json()["status"]) == (200, "cancelled")


def test_everybody_reads_it_among_the_rules(client):
    assert "Time to fund" in client.get("/rules/").content.decode()
    assert api_of().get("/api/v1/policies/").json()[0]["funding_days"] == 14


def _agreement_page(contract: Contract, person) -> str:
    url = f"/contracts/{contract.public_id}/agreement/"
    return browser(person).get(url).content.decode()


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_end_it_once(ada, ben, later):
    contract = contract_of_two(ada, ben)
    later(days=14.1)
    seen = tag_for(contract, ben)
    outcomes = at_once(*[lambda: leave_contract(contract_id=contract.pk, by=ben, seen=seen)] * 8)
    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert grounds_of(contract) == ["cancel_unfunded"] * 2
    the_books_agree()


@pytest.mark.django_db(transaction=True)
def test_beside_money_that_comes_in_either_is_whole(ada, ben, later):
    contract = contract_of_two(ada, ben)
    payment = opened(part(contract, 2))
    later(days=14.1)
    seen = tag_for(contract, ben)

    outcomes = at_once(
        *[lambda: leave_contract(contract_id=contract.pk, by=ben, seen=seen)] * 4,
        *[lambda: paid(payment)] * 4,
    )

    assert outcomes[4:] == ["done"] * 4
    contract.refresh_from_db()
    total = prospects_of(contract).total
    if "done" in outcomes[:4]:
        assert outcomes[:4].count("done") == 1
        assert grounds_of(contract) == ["cancel_unfunded"] * 2
        assert (contract.status, total.held) == ("cancelled", 0)
    else:
        assert grounds_of(contract) == []
        assert (contract.status, total.held) == ("active", 51_500)
    the_books_agree()


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_it_would_blame_a_client_who_has_paid(ada, ben, later, monkeypatch):
    """Money comes in after it was judged and before it ends."""
    contract = contract_of_two(ada, ben)
    payment = opened(part(contract, 1))
    later(days=14.1)
    seen = tag_for(contract, ben)

    def unlocked(pks) -> dict[int, Escrow]:
        return Escrow.objects.select_related("policy", "payer", "payee").in_bulk(list(pks))

    for room in (leaving, services):
        monkeypatch.setattr(room, "lock_all", unlocked)
    overtaken_after(monkeypatch, services, "judge_step", lambda: paid(payment))

    leave_contract(contract_id=contract.pk, by=ben, seen=seen)

    assert grounds_of(contract) == ["cancel_unfunded"] * 2
    assert prospects_of(contract).total.refunded == 103_000


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_begin_it_once(ada, ben):
    contract = contract_of_two(ada, ben)
    first = fund(part(contract, 1))
    release_milestone(milestone_id=first.pk, by=ada)
    outcomes = at_once(*[lambda: close_finished_contract(contract_id=contract.pk)] * 8)
    assert outcomes == ["done"] * 8
    assert contracts_with_news(limit=9) == []
    assert is_near(due(contract), 14)
    assert Reminder.objects.filter(kind__startswith="fund_").count() == 3


@pytest.mark.django_db(transaction=True)
def test_who_begins_it_waits_for_nobody_who_holds_a_milestone_and_may_wait_for_its_contract(
    ada, ben
):
    contract = contract_of_two(ada, ben)
    release_milestone(milestone_id=fund(part(contract, 1)).pk, by=ada)
    with transaction.atomic():
        services.lock_milestone(part(contract, 2).pk)
        assert at_once(lambda: close_finished_contract(contract_id=contract.pk)) == ["done"]
    assert is_near(due(contract), 14)


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_tell_each_warning_once(ada, ben, later):
    contract_of_two(ada, ben)
    later(days=14.1)
    at_once(*[tell_reminders] * 8)
    assert heard("fund_over") == 2


@pytest.mark.django_db(transaction=True)
def test_money_that_comes_in_while_it_begins_stops_it(ada, ben, monkeypatch):
    """Whoever begins it has looked at the money before it came in; who tells of the money waits."""
    contract = contract_of_two(ada, ben)
    release_milestone(milestone_id=fund(part(contract, 1)).pk, by=ada)
    payment = opened(part(contract, 2))
    overtaken_after(monkeypatch, agreements, "is_funded", lambda: paid(payment))
    close_finished_contract(contract_id=contract.pk)
    assert is_near(due(contract), 14)
    tell_fundings()
    assert due(contract) is None
    assert not Reminder.objects.filter(kind__startswith="fund_").exists()
