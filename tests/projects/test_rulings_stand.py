"""A decision stands for its time to appeal; then, or when both accept, the money moves."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import InternalError, transaction

from accounts.notifications.models import Notification
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words
from projects.agreements.proposals.services import accept_proposal, propose_ending
from projects.disputes.models import Dispute, Ruling
from projects.disputes.rulings.selectors import steps_for
from projects.disputes.rulings.services import (
    accept_ruling,
    appeal_ruling,
    carry_out_ruling,
    decide_by_rule,
)
from projects.disputes.sealed.services import seal_figure
from projects.disputes.selectors import mediators_for
from projects.disputes.services import add_statement
from projects.milestones.services import cancel_milestone, release_milestone
from projects.tasks import carry_out_rulings, chase_rulings
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.dispute_world import (
    AS_DECIDED,
    IN_HALVES,
    NOTHING_MOVED,
    appeal,
    books_of,
    rule,
    seen,
    told,
)
from tests.races import at_once, outcomes_at_once
from tests.world import (
    api_of,
    browser,
    negotiated_dispute,
    opened_dispute,
    person,
    reviewed_dispute,
    to_mediator,
    why,
)

pytestmark = pytest.mark.django_db


# --- It stands -----------------------------------------------------------------------------------


def test_nothing_moves_until_the_window_is_over(standing, ada, ben, time_machine):
    assert now() + timedelta(days=2) < standing.appeal_ends_at <= now() + timedelta(days=3)
    time_machine.move_to(standing.appeal_ends_at - timedelta(seconds=1), tick=False)
    assert carry_out_rulings() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState, match="not over yet"):
        carry_out_ruling(dispute_id=standing.pk)
    assert books_of(standing) == NOTHING_MOVED

    time_machine.move_to(standing.appeal_ends_at, tick=False)
    with pytest.raises(WrongState, match="time to appeal is over"):
        accept_ruling(dispute_id=standing.pk, by=ada)
    with pytest.raises(WrongState, match="time to appeal is over"):
        appeal(standing, ada)
    assert carry_out_rulings() == {"done": 1, "failed": 0}

    found = seen(standing)
    assert (found.state, found.to_freelancer) == ("closed", 40_000)
    assert found.rulings.get().carried_out_at == found.closed_at
    assert books_of(standing) == AS_DECIDED
    assert told("ruling_carried_out") == [ada.name, ben.name]
    assert carry_out_rulings() == {"done": 0, "failed": 0}
    call_command("check_ledger")


OTHERWISE = {
    "dispute": 0,
    "number": 2,
    "by": None,
    "confirmed_by": 0,
    "facts": "Nothing was done.",
    "rule": "Another one.",
    "ground": "",
    "reasons": "Otherwise.",
    "to_freelancer": 1,
    "held": 40_000,
    "created_at": datetime(2020, 1, 1, tzinfo=UTC),
}


@pytest.mark.parametrize("field", OTHERWISE)
def test_postgresql_lets_nobody_change_what_was_decided(standing, field):
    named = {one.name for one in Ruling._meta.concrete_fields}
    assert named == {"id", "carried_out_at", *OTHERWISE}
    for also in ({}, {"carried_out_at": now()}):
        is_refused = pytest.raises(InternalError, match="a decision is final: UPDATE is refused")
        with is_refused, transaction.atomic():
            Ruling.objects.update(**{field: OTHERWISE[field]}, **also)


def test_nor_forget_it_nor_carry_it_out_another_time(standing, ada, ben):
    for side in (ada, ben):
        accept_ruling(dispute_id=standing.pk, by=side)

    for change in (
        lambda: Ruling.objects.update(carried_out_at=None),
        lambda: Ruling.objects.update(carried_out_at=now() + timedelta(days=1)),
        lambda: Ruling.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(InternalError, match="a decision is final: "), transaction.atomic():
            change()


def test_both_accept_and_it_is_carried_out_at_once(standing, ada, ben):
    accept_ruling(dispute_id=standing.pk, by=ada)
    assert told("ruling_accepted") == [ben.name]
    assert books_of(standing) == NOTHING_MOVED
    with pytest.raises(WrongState, match="accepted this decision already"):
        accept_ruling(dispute_id=standing.pk, by=ada)
    with pytest.raises(WrongState, match="too late to appeal"):
        appeal(standing, ada)

    accept_ruling(dispute_id=standing.pk, by=ben)

    assert seen(standing).state == "closed"
    assert books_of(standing) == AS_DECIDED


@pytest.mark.parametrize("who", ["cleo", "dora"])
def test_only_the_two_sides_accept_or_appeal(standing, who, request):
    by = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        accept_ruling(dispute_id=standing.pk, by=by)
    with pytest.raises(NotAllowed):
        appeal(standing, by)
    assert books_of(standing) == NOTHING_MOVED


@pytest.mark.parametrize("state", ["negotiating", "decided", "appealed"])
@pytest.mark.parametrize("end", ["release", "cancel", "consent", "figures"])
def test_every_ordinary_end_still_works_while_it_stands(ada, ben, dora, state, end):
    """Before a decision, while it stands, and while it is appealed against."""
    dispute = negotiated_dispute(ada, ben)
    if state != "negotiating":
        rule(to_mediator(dispute, ada, ben), dora)
    if state == "appealed":
        appeal(dispute, ada)
    assert seen(dispute).state == state
    if end == "release":
        release_milestone(milestone_id=dispute.milestone_id, by=ada)
    elif end == "cancel":
        cancel_milestone(milestone_id=dispute.milestone_id, by=ben)
    elif end == "consent":
        proposal = propose_ending(milestone_id=dispute.milestone_id, by=ada, to_freelancer=50_000)
        accept_proposal(proposal_id=proposal.pk, by=ben)
    else:
        seal_figure(dispute_id=dispute.pk, by=ada, amount=60_000)
        seal_figure(dispute_id=dispute.pk, by=ben, amount=40_000)

    assert seen(dispute).state == "closed"
    assert books_of(dispute) == {
        "release": {"held": 0, "ben": 97_000, "ada": 0, "us": 6_000},
        "cancel": {"held": 0, "ben": 0, "ada": 103_000, "us": 0},
    }.get(end, IN_HALVES)
    with pytest.raises(WrongState):
        accept_ruling(dispute_id=dispute.pk, by=ada)
    with pytest.raises(WrongState):
        carry_out_ruling(dispute_id=dispute.pk)
    call_command("check_ledger")


BY_RULE = why() | {"ground": "silence_1", "why": Words("By rule.")}


def test_a_rule_decides_what_was_not_answered_and_either_side_may_appeal(
    ada, ben, dora, time_machine
):
    dispute = opened_dispute(ada, ben)
    with pytest.raises(WrongState, match="not over yet"):
        decide_by_rule(dispute_id=dispute.pk, to_freelancer=0, **BY_RULE)
    time_machine.move_to(now() + timedelta(days=6))

    decide_by_rule(dispute_id=dispute.pk, to_freelancer=0, **BY_RULE)

    found = seen(dispute)
    assert (found.state, found.rulings.get().by) == ("decided", None)
    assert told("dispute_decided") == [ada.name, ben.name]
    assert "By rule" in browser(ben).get(dispute.path).content.decode()
    appeal(dispute, ben)
    add_statement(dispute_id=dispute.pk, by=ada, statement="It is not.")
    rule(dispute, dora, 50_000)
    assert books_of(dispute) == IN_HALVES


# --- Appeal --------------------------------------------------------------------------------------


def test_another_mediator_has_the_last_word_at_once(standing, ada, ben, dora, emil):
    appeal(standing, ben)
    found = seen(standing)
    assert (found.state, found.appealed_by) == ("appealed", "freelancer")
    assert found.ruling_due_at > now() + timedelta(days=9)
    assert told("dispute_appealed") == [ada.name]
    assert mediators_for(found) == [emil]
    add_statement(dispute_id=standing.pk, by=ada, statement="It is not.")
    found = seen(standing)
    assert ("decide" in steps_for(found, dora), "decide" in steps_for(found, emil)) == (False, True)
    with pytest.raises(NotAllowed, match="had a hand in this case"):
        rule(standing, dora)
    assert books_of(standing) == NOTHING_MOVED

    rule(standing, emil, 50_000)

    found = seen(standing)
    assert (found.state, found.to_freelancer) == ("closed", 50_000)
    assert [(one.number, one.to_freelancer) for one in found.rulings.order_by("number")] == [
        (1, 40_000),
        (2, 50_000),
    ]
    assert books_of(standing) == IN_HALVES
    with pytest.raises(WrongState):
        appeal(standing, ada)
    call_command("check_ledger")


def test_the_last_word_comes_after_the_other_side_had_its_time(
    standing, ada, ben, emil, time_machine
):
    """As long as whoever appeals had; less where the other side has replied."""
    time_machine.move_to(now(), tick=False)
    appeal(standing, ben)
    found = seen(standing)
    assert found.reply_until == now() + timedelta(days=3)
    assert found.ruling_expected_at > found.reply_until, "nobody is late before they may decide"
    add_statement(dispute_id=standing.pk, by=ben, statement="One thing more.")
    for too_soon in (now(), found.reply_until - timedelta(seconds=1)):
        time_machine.move_to(too_soon, tick=False)
        assert "decide" not in steps_for(seen(standing), emil)
        with pytest.raises(WrongState, match="The client can reply to the appeal until"):
            rule(standing, emil)
    time_machine.move_to(found.reply_until, tick=False)

    assert rule(standing, emil, 50_000).state == "closed"


def test_an_appeal_is_made_once_with_words_and_takes_back_what_was_accepted(
    standing, ada, ben, emil
):
    accept_ruling(dispute_id=standing.pk, by=ada)
    for words in ("", " ", "x" * 10_001, "a\x00", None):
        with pytest.raises(InvalidInput):
            appeal_ruling(dispute_id=standing.pk, by=ben, statement=words)
    assert seen(standing).state == "decided"

    appeal(standing, ben)

    assert seen(standing).accepted_by == ""
    for by in (ada, ben):
        with pytest.raises(WrongState):
            appeal(standing, by)


def test_who_is_a_side_rules_on_no_appeal(ada, dora, emil):
    dispute = rule(reviewed_dispute(ada, emil), dora)
    appeal(dispute, ada)

    with pytest.raises(NotAllowed):
        rule(dispute, emil)


def test_an_appeal_that_nobody_rules_on_is_chased(standing, ada, ben, dora, emil, time_machine):
    appeal(standing, ben)
    time_machine.move_to(seen(standing).ruling_expected_at)

    assert chase_rulings() == {"done": 1, "failed": 0}

    assert told("ruling_late") == [ada.name, ben.name]
    assert told("ruling_wanted") == [emil.name]


# --- A bank in the middle ------------------------------------------------------------------------


def test_it_waits_for_the_bank_and_is_carried_out_whole_when_the_bank_gives_up(
    standing, ada, ben, time_machine
):
    bank = Bank(payment_of(standing.milestone.escrow), 51_500)
    bank.takes()
    assert "bank wants back money" in browser(ada).get(standing.path).content.decode()
    time_machine.move_to(standing.appeal_ends_at)
    assert carry_out_rulings() == {"done": 0, "failed": 0}
    with pytest.raises(WrongState, match="waits for that"):
        carry_out_ruling(dispute_id=standing.pk)

    bank.gives_back()

    assert carry_out_rulings() == {"done": 1, "failed": 0}
    assert books_of(standing) == AS_DECIDED
    call_command("check_ledger")


def test_what_both_accept_waits_for_the_bank_too(standing, ada, ben):
    bank = Bank(payment_of(standing.milestone.escrow), 51_500)
    bank.takes()
    accept_ruling(dispute_id=standing.pk, by=ada)
    accept_ruling(dispute_id=standing.pk, by=ben)
    assert seen(standing).state == "decided"
    assert carry_out_rulings() == {"done": 0, "failed": 0}

    bank.gives_back()

    assert carry_out_rulings() == {"done": 1, "failed": 0}
    assert books_of(standing) == AS_DECIDED


def test_what_a_bank_keeps_both_bear_in_proportion(standing, ada, ben, time_machine):
    bank = Bank(payment_of(standing.milestone.escrow), 51_500)
    bank.takes()
    bank.keeps()
    time_machine.move_to(standing.appeal_ends_at)

    assert carry_out_rulings() == {"done": 1, "failed": 0}

    found = seen(standing)
    assert found.to_freelancer == 20_000, "four tenths of the half that is left"
    assert books_of(standing) == {"held": 0, "ben": 19_400, "ada": 30_900, "us": 1_200}
    assert all(
        "in the same proportion" in n.text
        for n in Notification.objects.filter(kind="ruling_carried_out")
    )
    call_command("check_ledger")


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_appeal_at_the_last_second_and_the_sweep_are_one(ada, ben, dora, time_machine, caplog):
    standing = rule(reviewed_dispute(ada, ben), dora)
    time_machine.move_to(standing.appeal_ends_at - timedelta(milliseconds=150))

    outcomes = outcomes_at_once(
        *[lambda: appeal(standing, ben)] * 4,
        *[carry_out_rulings] * 4,
    )
    time_machine.move_to(standing.appeal_ends_at)
    swept = [*outcomes[4:], carry_out_rulings()]

    # One of them ends it; whoever comes too late is refused, and sees it.
    appealed = [one for one in outcomes[:4] if isinstance(one, Dispute)]
    refused = [one for one in outcomes[:4] if isinstance(one, WrongState)]
    assert len(appealed) + len(refused) == 4, outcomes
    assert len(appealed) + sum(one["done"] for one in swept) == 1, outcomes
    failures = [record.exc_info[0] for record in caplog.records if record.exc_info]
    assert failures == [WrongState] * sum(one["failed"] for one in swept)
    found = seen(standing)
    if appealed:
        assert (found.status, books_of(standing)) == ("appealed", NOTHING_MOVED)
    else:
        assert (found.appealed_by, books_of(standing)) == ("", AS_DECIDED)


@pytest.mark.django_db(transaction=True)
def test_an_appeal_and_two_acceptances_at_once_are_one_end(ada, ben, dora):
    standing = rule(reviewed_dispute(ada, ben), dora)
    accept_ruling(dispute_id=standing.pk, by=ada)

    outcomes = at_once(
        *[lambda: accept_ruling(dispute_id=standing.pk, by=ben), lambda: appeal(standing, ben)] * 4
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    appealed = seen(standing).status == "appealed"
    assert books_of(standing) == (NOTHING_MOVED if appealed else AS_DECIDED)


@pytest.mark.django_db(transaction=True)
def test_two_mediators_on_appeal_at_once_rule_once(ada, ben, dora, emil):
    fina = grant_staff_roles(user_id=person("Fina").pk, roles={"mediator"}, by=SYSTEM)
    standing = appeal(rule(reviewed_dispute(ada, ben), dora), ben)
    add_statement(dispute_id=standing.pk, by=ada, statement="It is not.")

    outcomes = at_once(*[lambda by=by: rule(standing, by, 50_000) for by in (emil, fina) * 4])

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert books_of(standing) == IN_HALVES


@pytest.mark.django_db(transaction=True)
def test_a_decision_on_appeal_at_its_end_and_the_first_one_are_one_end(
    ada, ben, dora, emil, time_machine
):
    standing = appeal(rule(reviewed_dispute(ada, ben), dora), ben)
    time_machine.move_to(standing.ruling_due_at, tick=False)

    outcomes = at_once(
        *[lambda: rule(standing, emil, 50_000)] * 7,
        lambda: carry_out_ruling(dispute_id=standing.pk),
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert books_of(standing) == AS_DECIDED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rival", ["release", "cancel", "carry out twice"])
def test_carrying_out_and_another_end_at_once_are_one(ada, ben, dora, time_machine, rival):
    standing = rule(reviewed_dispute(ada, ben), dora)
    time_machine.move_to(standing.appeal_ends_at)
    milestone_id = standing.milestone_id
    other = {
        "release": lambda: release_milestone(milestone_id=milestone_id, by=ada),
        "cancel": lambda: cancel_milestone(milestone_id=milestone_id, by=ben),
        "carry out twice": lambda: carry_out_ruling(dispute_id=standing.pk),
    }[rival]

    outcomes = at_once(*[lambda: carry_out_ruling(dispute_id=standing.pk), other] * 4)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert books_of(standing)["held"] == 0


# --- Doors ---------------------------------------------------------------------------------------


def test_pages_and_programs_appeal(standing, ada, ben, dora, emil):
    page, api = standing.path, f"/api/v1{standing.path}"
    assert 'id="appeal"' in browser(ada).get(page).content.decode()
    assert browser(ada).post(f"{page}appeal/", {"statement": ""}).status_code == 400
    assert api_of(ada).post(f"{api}appeals/", {}).status_code == 400

    answer = api_of(ben).post(f"{api}appeals/", {"statement": "More is done."})

    assert (answer.status_code, answer.json()["status"]) == (201, "appealed")
    assert answer.json()["next_steps"] == ["state", "seal"]
    shown = browser(ada).get(page).content.decode()
    assert "Reply to the appeal" in shown and "would go to Ben if it stands" in shown
    desk = f"/desk/disputes/{standing.public_id}/"
    assert "not yours to decide now" in browser(dora).get(desk).content.decode()
    shown = browser(emil).get(desk).content.decode()
    assert "Ruling on appeal" not in shown and "The other side can reply until" in shown
    assert "or before you have" in browser(ada).get(page).content.decode()
    assert api_of(ada).post(f"{api}statements/", {"statement": "It is not."}).status_code == 201
    assert "Ruling on appeal" in browser(emil).get(desk).content.decode()
    form = {"to_freelancer": "500", **why("More is done.")}
    assert browser(dora).post(f"{desk}rulings/", form).status_code == 403
    assert browser(emil).post(f"{desk}rulings/", form).status_code == 302
    shown = browser(ben).get(page).content.decode()
    assert "The decision, carried out" in shown and "on appeal" in shown
