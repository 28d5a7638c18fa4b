"""Released money goes back: the client asks and the freelancer agrees, or gives it unasked."""

import pytest
from django.core.management import call_command
from django.db.models import QuerySet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.notifications.models import Notification
from marketplace.common.errors import InvalidInput, KeyReused, NotAllowed, WrongState
from payments.escrow.clawback import cost, net
from payments.escrow.models import Escrow
from payments.fundings.models import Payment
from payments.ledger import chart
from payments.ledger.selectors import balance_of
from payments.payouts.models import Earning, Payout
from payments.payouts.recovering.selectors import owed_by
from payments.payouts.services import schedule_payout
from payments.refunds.models import Refund
from projects.contracts.models import Event
from projects.givebacks import services
from projects.givebacks.models import GiveBack
from projects.givebacks.services import (
    accept_giveback,
    ask_back,
    decline_giveback,
    give_back,
    withdraw_giveback,
)
from projects.milestones.models import Milestone
from projects.milestones.parts.services import release_part
from projects.milestones.services import cancel_milestone, release_milestone
from projects.tasks import lapse_givebacks
from tests.against_the_rules import force
from tests.payments.chargeback_world import Bank, payment_of
from tests.payments.racing import at_once
from tests.projects.giveback_world import PRICE, on, payable, released
from tests.races import meet_after
from tests.world import funded_milestone

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_books_are_clean_in_the_end(db):
    yield
    call_command("check_ledger")


def earned(milestone: Milestone) -> int:
    return balance_of(chart.available(milestone.contract.freelancer, "USD"))


def test_what_the_freelancer_gives_goes_back_with_the_fees_on_it(ada, ben):
    milestone = released(ada, ben)
    policy = milestone.escrow.policy

    giveback = give_back(**on(milestone), by=ben, amount=40_000, note="We agreed on less.")

    escrow = Escrow.objects.get(pk=milestone.escrow_id)
    refund = Refund.objects.get()
    assert giveback.status == "done"
    assert (escrow.status, escrow.given_back, escrow.kept) == ("released", 40_000, 60_001)
    assert refund.amount == cost(PRICE, policy) - cost(60_001, policy)
    assert refund.reason == "given_back"
    assert earned(milestone) == net(60_001, policy)
    assert owed_by(milestone.contract.freelancer, "USD") == 0
    fees = cost(60_001, policy) - net(60_001, policy)
    assert balance_of(chart.platform_fees("USD")) == fees
    told = Notification.objects.get(kind="giveback_done")
    assert told.recipient == ada
    assert "$400.00" in told.text


def test_what_the_client_asks_for_moves_once_the_freelancer_agrees(ada, ben):
    milestone = released(ada, ben)

    giveback = ask_back(**on(milestone), by=ada, amount=10_000, note="Half was missing.")
    assert not Refund.objects.exists()
    assert Notification.objects.get(kind="giveback_asked").recipient == ben

    accept_giveback(giveback_id=giveback.pk, by=ben)

    assert Refund.objects.get().amount == 10_300
    kinds = Event.objects.filter(kind__startswith="giveback").values_list("kind", flat=True)
    assert sorted(kinds) == ["giveback_asked", "giveback_done"]
    with pytest.raises(WrongState):
        accept_giveback(giveback_id=giveback.pk, by=ben)


def test_no_is_an_answer_and_so_is_silence(ada, ben, later):
    milestone = released(ada, ben)
    first = ask_back(**on(milestone), by=ada, amount=10_000)
    decline_giveback(giveback_id=first.pk, by=ben)
    second = ask_back(**on(milestone), by=ada, amount=10_000)
    withdraw_giveback(giveback_id=second.pk, by=ada)
    third = ask_back(**on(milestone), by=ada, amount=10_000)
    later(days=3, seconds=1)
    with pytest.raises(WrongState):
        accept_giveback(giveback_id=third.pk, by=ben)
    assert lapse_givebacks() == {"done": 1, "failed": 0}
    assert lapse_givebacks() == {"done": 0, "failed": 0}
    states = GiveBack.objects.order_by("pk").values_list("status", flat=True)
    assert list(states) == ["declined", "withdrawn", "lapsed"]
    kinds = {"giveback_declined", "giveback_withdrawn", "giveback_lapsed"}
    assert set(Notification.objects.values_list("kind", flat=True)) >= kinds
    assert earned(milestone) == net(PRICE, milestone.escrow.policy)


def test_one_question_at_a_time_for_each_milestone(ada, ben, later):
    milestone, other = released(ada, ben), released(ada, ben)
    ask_back(**on(milestone), by=ada, amount=10_000)
    with pytest.raises(WrongState):
        ask_back(**on(milestone), by=ada, amount=5_000)
    ask_back(**on(other), by=ada, amount=5_000)
    later(days=4)
    assert ask_back(**on(milestone), by=ada, amount=5_000).status == "asked"


