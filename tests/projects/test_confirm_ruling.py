"""Above a limit a decision stands only once a second mediator has confirmed it."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.notifications.models import Notification
from accounts.people.models import User
from accounts.people.services import grant_staff_roles
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed, WrongState
from marketplace.common.lifecycle import SYSTEM
from marketplace.common.words import Words
from payments.escrow.models import Escrow
from payments.policies.fees import quote
from payments.policies.services import add_version
from projects.contracts.models import Event
from projects.disputes.confirming import services
from projects.disputes.confirming.models import ProposedRuling
from projects.disputes.confirming.services import confirm_ruling, return_ruling
from projects.disputes.models import Dispute, Ruling
from projects.disputes.rulings.selectors import steps_for
from projects.disputes.rulings.services import (
    accept_ruling,
    appeal_ruling,
    decide_by_rule,
    decide_dispute,
)
from projects.disputes.sealed.services import seal_figure
from projects.disputes.selectors import limit_of, mediators_for
from projects.disputes.services import add_statement
from projects.milestones.services import cancel_milestone, release_milestone
from projects.tasks import carry_out_rulings, chase_rulings, close_moot_disputes
from tests.payments.chargeback_world import Bank, payment_of
from tests.projects.dispute_world import books_of, seen, told
from tests.projects.test_decide_dispute import person_again
from tests.projects.two_mediators import ABOVE, confirmed, mediator, proposed, proposed_on
from tests.races import at_once, locked_when_asked, meet_after
from tests.world import opened_dispute, person, reviewed_dispute, why

pytestmark = pytest.mark.django_db


def confirm(row: ProposedRuling, by: User | str) -> Dispute:
    return confirm_ruling(proposed_id=row.pk, by=by)


def give_back(row: ProposedRuling, by: User | str, why: str = "The log says otherwise."):
    return return_ruling(proposed_id=row.pk, by=by, why=why)


def untouched(dispute: Dispute) -> bool:
    dispute = seen(dispute)
    books = books_of(dispute)
    return (
        dispute.state == "under_review"
        and not dispute.rulings.exists()
        and (books["ben"], books["ada"], books["us"]) == (0, 0, 0)
    )


# --- The limit -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("amount", "alone"), [(500_000, True), (500_001, False)])
def test_one_mediator_decides_alone_up_to_the_limit(ada, ben, dora, amount, alone):
    dispute = reviewed_dispute(ada, ben, amount)

    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=1, **why())

    assert (seen(dispute).state == "decided") is alone
    assert ProposedRuling.objects.exists() is not alone


def test_the_limit_is_that_of_the_rules_under_which_they_signed(ada, ben, dora):
    old = reviewed_dispute(ada, ben, 400_000)
    add_version({"second_mediator_units": 3_000})
    new, older = reviewed_dispute(ada, ben, 400_000), seen(old)

    assert (limit_of(older), limit_of(seen(new))) == (500_000, 300_000)
    for dispute in (old, new):
        decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=1, **why())
    assert (seen(old).state, seen(new).state) == ("decided", "under_review")


def test_where_the_rules_name_none_nobody_confirms(ada, ben, dora):
    add_version({"second_mediator_units": 0, "second_mediator_units_by_currency": {}})
    dispute = reviewed_dispute(ada, ben, 50_000_000)

    decide_dispute(dispute_id=dispute.pk, by=dora, to_freelancer=1, **why())

    assert seen(dispute).state == "decided"


def test_a_published_rule_needs_nobody(ada, ben, time_machine):
    dispute = opened_dispute(ada, ben, amount=ABOVE)
    time_machine.move_to(dispute.answer_due_at)

    decide_by_rule(
        dispute_id=dispute.pk,
        to_freelancer=0,
        **why() | {"ground": "silence_1"},
        why=Words("By row 1."),
    )

    assert seen(dispute).state == "decided"


# --- It waits ------------------------------------------------------------------------------------


def test_what_waits_decides_nothing_and_neither_side_learns_what_it_says(
    waiting, ada, ben, dora, emil
):
    assert untouched(waiting.dispute)
    assert (waiting.number, waiting.held, waiting.to_freelancer) == (1, ABOVE, 200_000)
    assert told("dispute_decided") == []
    assert not Event.objects.filter(kind="dispute_decided").exists()
    dispute = seen(waiting.dispute)
    assert "decide" not in steps_for(dispute, emil) + steps_for(dispute, dora)
    with pytest.raises(WrongState, match="waits to be confirmed"):
        decide_dispute(dispute_id=dispute.pk, by=emil, to_freelancer=1, **why())


def test_every_other_mediator_is_asked(ada, ben, dora, emil):
    fay = mediator("Fay")
    proposed(ada, ben, dora)

    assert told("ruling_to_confirm") == [emil.name, fay.name]


def test_its_clocks_run_on(waiting, dora, emil, time_machine):
    due = seen(waiting.dispute)
    time_machine.move_to(due.ruling_expected_at)

    assert chase_rulings() == {"done": 1, "failed": 0}

    assert told("ruling_wanted") == [dora.name, emil.name]
    assert seen(due).ruling_due_at == due.ruling_due_at
    time_machine.move_to(due.ruling_due_at + timedelta(days=1))
    confirm(waiting, emil)
    assert seen(due).state == "decided"


# --- Confirmed -----------------------------------------------------------------------------------


def test_confirmed_it_stands_and_both_are_told(waiting, ada, ben, dora, emil):
    dispute = confirm(waiting, emil)

    ruling = Ruling.objects.get()
    assert (dispute.state, ruling.by, ruling.confirmed_by) == ("decided", dora, emil)
    assert (ruling.number, ruling.to_freelancer, ruling.held) == (1, 200_000, ABOVE)
    assert {name: getattr(ruling, name) for name in why()} == why()
    assert dispute.appeal_ends_at > now() + timedelta(days=2)
    assert told("dispute_decided") == [ada.name, ben.name]
    assert books_of(dispute)["ben"] == 0, "not before the time to appeal is over"
    waiting.refresh_from_db()
    assert (waiting.status, waiting.answered_by) == ("confirmed", emil)
    call_command("check_ledger")


def test_nothing_is_answered_twice(waiting, emil):
    confirm(waiting, emil)

    for again in (confirm, give_back):
        with pytest.raises(WrongState):
            again(waiting, emil)
    assert Ruling.objects.count() == 1


@pytest.mark.parametrize("answer", [confirm, give_back])
@pytest.mark.parametrize("who", ["ada", "ben", "cleo", "house"])
def test_only_a_mediator_answers(waiting, answer, who, request):
    with pytest.raises(NotAllowed):
        answer(waiting, SYSTEM if who == "house" else request.getfixturevalue(who))

    assert untouched(waiting.dispute)


@pytest.mark.parametrize("answer", [confirm, give_back])
@pytest.mark.parametrize("role", ["support", "moderator", "finance"])
def test_other_staff_does_not(waiting, answer, role):
    fay = grant_staff_roles(user_id=person("Fay").pk, roles={role}, by=SYSTEM)

    with pytest.raises(NotAllowed):
        answer(waiting, fay)

    assert untouched(waiting.dispute)


@pytest.mark.parametrize("answer", [confirm, give_back])
@pytest.mark.parametrize("side", ["client", "freelancer"])
def test_a_mediator_who_is_a_side_does_not(ada, dora, emil, answer, side):
    sides = (emil, ada) if side == "client" else (ada, emil)
    row = proposed(*sides, dora)

    with pytest.raises(NotAllowed):
        answer(row, emil)

    assert Dispute.objects.get(pk=row.dispute_id).state == "under_review"
    assert told("ruling_to_confirm") == []


def test_who_wrote_it_does_not_confirm_it(waiting, dora):
    with pytest.raises(NotAllowed, match="You wrote this"):
        confirm(waiting, dora)

    assert untouched(waiting.dispute)


def test_postgresql_refuses_it_too(waiting, dora):
    with pytest.raises(IntegrityError, match="nobody_confirms"), transaction.atomic():
        ProposedRuling.objects.filter(pk=waiting.pk).update(
            status="confirmed", answered_by=dora, closed_at=now()
        )
    ruling = Ruling(dispute=waiting.dispute, number=1, by=dora, confirmed_by=dora, reasons="So.")
    ruling.to_freelancer = ruling.held = 1
    with pytest.raises(IntegrityError, match="two_people"), transaction.atomic():
        ruling.save()


# --- Returned ------------------------------------------------------------------------------------


def test_returned_with_a_reason_its_author_writes_another(waiting, dora, emil):
    row = give_back(waiting, emil)

    assert (row.status, row.answered_by, row.returned_for) == (
        "returned",
        emil,
        "The log says otherwise.",
    )
    assert untouched(row.dispute)
    assert told("ruling_returned") == [dora.name]
    again = proposed_on(seen(row.dispute), dora, 300_000)
    assert confirm(again, emil).state == "decided"
    assert Ruling.objects.get().to_freelancer == 300_000


def test_who_returned_it_may_write_another_and_its_author_confirms_that(waiting, dora, emil):
    give_back(waiting, emil)

    assert confirm(proposed_on(seen(waiting.dispute), emil), dora).state == "decided"


def test_its_author_takes_it_back(waiting, dora):
    give_back(waiting, dora, "I have misread the log.")

    assert told("ruling_returned") == []
    assert "decide" in steps_for(seen(waiting.dispute), dora)


@pytest.mark.parametrize("words", ["", "  ", None, 5, "x" * 2_001, "a\x00"])
def test_nothing_is_returned_without_a_reason(waiting, emil, words):
    with pytest.raises(InvalidInput) as refusal:
        give_back(waiting, emil, words)

    assert refusal.value.param == "why"
    waiting.refresh_from_db()
    assert waiting.status == "proposed"


# --- On appeal -----------------------------------------------------------------------------------


@pytest.fixture
def appealed(ada, ben, dora, emil) -> Dispute:
    """Fay's decision was returned by Gil; Dora's was confirmed by Emil; Ben appeals. Two more are
    there, else neither Dora nor Emil could have been spared for it.
    """
    mediator("Kim"), mediator("Lee")
    dispute = reviewed_dispute(ada, ben, ABOVE)
    give_back(proposed_on(dispute, mediator("Fay")), mediator("Gil"))
    confirmed(dispute, dora, emil)
    appeal_ruling(dispute_id=dispute.pk, by=ben, statement="More is done.")
    add_statement(dispute_id=dispute.pk, by=ada, statement="It is not.")
    return seen(dispute)


def named(name: str) -> User:
    return User.objects.get(email__istartswith=f"{name}@")


def test_the_last_word_is_confirmed_too_and_then_carried_out_at_once(appealed):
    hugo, iris = mediator("Hugo"), mediator("Iris")
    row = proposed_on(appealed, hugo, 300_000)
    assert row.number == 2
    assert books_of(appealed)["ben"] == 0

    dispute = confirm(row, iris)

    assert (dispute.state, dispute.to_freelancer) == ("closed", 300_000)
    books = books_of(dispute)
    assert books["held"] == 0 and books["ben"] == 291_000
    call_command("check_ledger")


@pytest.mark.parametrize("name", ["Dora", "Emil", "Fay", "Gil"])
def test_whoever_had_a_hand_in_the_first_decision_has_none_in_the_last(appealed, name):
    before = named(name)
    with pytest.raises(NotAllowed, match="had a hand in this case before"):
        decide_dispute(dispute_id=appealed.pk, by=before, to_freelancer=1, **why())
    row = proposed_on(appealed, mediator("Hugo"))
    for answer in (confirm, give_back):
        with pytest.raises(NotAllowed, match="had a hand in this case before"):
            answer(row, before)
    assert seen(appealed).state == "appealed"
    assert before not in mediators_for(seen(appealed))


def test_where_nobody_confirms_in_time_the_first_decision_stands(appealed, time_machine):
    row = proposed_on(appealed, mediator("Hugo"), 300_000)
    time_machine.move_to(seen(appealed).ruling_due_at)

    assert carry_out_rulings() == {"done": 1, "failed": 0}

    row.refresh_from_db()
    assert (row.status, row.answered_by) == ("lapsed", None)
    assert seen(appealed).to_freelancer == 200_000
    with pytest.raises(WrongState):
        confirm(row, mediator("Iris"))


# --- Meanwhile -----------------------------------------------------------------------------------


def release(row, ada, ben):
    release_milestone(milestone_id=row.dispute.milestone_id, by=ada)


def refund(row, ada, ben):
    cancel_milestone(milestone_id=row.dispute.milestone_id, by=ben)


def settle(row, ada, ben):
    seal_figure(dispute_id=row.dispute_id, by=ada, amount=300_000)
    seal_figure(dispute_id=row.dispute_id, by=ben, amount=300_000)


@pytest.mark.parametrize(
    ("end", "got"),
    [(release, ABOVE), (refund, 0), (settle, 300_000)],
    ids=["release", "refund", "settle"],
)
def test_both_sides_end_it_as_if_nobody_had_written_anything(waiting, ada, ben, emil, end, got):
    end(waiting, ada, ben)

    assert ProposedRuling.objects.get(pk=waiting.pk).state == "lapsed", "seen at once"
    for answer in (confirm, give_back):
        with pytest.raises(WrongState):
            answer(waiting, emil)
    close_moot_disputes()
    waiting.refresh_from_db()
    assert (waiting.status, seen(waiting.dispute).state) == ("lapsed", "closed")
    assert books_of(waiting.dispute)["ben"] == got - round(got * 0.03)
    call_command("check_ledger")


def test_nobody_confirms_while_a_bank_wants_the_money(waiting, emil):
    bank = Bank(payment_of(waiting.dispute.milestone.escrow), 100_000)
    bank.takes()

    with pytest.raises(WrongState, match="bank wants money"):
        confirm(waiting, emil)

    bank.gives_back()
    assert confirm(waiting, emil).state == "decided"


def test_what_the_bank_kept_makes_another_decision_of_it(waiting, dora, emil):
    bank = Bank(payment_of(waiting.dispute.milestone.escrow), 100_000)
    bank.takes()
    bank.keeps()

    with pytest.raises(WrongState, match="Another amount"):
        confirm(waiting, emil)

    give_back(waiting, emil, "Less is held.")
    decide_dispute(dispute_id=waiting.dispute_id, by=dora, to_freelancer=1, **why())
    assert seen(waiting.dispute).state == "decided", "what is left is below the limit"


# --- Money ---------------------------------------------------------------------------------------


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), amount=st.integers(ABOVE, 50_000_000))
def test_no_money_moves_before_it_stands_and_then_all_of_it(ada, ben, dora, emil, data, amount):
    ada, ben = person_again(ada), person_again(ben)
    part = data.draw(st.integers(0, amount))
    dispute = reviewed_dispute(ada, ben, amount)
    held, had = quote([amount], dispute.milestone.contract.policy).client_pays, books_of(dispute)
    assert had["held"] == held

    for act in data.draw(st.lists(st.sampled_from(["return", "take back"]), max_size=2)):
        row = proposed_on(dispute, dora, data.draw(st.integers(0, amount)))
        assert books_of(dispute) == had
        give_back(row, emil if act == "return" else dora)
    row = proposed_on(dispute, dora, part)
    assert books_of(dispute) == had
    confirm(row, emil)
    assert books_of(dispute) == had
    for side in (ada, ben):
        accept_ruling(dispute_id=dispute.pk, by=side)

    books = books_of(dispute)
    assert (books["held"], seen(dispute).to_freelancer) == (0, part)
    assert books["ben"] - had["ben"] + books["ada"] + books["us"] == held


# --- At once -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_confirm_at_once_one_does(ada, ben, dora):
    row, others = proposed(ada, ben, dora), [mediator(f"Emil{n}") for n in range(8)]

    outcomes = at_once(*[lambda by=by: confirm(row, by) for by in others])

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert Ruling.objects.count() == 1
    assert Notification.objects.filter(kind="dispute_decided").count() == 2


@pytest.mark.django_db(transaction=True)
def test_confirmed_and_returned_at_once_it_is_one_of_them(ada, ben, dora):
    row, emil, fay = proposed(ada, ben, dora), mediator("Emil"), mediator("Fay")

    outcomes = at_once(*[lambda: confirm(row, emil), lambda: give_back(row, fay)] * 4)

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    row.refresh_from_db()
    is_decided = seen(row.dispute).state == "decided"
    assert row.status == ("confirmed" if is_decided else "returned")
    assert Ruling.objects.count() == is_decided


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_only_the_database_keeps_it_from_being_both(ada, ben, dora, monkeypatch):
    row, emil, fay = proposed(ada, ben, dora), mediator("Emil"), mediator("Fay")
    monkeypatch.setattr(services, "lock_dispute", lambda pk: seen(Dispute(pk=pk)))
    meet_after(monkeypatch, services, "judge_step", people=2)

    with pytest.raises(Exception, match="no move leads from"):
        at_once(lambda: confirm(row, emil), lambda: give_back(row, fay))


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_write_one_at_once_one_waits(ada, ben):
    dispute, people = reviewed_dispute(ada, ben, ABOVE), [mediator(f"Emil{n}") for n in range(8)]

    outcomes = at_once(
        *[
            lambda by=by: decide_dispute(dispute_id=dispute.pk, by=by, to_freelancer=1, **why())
            for by in people
        ]
    )

    assert sorted(outcomes) == ["done"] + ["wrong_state"] * 7
    assert ProposedRuling.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_money_is_locked_before_it_is_compared(ada, ben, dora, monkeypatch):
    row, emil = proposed(ada, ben, dora), mediator("Emil")
    money = Escrow.objects.filter(pk=row.dispute.milestone.escrow_id)
    found = locked_when_asked(monkeypatch, services, "price_held_of", money)

    confirm(row, emil)

    assert found and all(found)