@pytest.mark.parametrize("name", ["ada", "cleo", "dora"])
def test_only_the_freelancer_gives_and_answers(ada, ben, name, request):
    milestone, by = released(ada, ben), request.getfixturevalue(name)
    asked = ask_back(**on(milestone), by=ada, amount=10_000)
    for deed in (
        lambda: give_back(**on(milestone), by=by, amount=10_000),
        lambda: accept_giveback(giveback_id=asked.pk, by=by),
        lambda: decline_giveback(giveback_id=asked.pk, by=by),
    ):
        with pytest.raises(NotAllowed):
            deed()


@pytest.mark.parametrize("name", ["ben", "cleo", "dora"])
def test_only_the_client_asks_and_withdraws(ada, ben, name, request):
    milestone, by = released(ada, ben), request.getfixturevalue(name)
    asked = ask_back(**on(milestone), by=ada, amount=10_000)
    with pytest.raises(NotAllowed):
        ask_back(**on(milestone), by=by, amount=10_000)
    with pytest.raises(NotAllowed):
        withdraw_giveback(giveback_id=asked.pk, by=by)


@pytest.mark.parametrize("amount", [0, -1, PRICE + 1, 2**53, 2**64, 1.5, "500", None, True])
@pytest.mark.parametrize("deed", ["ask_back", "give_back"])
def test_what_cannot_go_back_is_refused_about_its_field(ada, ben, deed, amount):
    milestone = released(ada, ben)
    by = ada if deed == "ask_back" else ben
    with pytest.raises(InvalidInput) as refusal:
        getattr(services, deed)(**on(milestone), by=by, amount=amount)
    assert refusal.value.param == "amount"
    assert not GiveBack.objects.exists()


def test_what_was_paid_on_another_contract_is_not_of_this_one(ada, ben):
    milestone, other = released(ada, ben), released(ada, ben)
    with pytest.raises(InvalidInput) as refusal:
        give_back(
            contract_id=milestone.contract_id, escrow_id=other.escrow_id, by=ben, amount=1_000
        )
    assert refusal.value.param == "of"


def test_a_note_has_an_end(ada, ben):
    with pytest.raises(InvalidInput) as refusal:
        ask_back(**on(released(ada, ben)), by=ada, amount=1_000, note="x" * 2_001)
    assert refusal.value.param == "note"


def test_one_wish_sent_twice_is_one(ada, ben):
    milestone = released(ada, ben)
    made = {give_back(**on(milestone), by=ben, amount=1_000, once=o).pk for o in ("a", "a", "b")}
    assert len(made) == Refund.objects.count() == 2
    with pytest.raises(KeyReused):
        give_back(**on(milestone), by=ben, amount=1_001, once="a")


def test_work_that_goes_on_gives_nothing_back_yet_and_a_part_does_once_it_has_ended(ada, ben):
    milestone = funded_milestone(ada, ben)
    release_part(milestone_id=milestone.pk, by=ada, amount=20_000)
    with pytest.raises(WrongState):
        give_back(**on(milestone), by=ben, amount=5_000)

    cancel_milestone(milestone_id=milestone.pk, by=ben)
    give_back(**on(milestone), by=ben, amount=20_000)

    escrow = Escrow.objects.get(pk=milestone.escrow_id)
    assert (escrow.kept, escrow.refunded) == (0, cost(100_000, escrow.policy))
    with pytest.raises(WrongState):
        give_back(**on(milestone), by=ben, amount=1)


def test_after_180_days_nothing_goes_back(ada, ben, later):
    milestone = released(ada, ben)
    later(days=179)
    give_back(**on(milestone), by=ben, amount=1_000)
    later(days=2)
    for deed, by in ((give_back, ben), (ask_back, ada)):
        with pytest.raises(WrongState) as refusal:
            deed(**on(milestone), by=by, amount=1_000)
        assert refusal.value.code == "too_late"


def test_a_payout_that_nobody_has_begun_is_called_back(ada, ben):
    milestone = released(ada, ben)
    party_id = payable(milestone)
    payout = schedule_payout(party_id=party_id, currency="USD", by=ben)

    give_back(**on(milestone), by=ben, amount=1_000)

    assert Payout.objects.get(pk=payout.pk).status == "cancelled"
    assert Refund.objects.get().amount == 1_030


def test_what_is_on_its_way_to_the_bank_cannot_go_back_and_nothing_moves(ada, ben):
    milestone = released(ada, ben)
    party_id = payable(milestone)
    payout = schedule_payout(party_id=party_id, currency="USD", by=ben)
    payout.attempts.create(number=1, destination="acct_1")
    force(Payout, status="sending")
    asked = ask_back(**on(milestone), by=ada, amount=1_000)

    with pytest.raises(WrongState) as refusal:
        accept_giveback(giveback_id=asked.pk, by=ben)

    assert refusal.value.code == "paid_out_already"
    assert "$9.70" in str(refusal.value)
    assert not Refund.objects.exists()
    assert GiveBack.objects.get().status == "asked"
    assert owed_by(milestone.contract.freelancer, "USD") == 0

    later = released(ada, ben, 5_000)
    accept_giveback(giveback_id=asked.pk, by=ben)
    assert Refund.objects.get().payment.paid_for == milestone.escrow.public_id
    assert earned(later) == 4_850 - 970


@pytest.mark.parametrize("what", ["open", "lost"])
def test_what_the_clients_bank_takes_back_is_not_given_back_beside_it(ada, ben, what):
    milestone = released(ada, ben)
    asked = ask_back(**on(milestone), by=ada, amount=1_000)
    bank = Bank(payment_of(milestone.escrow), 5_000)
    bank.takes()
    if what == "lost":
        bank.keeps()
    with pytest.raises(WrongState) as refusal:
        accept_giveback(giveback_id=asked.pk, by=ben)
    assert refusal.value.code == "charge_disputed"


def test_after_a_chargeback_was_won_it_can_be_given_back(ada, ben):
    milestone = released(ada, ben)
    bank = Bank(payment_of(milestone.escrow), 5_000)
    bank.takes()
    bank.gives_back()
    give_back(**on(milestone), by=ben, amount=PRICE)
    assert earned(milestone) == 0


def test_a_bank_that_comes_later_takes_what_is_left(ada, ben):
    milestone = released(ada, ben)
    give_back(**on(milestone), by=ben, amount=40_000)
    bank = Bank(payment_of(milestone.escrow))
    bank.takes()
    escrow = Escrow.objects.select_related("policy").get(pk=milestone.escrow_id)
    assert escrow.clawed_back == cost(60_001, escrow.policy)
    assert escrow.owed_back == net(60_001, escrow.policy)
    bank.gives_back()
    assert earned(milestone) == net(60_001, escrow.policy)


def test_a_payment_is_refunded_in_parts_and_then_whole(ada, ben):
    milestone = funded_milestone(ada, ben)
    release_milestone(milestone_id=milestone.pk, by=ada)
    give_back(**on(milestone), by=ben, amount=99_999)
    assert Payment.objects.get().status == "partly_refunded"
    give_back(**on(milestone), by=ben, amount=1)
    assert Payment.objects.get().status == "refunded"
    assert Earning.objects.exclude(recovery=None).count() == Earning.objects.count()


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cuts=st.lists(st.integers(1, 40_000), min_size=1, max_size=6))
def test_several_sum_to_what_one_would_have_given(ada, ben, cuts):
    milestone = released(ada, ben)
    policy, before = milestone.escrow.policy, earned(milestone)
    fees = balance_of(chart.platform_fees("USD"))
    given_so_far = 0
    for cut in cuts:
        if given_so_far + cut <= PRICE:
            give_back(**on(milestone), by=ben, amount=cut)
            given_so_far += cut
    kept = PRICE - given_so_far
    payee = net(PRICE, policy) - net(kept, policy)
    payer = cost(PRICE, policy) - cost(kept, policy)
    assert before - earned(milestone) == payee
    paid = Refund.objects.filter(payment__paid_for=milestone.escrow.public_id)
    assert sum(refund.amount for refund in paid) == payer
    assert fees - balance_of(chart.platform_fees("USD")) == payer - payee


# --- Eight at once -------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_answers_give_back_once(ada, ben, bells):
    asked = ask_back(**on(released(ada, ben)), by=ada, amount=10_000)

    outcomes = at_once(lambda _: accept_giveback(giveback_id=asked.pk, by=ben))

    assert outcomes == {"done": 1, "WrongState": 7}
    assert Refund.objects.get().amount == 10_300


@pytest.mark.django_db(transaction=True)
def test_eight_gifts_never_give_more_than_was_released(ada, ben, bells):
    milestone = released(ada, ben, 10_000)

    outcomes = at_once(lambda _: give_back(**on(milestone), by=ben, amount=3_000))

    assert outcomes == {"done": 3, "InvalidInput": 5}
    assert Escrow.objects.get(pk=milestone.escrow_id).kept == 1_000


@pytest.mark.django_db(transaction=True)
def test_eight_questions_are_one(ada, ben, bells):
    milestone = released(ada, ben)

    outcomes = at_once(lambda _: ask_back(**on(milestone), by=ada, amount=3_000))

    assert outcomes == {"done": 1, "WrongState": 7}


@pytest.mark.django_db(transaction=True)
def test_without_the_contracts_lock_the_constraint_keeps_one(ada, ben, bells, monkeypatch):
    milestone = released(ada, ben)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet_after(monkeypatch, services, "_make_room")

    outcomes = at_once(lambda _: ask_back(**on(milestone), by=ada, amount=3_000))

    assert outcomes == {"done": 1, "IntegrityError": 7}


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_only_the_key_of_the_books_keeps_an_answer_to_one(
    ada, ben, bells, monkeypatch
):
    milestone = released(ada, ben)
    asked = ask_back(**on(milestone), by=ada, amount=3_000)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self.all())
    meet_after(monkeypatch, services, "_lock")

    outcomes = at_once(lambda _: accept_giveback(giveback_id=asked.pk, by=ben))

    assert outcomes == {"done": 1, "KeyReused": 7}, "seven people would see a failure"
    assert Refund.objects.get().amount == 3_090
